# amaranth: UnusedElaboratable=no
"""GELU and SiLU: ReLU less a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Const, Module, Mux, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import covering
from sw_model.specs import DeltaTableSpec
from sw_model.tables import pack_fields

from ..arith.clamp import exceeds
from ..arith.multiply import MULTIPLIERS, Term, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import shape_of

__all__ = ["DeltaTable", "DeltaTableLane"]


class DeltaTable(LaneUnit):
    """``relu(x) - D(|x|)`` of each lane, ``D`` interpolated between ``entries``.

    Takes a word every cycle while the consumer is ready; never drops or reorders. What it
    computes, GELU or SiLU for instance, is a matter of the entries alone.

    Parameters
    ----------
    spec : DeltaTableSpec
    lanes : int
    entries : tuple of int
        Differences with ``spec.fraction`` fraction bits, not negative.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: DeltaTableSpec, lanes: int, entries: tuple[int, ...],
                 multiplier: str = "inferred") -> None:
        super().__init__(lanes, DeltaTableLane, spec, entries, multiplier)
        self._spec = spec

    @property
    def spec(self) -> DeltaTableSpec:
        return self._spec


class DeltaTableLane(Lane):
    """One lane of :class:`DeltaTable`.

    Registers stand behind the magnitude, the table, the interpolation and the difference.

    Parameters
    ----------
    spec : DeltaTableSpec
    entries : tuple of int
    multiplier : str
    """

    def __init__(self, spec: DeltaTableSpec, entries: tuple[int, ...],
                 multiplier: str = "inferred") -> None:
        if not isinstance(spec, DeltaTableSpec):
            raise TypeError(f"spec must be a DeltaTableSpec, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        if len(entries) != spec.entries:
            raise ValueError(f"there must be {spec.entries} entries, not {len(entries)}")
        if min(entries) < 0:
            raise ValueError(f"entries must not be negative, but {min(entries)} is")
        self._spec, self._entries, self._kind = spec, entries, multiplier
        self._between = multiply_add_depth(Const(0, spec.between_bits).shape(), multiplier,
                                           addend=True) if spec.between_bits else 0
        self.latency = 3 + self._between
        super().__init__(shape_of(spec.source), shape_of(spec.target), None)

    def _stage(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        negative = self.i[-1]
        magnitude = self._stage(m, Mux(negative, -self.i, self.i)[:len(self.i)], "magnitude")
        relu = self._stage(m, Mux(negative, 0, self.i)[:len(self.i) - 1], "relu",
                           2 + self._between)
        inside = self._stage(m, ~exceeds(magnitude, spec.end - 1), "inside", 1 + self._between)
        delta = self._delta(m, magnitude)
        result = (relu << spec.more_fraction) - Mux(inside, delta, 0)
        m.d.comb += self.o.eq(self._stage(m, result[:len(self.o)], "result"))
        return m

    def _delta(self, m: Module, magnitude: Value) -> Value:
        """``D`` of a magnitude before the end, with the result's fraction bits."""
        spec, bits = self._spec, self._spec.between_bits
        steps = np.diff(np.array(self._entries, np.int64))
        entry_width = max(self._entries).bit_length() + 1
        step = shape_of(covering(min(int(steps.min()), -1), int(steps.max())))
        words = pack_fields([np.array(self._entries)[:-1, None], steps[:, None]],
                            [entry_width, step.width])
        m.submodules.table = rom = LookupRom(entry_width + step.width, tuple(words))
        m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(magnitude[bits:])]
        entry = rom.word(0)[:entry_width]
        if not bits:
            return entry[spec.dropped:]
        total = multiply_add(
            m, rom.word(0)[entry_width:].as_signed(), self._stage(m, magnitude[:bits], "between"),
            Term(entry.as_signed(), bits), entry_width + bits + 1, kind=self._kind,
            enable=self.enable, name="delta")
        return total[spec.dropped:-1]
