# amaranth: UnusedElaboratable=no
"""Dot products of operands whose runs of elements have scales: elements, scales, one sum."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.specs import BlockDotSpec

from ..arith.registered import registered
from ..pe import PE_KINDS
from ..pe.base import DotSpec
from ..pe.rows import rows_of
from ..shapes import vector_of
from .edges import take_runs
from .run_sums import RunSums
from .run_terms import RunTerms

__all__ = ["BlockDot"]


class BlockDot(wiring.Component):
    """Rows of dot products of block formats: exact sums of runs, scaled, and then added.

    Every ``step`` cycles a word of the activations' elements and one of each row's weights go to
    rows of processing elements; the scales ride beside, in a stream of their own, a word for each
    run, which is taken with the run's last word. Sums of a run are exact, and go one after the
    other, with their scales, into one :class:`hw.pe.block_sum.BlockSum` that all rows share.
    Where a run is shorter than that takes, words wait (:attr:`interval`). Results leave row by
    row. Nothing overflows, and the bits are those of :func:`sw_model.ops.block_dot.block_dot`,
    whatever the kind of processing element.

    Parameters
    ----------
    spec : BlockDotSpec
    lanes : int
        Elements of a word, a divisor of ``spec.size``.
    rows : int
        Dot products with the same activations. Five or more keep the float32 adder busy.
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    multiplier : str
        How significands are multiplied, one of :data:`hw.arith.multiply.MULTIPLIERS`.
    family : str, optional
        Of the devices whose DSP blocks the processing elements are made for.

    Members
    -------
    a : ``In(stream.Signature(vector_of(spec.activations.element, lanes)))``
    w : ``In(stream.Signature(ArrayLayout(vector_of(spec.weights.element, lanes), rows)))``
    scales : ``In(stream.Signature(StructLayout({"a": ..., "w": ..., "last": 1})))``
        :func:`hw.codec.run_scale.scale_codes` of the activations and of each row's weights, and
        whether the run is the last of its dot products, of which there are ``spec.runs`` runs at
        most.
    o : ``Out(stream.Signature(spec.target))``
        Codes of the window, or bits of float32: of row 0, row 1, and so on.
    """

    def __init__(self, spec: BlockDotSpec, lanes: int, rows: int = 1, pe: str = "exact",
                 multiplier: str = "inferred", *, family: str | None = None) -> None:
        if not isinstance(spec, BlockDotSpec):
            raise TypeError(f"spec must be a BlockDotSpec, not {spec!r}")
        self._spec, self._lanes, self._rows = spec, as_index("lanes", lanes), as_index("rows", rows)
        if self._lanes < 1 or spec.size % self._lanes:
            raise ValueError(f"lanes must be a divisor of the {spec.size} elements of a run, not "
                             f"{lanes}")
        if self._rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        if pe not in PE_KINDS:
            raise ValueError(f"pe must be one of {', '.join(PE_KINDS)}, not {pe!r}")
        a, w = spec.activations, spec.weights
        self._sums = RunSums(spec, rows_of(PE_KINDS[pe], DotSpec(a.element, w.element, self._lanes),
                                           self._rows, family=family))
        self._terms = RunTerms(spec, self._rows, multiplier)
        super().__init__({
            "a": In(stream.Signature(vector_of(a.element, self._lanes))),
            "w": In(stream.Signature(ArrayLayout(vector_of(w.element, self._lanes), self._rows))),
            "scales": In(stream.Signature(RunTerms.layout(spec, self._rows))),
            "o": Out(stream.Signature(self._terms.o.shape()))})

    @property
    def spec(self) -> BlockDotSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def rows(self) -> int:
        return self._rows

    @property
    def step(self) -> int:
        """Cycles from word to word of a run."""
        return self._sums.interval

    @property
    def interval(self) -> int:
        """Cycles from run to run."""
        return max(self._words * self.step, self._terms.cycles)

    @property
    def latency(self) -> int:
        """Cycles from taking the last word to offering the result of row 0."""
        return self._sums.latency + self._terms.latency

    @property
    def _words(self) -> int:
        """Of a run."""
        return self._spec.size // self._lanes

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.sums, m.submodules.terms = sums, terms = self._sums, self._terms
        enable = Signal()
        m.d.comb += enable.eq(self.o.ready | ~self.o.valid)
        word, ends, taken = take_runs(
            m, (self.a, self.w), self.scales, words=self._words, step=self.step,
            interval=self.interval, early=False, enable=enable)
        fresh = Signal(init=1)
        with m.If(enable & taken & ends):
            m.d.sync += fresh.eq(self.scales.payload.last)
        beside = registered(m, Cat(self.scales.payload, fresh), enable=enable, name="beside",
                            stages=sums.latency)
        m.d.comb += [
            sums.enable.eq(enable), sums.start.eq(taken), sums.first.eq(word == 0),
            sums.last.eq(ends), sums.a.eq(self.a.payload), sums.w.eq(self.w.payload),
            terms.enable.eq(enable), terms.start.eq(sums.done), terms.sums.eq(sums.o),
            terms.nan.eq(sums.nan), Cat(terms.scales, terms.first).eq(beside),
            self.o.valid.eq(terms.done), self.o.payload.eq(terms.o)]
        return m
