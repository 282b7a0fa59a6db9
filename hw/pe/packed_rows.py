# amaranth: UnusedElaboratable=no
"""Rows that share activations, and multipliers by twos or more."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import as_index

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.carry_tree import carry_tree
from ..arith.registered import registered
from ..shapes import fixed_value
from ..unique import Unique
from .base import DotSpec
from .operands import check_plain
from .packed_products import fields_of, joined, whole
from .packing import WIDEST, accumulation_limit, most_rows, refusal, row_packing
from .rows import DotRows

__all__ = ["PackedRows", "PackedSet"]


class PackedRows(DotRows):
    """A multiplier for each lane of two rows or more, and an adder tree for each row.

    Rows go by sets that share multipliers (:class:`PackedSet`), as many to a set as fit, and
    fewer to the last one. See :class:`hw.pe.rows.DotRows` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
        Integers, fixed point, bipolar or ternary.
    rows : int
    ports : tuple of int and int
        Bits of the multipliers' factors; :data:`hw.pe.packing.PORTS` by family.
    accumulations : int
        Lanes whose products are added before they are taken apart.

    Raises
    ------
    ValueError
        If two rows do not fit a multiplier, or their sums a lane: the message has the limit.
    """

    def __init__(self, spec: DotSpec, rows: int, *, ports: tuple[int, int] = WIDEST,
                 accumulations: int = 1) -> None:
        super().__init__(spec, rows)
        if reason := refusal(spec, ports):
            raise ValueError(reason)
        check_plain("packed rows", activations=spec.activations, weights=spec.weights)
        limit = accumulation_limit(spec.activations, spec.weights, 2, ports=ports)
        if not 1 <= as_index("accumulations", accumulations) <= limit:
            raise ValueError(
                f"accumulations must be 1 to {limit} where two rows of weights {spec.weights} "
                f"with activations {spec.activations} share a multiplier of {ports[0]} x "
                f"{ports[1]} bits, not {accumulations}")
        most = most_rows(spec.activations, spec.weights, ports=ports,
                         accumulations=accumulations)
        self._sets = [
            Unique(PackedSet, spec, min(most, self.rows - row), ports=ports,
                   accumulations=accumulations) for row in range(0, self.rows, most)]
        #: As :class:`hw.pe.packed.PackedDotProduct` has it.
        self.multipliers = len(self._sets) * spec.lanes
        self.latency = self._sets[0].component.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        row = 0
        for number, rows in enumerate(self._sets):
            m.submodules[f"set_{number}"] = rows
            m.d.comb += [rows.enable.eq(self.enable), rows.start.eq(self.start),
                         rows.a.eq(self.a)]
            for w, o in zip(rows.w, rows.o, strict=True):
                m.d.comb += [w.eq(self.w[row]), self.o[row].eq(o)]
                row += 1
        return m


class PackedSet(DotRows):
    """Rows of which the weights of a lane fit one multiplier side by side.

    They are multiplied by the activation that they share (see :mod:`hw.pe.packing`). So many
    of these products as ``accumulations`` says are added as they are and then taken apart; a
    number that lacks the carry from below gets it in an adder of its row's tree. Registers
    stand behind the multipliers and each level of the trees.

    See :class:`hw.pe.rows.DotRows` for the contract and the members. Source: Fu et al., Deep
    Learning with INT8 Optimization on Xilinx Devices (WP486); Zeng et al., FlightLLM, for the
    accumulations (arXiv 2401.03868).

    Parameters
    ----------
    spec, rows, ports, accumulations
        As of :class:`PackedRows`.

    Raises
    ------
    ValueError
        If the formats are others, or the rows do not fit.
    """

    def __init__(self, spec: DotSpec, rows: int, *, ports: tuple[int, int] = WIDEST,
                 accumulations: int = 1) -> None:
        super().__init__(spec, rows)
        check_plain("packed rows", activations=spec.activations, weights=spec.weights)
        if as_index("accumulations", accumulations) < 1:
            raise ValueError(f"accumulations must be at least 1, not {accumulations}")
        packing = row_packing(spec.activations, spec.weights, self.rows, ports=ports,
                              accumulations=accumulations)
        if packing is None:
            raise ValueError(
                f"{rows} rows of weights {spec.weights} with activations {spec.activations}, "
                f"{accumulations} lanes added, do not fit a multiplier of {ports[0]} x "
                f"{ports[1]} bits, at most "
                + str(most_rows(spec.activations, spec.weights, ports=ports,
                                accumulations=accumulations)))
        self._packing, self._group = packing, min(accumulations, spec.lanes)
        self.latency = 1 + tree_depth(self._group) + tree_depth(-(-spec.lanes // self._group))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        sums = [fields_of(self._total(m, start), self._packing)
                for start in range(0, self.spec.lanes, self._group)]
        for row, (first, *others) in enumerate(zip(*sums, strict=True)):
            # The tree has an adder less than terms.
            m.d.comb += self.o[row].eq(carry_tree(
                m, [whole(first), *others], enable=self.enable, name=f"sum_{row}"))
        return m

    def _total(self, m: Module, start: int) -> Value:
        """The sum of ``accumulations`` packed products from lane ``start``."""
        lanes = range(start, min(start + self._group, self.spec.lanes))
        tree = adder_tree(m, [self._product(m, lane) for lane in lanes], enable=self.enable,
                          name=f"total_{start}")
        return registered(m, tree, enable=self.enable, name=f"late_{start}",
                          stages=tree_depth(self._group) - tree_depth(len(lanes)))

    def _product(self, m: Module, lane: int) -> Value:
        """An activation times the weights of all rows, registered."""
        weights = self.spec.weights
        values = [fixed_value(weights, row[lane]) for row in self.w]
        factor = joined(m, weights, values, self._packing, f"w_{lane}")
        return registered(m, fixed_value(self.spec.activations, self.a[lane]) * factor,
                          enable=self.enable, name=f"product_{lane}")
