# amaranth: UnusedElaboratable=no
"""Dot products of weights in groups, each with an integer scale: BitMoD's processing element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import CodedFormat, Format, IntFormat, as_index

from ..arith.registered import registered
from ..pe import PE_KINDS, element_of
from ..pe.base import DotSpec
from ..pe.group_scale import GroupScale
from ..shapes import shape_of, vector_of
from ..streams.pipeline import valid_chain
from .edges import take_runs
from .gemm import check_padding, check_sizes, whole

__all__ = ["GroupDot", "GroupDotSpec"]


@dataclass(frozen=True)
class GroupDotSpec:
    """Parameters of a dot product whose weights come in groups with a scale each.

    Parameters
    ----------
    activations, weights : Format
        Of the operands.
    scale : IntFormat
        Of the groups' scales, 1 to 16 bits.
    lanes : int
        Pairs taken at once.
    size, groups : int
        Pairs of a group, and most groups of a dot product.
    selector : int
        Highest bits of the weights' codes that are the same for a whole group, and come with it
        instead: 2 for :func:`sw_model.formats.blocks.bitmod.selected_codes`.
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    family : str, optional
        Of the device, for kinds that depend on it.

    Raises
    ------
    TypeError, ValueError
        If there is no such dot product.
    """

    activations: Format
    weights: Format
    scale: IntFormat
    lanes: int
    size: int
    groups: int
    selector: int = 0
    pe: str = "term"
    family: str | None = None

    def __post_init__(self) -> None:
        check_sizes(self, "lanes", "size", "groups")
        form, most = self.dot.weights, self.weights.width - 1
        if not 0 <= as_index("selector", self.selector) <= most:
            raise ValueError(f"selector must be 0 to {most} of the bits of {form}, not "
                             f"{self.selector}")
        if self.selector and not isinstance(form, CodedFormat):
            raise ValueError(f"selector must be 0 for {form}, whose codes are no table's, not "
                             f"{self.selector}")
        if self.pe not in PE_KINDS:
            raise ValueError(f"pe must be one of {', '.join(PE_KINDS)}, not {self.pe!r}")
        check_padding(self.activations, self.weights, self.size, self.lanes, name="size")

    @property
    def dot(self) -> DotSpec:
        """What the processing element computes."""
        return DotSpec(self.activations, self.weights, self.lanes)

    @property
    def words(self) -> int:
        """Of a group."""
        return whole(self.size, self.lanes)

    @property
    def total_range(self) -> tuple[int, int]:
        """Least and greatest sum of a group's products."""
        least, most = self.dot.product_range
        return least * self.size, most * self.size


class GroupDot(wiring.Component):
    """``sum_g scale_g * sum_i a_i * w_i`` over groups ``g`` of ``size`` pairs, exact.

    Every ``step`` cycles a word of activations and one of weights go to a processing element,
    whose dot products an accumulator sums up. A group's total and scale then go to a
    :class:`hw.pe.group_scale.GroupScale`, which multiplies bit by bit while the next group is
    summed. Where that takes longer than a group's words, these wait (:attr:`interval`). Nothing
    overflows, and the result does not depend on the kind of processing element.

    Scales ride beside, in a stream of their own, a word for each group, which is taken with the
    group's last word. Where groups have selectors, it must be there from the first word on. Pairs
    past the group's in its last word must have a product of zero.

    BitMoD's groups are of 128 weights, four at a time in two cycles: 64 cycles, during which a
    scale of 8 bits takes 9. A channel's FP16 scale is left to what follows.

    Source: BitMoD, bit-serial mixture-of-datatype LLM acceleration, HPCA 2025, the processing
    element, whose activations are FP16, on exact integers; see
    :class:`sw_model.formats.blocks.bitmod.BitModFormat` for its groups.

    Parameters
    ----------
    spec : GroupDotSpec

    Raises
    ------
    TypeError, ValueError
        If the kind of processing element does not take the formats, or the scales are wider than
        16 bits.

    Members
    -------
    a : ``In(stream.Signature(vector_of(spec.activations, spec.lanes)))``
    w : ``In(stream.Signature(ArrayLayout(code, spec.lanes)))``
        Codes of the weights without the selector's bits.
    scales : ``In(stream.Signature(StructLayout({"scale": ..., "selector": ..., "last": 1})))``
        The group's scale, its selector if there are any, and whether the group is the last of
        its dot product, of which there are ``spec.groups`` at most.
    o : ``Out(stream.Signature(shape))``
        On the grid of the products, which holds all results.
    """

    def __init__(self, spec: GroupDotSpec) -> None:
        if not isinstance(spec, GroupDotSpec):
            raise TypeError(f"spec must be a GroupDotSpec, not {spec!r}")
        self._spec = spec
        self._element = element_of(spec.pe, spec.dot, spec.family)
        self._scale = GroupScale(*spec.total_range, spec.scale, spec.groups)
        selector = {"selector": unsigned(spec.selector)} if spec.selector else {}
        code = (unsigned(spec.weights.width - spec.selector) if selector
                else shape_of(spec.weights))
        super().__init__({
            "a": In(stream.Signature(vector_of(spec.activations, spec.lanes))),
            "w": In(stream.Signature(ArrayLayout(code, spec.lanes))),
            "scales": In(stream.Signature(StructLayout(
                {"scale": shape_of(spec.scale), **selector, "last": unsigned(1)}))),
            "o": Out(stream.Signature(self._scale.o.shape()))})

    @property
    def spec(self) -> GroupDotSpec:
        return self._spec

    @property
    def step(self) -> int:
        """Cycles from word to word of a group."""
        return self._element.interval

    @property
    def interval(self) -> int:
        """Cycles from group to group."""
        return max(self._spec.words * self.step, self._scale.interval)

    @property
    def latency(self) -> int:
        """Cycles from taking the last word to offering the result."""
        return self._summed + self._scale.latency

    @property
    def _summed(self) -> int:
        """Enabled cycles from a group's last word to its total."""
        return self._element.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.element, m.submodules.scale = element, scale = self._element, self._scale
        enable = Signal()
        _, ends, taken = take_runs(
            m, (self.a, self.w), self.scales, words=self._spec.words, step=self.step,
            interval=self.interval, early=bool(self._spec.selector), enable=enable)
        m.d.comb += [element.enable.eq(enable), element.start.eq(taken),
                     element.a.eq(self.a.payload)]
        above = self.scales.payload.selector if self._spec.selector else Const(0, 0)
        m.d.comb += [element.w[lane].eq(Cat(code, above))
                     for lane, code in enumerate(self.w.payload)]

        there = valid_chain(m, taken, depth=element.latency, enable=enable)[-1]
        *_, closes, done = valid_chain(m, taken & ends, depth=self._summed, enable=enable)
        total, opens = Signal.like(scale.total, reset_less=True), Signal(init=1)
        with m.If(enable & there):
            m.d.sync += [total.eq(Mux(opens, 0, total) + element.o), opens.eq(closes)]

        factor, last = self._beside(m, enable, taken & ends)
        first = Signal(init=1)
        with m.If(enable & done):
            m.d.sync += first.eq(last)
        # After a sum's last group the next one is a first.
        m.d.comb += [
            scale.enable.eq(enable), scale.start.eq(done), scale.first.eq(first),
            scale.total.eq(total), scale.scale.eq(factor), self.o.payload.eq(scale.o),
            self.o.valid.eq(scale.done & first), enable.eq(self.o.ready | ~self.o.valid)]
        return m

    def _beside(self, m: Module, enable: Value, closes: Value) -> tuple[Value, Value]:
        """The scale of the group whose total is there, and whether it is the last one."""
        word = Cat(self.scales.payload.scale, self.scales.payload.last)
        # One is on its way at a time, unless groups are short.
        alone = self.interval >= self._summed
        late = registered(m, word, enable=enable & closes if alone else enable, name="beside",
                          stages=1 if alone else self._summed)
        return late[:-1], late[-1]
