# amaranth: UnusedElaboratable=no
"""A chain of multipliers that is cut into sums of any lengths at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth import Array, Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..pe.base import DotSpec
from ..pe.operands import check_plain
from ..pe.packed_products import fields_of, joined, whole
from ..pe.packing import Field, Packing, widest_lane
from ..shapes import fixed_value, shape_between, shape_of, vector_of
from .gemm import check_sizes

__all__ = ["DSP48E2", "ChainSpec", "DspChain", "weight_layout"]

#: Bits of the factors of the multiplier that FlightLLM has, signs included.
DSP48E2 = (27, 18)


@dataclass(frozen=True)
class ChainSpec:
    """Parameters of a chain.

    Parameters
    ----------
    activations, weights : Format
        Integers, fixed point, bipolar or ternary.
    of : int
        M: activations of each vector from which a multiplier picks one, at least 2.
    length, group : int
        Multipliers, and those from one reduction node to the next.
    vectors : int
        Whose activations are multiplied by the same weight, side by side in one multiplier.
    ports : tuple of int and int
        Bits of the multipliers' factors; :data:`hw.pe.packing.PORTS` by family.

    Raises
    ------
    ValueError
        If so many activations do not fit the multiplier, or the sum of a group not its lane.
    """

    activations: Format
    weights: Format
    of: int
    length: int
    group: int = 2
    vectors: int = 2
    ports: tuple[int, int] = DSP48E2

    def __post_init__(self) -> None:
        check_sizes(self, "of", "length", "group", "vectors")
        if self.of < 2:
            raise ValueError(f"of must be at least 2, not {self.of}")
        if self.length % self.group:
            raise ValueError(f"length must be a multiple of group ({self.group}), "
                             f"not {self.length}")
        check_plain("a chain", activations=self.activations, weights=self.weights)
        if not self._fit(self.vectors) or self.limit < 1:
            raise ValueError(
                f"products of {self.vectors} activations {self.activations} and a weight "
                f"{self.weights} do not fit a multiplier of {self.ports[0]} x {self.ports[1]} bits "
                f"side by side; {'fewer vectors do, or ' if self._fit(1) else ''}narrower "
                "formats do")
        if self.limit < self.group:
            raise ValueError(
                f"group must be at most {self.limit}, not {self.group}: no more products of "
                f"{self.vectors} activations {self.activations} and a weight {self.weights} may be "
                f"added in a multiplier of {self.ports[0]} x {self.ports[1]} bits")

    def _fit(self, vectors: int) -> bool:
        """Whether a multiplier takes the activations of so many vectors, its sums aside."""
        return widest_lane(self.weights, self.activations, vectors, ports=self.ports) > 0

    @property
    def product(self) -> tuple[int, int]:
        """Least and greatest product."""
        return DotSpec(self.activations, self.weights, 1).product_range

    @property
    def span(self) -> int:
        """From the least product to the greatest."""
        low, high = self.product
        return high - low

    @property
    def lane(self) -> int:
        """Bits from one vector's sum to the next one's; no more than the whole chain's need."""
        needed = (self.length * self.span).bit_length()
        if self.vectors == 1:  # Nothing lies above its sum, which may outgrow the ports.
            return needed
        return min(needed, widest_lane(self.weights, self.activations, self.vectors,
                                       ports=self.ports))

    @property
    def limit(self) -> int:
        """Most products whose sum is sure to fit a lane."""
        return ((1 << self.lane) - 1) // self.span

    @property
    def nodes(self) -> int:
        """Reduction nodes, one behind each group."""
        return self.length // self.group

    @property
    def section(self) -> int:
        """Groups behind which sums are split, since a lane holds no more."""
        return self.limit // self.group

    @property
    def carried(self) -> int:
        """Bits of a split sum that stay in the lane, beside the products of another section."""
        return ((1 << self.lane) - self.section * self.group * self.span).bit_length() - 1

    def splits(self, node: int) -> bool:
        """Whether sums are split behind a node."""
        return (node + 1) % self.section == 0 and node + 1 < self.nodes


def weight_layout(spec: ChainSpec) -> StructLayout:
    """A multiplier's weight: its ``value``, and the ``place`` of its activations, less than M."""
    return StructLayout({"value": shape_of(spec.weights),
                         "place": unsigned((spec.of - 1).bit_length())})


class DspChain(wiring.Component):
    """Sums of neighbouring products, as many and as long as ``ends`` says, in every cycle.

    Each multiplier picks an activation of every vector by its weight's place (sparse
    multiplexer) and multiplies them at once, side by side. Products of a group are summed by a
    tree, groups in a chain of a register each, whose sum is at ``o`` behind each group: that
    since the last node with ``ends``, which is told with the operands. Whatever is behind such
    a node starts from zero. So a row of a matrix takes as many groups as its weights need, and
    the chain serves as many rows as fit.

    A lane holds ``limit`` products (8 of int8 in lanes of 18 bits). Behind as many the sum is
    split: its low bits go on in the chain, where they leave room for the next products, the
    others go beside it until the next sum is told, to which they are added (overflow
    adjustment). Registers stand behind the multiplexers, the multipliers, each level of the
    trees, each node and each split, and in front of groups and behind nodes, so that all results
    are there ``latency`` enabled cycles after their operands.

    Source: Zeng et al., FlightLLM, section 4 (arXiv 2401.03868), whose groups are two cascaded
    DSP blocks; Fu et al., Deep Learning with INT8 Optimization on Xilinx Devices (WP486), for the
    lanes. That sums are exact up to ``limit`` whatever their signs is this project's.

    Parameters
    ----------
    spec : ChainSpec

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    ends : ``In(nodes)``
    a : ``In(vector_of(activations, vectors * of))``
        Vector after vector.
    w : ``In(ArrayLayout(weight_layout(spec), length))``
    o : ``Out(ArrayLayout(ArrayLayout(shape, vectors), nodes))``
        On the product grid; the shape holds ``length`` products.
    """

    interval = 1

    def __init__(self, spec: ChainSpec) -> None:
        self._spec = spec
        # Stages in which the nodes' sums are.
        self._when = [2 + tree_depth(spec.group)]
        for node in range(spec.nodes - 1):
            self._when.append(self._when[-1] + 1 + spec.splits(node))
        self.latency = self._when[-1] + 1
        super().__init__({
            "enable": In(1), "ends": In(spec.nodes),
            "a": In(vector_of(spec.activations, spec.vectors * spec.of)),
            "w": In(ArrayLayout(weight_layout(spec), spec.length)),
            "o": Out(ArrayLayout(ArrayLayout(_times(spec, spec.length), spec.vectors),
                                 spec.nodes))})

    @property
    def spec(self) -> ChainSpec:
        return self._spec

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self._spec
        cascade: Value = Const(0)
        beside: list[Value] = []
        for node, when in enumerate(self._when):
            total = self._group(m, node)
            if node:
                ended = self._late(m, self.ends[node - 1], when - 1, f"ended_{node}")
                late = self._late(m, total, when - 1 - self._when[0], f"group_{node}")
                total = Signal(self._shape(node), name=f"total_{node}", reset_less=True)
                with m.If(self.enable):
                    m.d.sync += total.eq(late + Mux(ended, 0, cascade))
                beside = [self._late(m, Mux(ended, 0, high), 1, f"beside_{node}_{k}")
                          for k, high in enumerate(beside)]
            results = self._apart(m, total, beside, node)
            for k, result in enumerate(results):
                m.d.comb += self.o[node][k].eq(self._late(
                    m, result, self.latency - when - 1, f"result_{node}_{k}"))
            cascade = total
            if spec.splits(node):
                cascade, beside = self._split(results)
        return m

    def _late(self, m: Module, value: Value, stages: int, name: str) -> Value:
        """``value`` so many enabled cycles later."""
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def _group(self, m: Module, node: int) -> Value:
        """The sum of a group's products, the vectors' side by side."""
        spec, products = self._spec, []
        packing = Packing(spec.vectors, spec.lane, ())
        for k in range(node * spec.group, (node + 1) * spec.group):
            value, place = self.w[k].value, self.w[k].place
            picked = [fixed_value(spec.activations, self._late(
                m, Array(self.a[vector * spec.of + each] for each in range(spec.of))[place], 1,
                f"picked_{k}_{vector}")) for vector in range(spec.vectors)]
            weight = fixed_value(spec.weights, self._late(m, value, 1, f"weight_{k}"))
            factor = joined(m, spec.activations, picked, packing, f"factor_{k}")
            products.append(self._late(m, factor * weight, 1, f"product_{k}"))
        return adder_tree(m, products, enable=self.enable, name=f"sum_{node}")

    def _packing(self, node: int) -> Packing:
        """Where the vectors' sums lie in the chain, and what they can be."""
        spec = self._spec
        terms = (node % spec.section + 1) * spec.group
        low, high = (terms * end for end in spec.product)
        if node >= spec.section:
            high += (1 << spec.carried) - 1
        width = shape_between(low, high).width + 1
        return Packing(spec.vectors, spec.lane, tuple(
            Field(spec.lane * k, spec.lane if k < spec.vectors - 1 else width, low, high)
            for k in range(spec.vectors)))

    def _shape(self, node: int) -> Shape:
        """Narrowest signed shape of the sums of all vectors side by side."""
        sums = self._packing(node).fields
        low, high = (sum(getattr(field, end) << field.start for field in sums)
                     for end in ("low", "high"))
        return shape_between(min(low, -1), high)

    def _apart(self, m: Module, total: Value, beside: Sequence[Value], node: int) -> list[Value]:
        """Each vector's sum at a node, a cycle later: what is in the chain and what is beside."""
        spec, packing, found = self._spec, self._packing(node), []
        for k, field in enumerate(fields_of(total, packing)):
            value = Signal(shape_between(packing.fields[k].low, packing.fields[k].high),
                           name=f"value_{node}_{k}")
            result = Signal(_times(spec, (node + 1) * spec.group), name=f"whole_{node}_{k}")
            above = beside[k] << spec.carried if beside else 0
            m.d.comb += [value.eq(whole(field).value), result.eq(value + above)]
            found.append(self._late(m, result, 1, f"apart_{node}_{k}"))
        return found

    def _split(self, results: Sequence[Value]) -> tuple[Value, list[Value]]:
        """What goes on in the chain, and what goes beside it."""
        low, lane = self._spec.carried, self._spec.lane
        cascade = Cat(Cat(result[:low], Const(0, lane - low)) for result in results)
        return cascade, [_same(result, result[low:]) for result in results]


def _times(spec: ChainSpec, terms: int) -> Shape:
    """Narrowest shape of so many products' sum, with the numbers less than them."""
    low, high = spec.product
    return shape_between(min(0, low) * terms, max(0, high) * terms)


def _same(like: Value, bits: Value) -> Value:
    """``bits``, with a sign if ``like`` has one."""
    return bits.as_signed() if like.shape().signed else bits
