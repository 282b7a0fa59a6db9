# amaranth: UnusedElaboratable=no
"""LayerNorm in one pass: exact sums, one reciprocal square root for each row."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import LayerNormSpec

from ..arith.adder_tree import tree_depth
from ..arith.multiply import Term, aligned_sum, multiply_add, multiply_add_depth, scale_terms
from ..arith.registered import registered
from ..nonlinear.reciprocal import RsqrtLane
from ..shapes import shape_of
from ..streams.pipeline import stalling_pipeline
from .moments import RowMoments
from .passes import Pass, RowPasses
from .scale import LayerNormLane, factor_layout, sums_layout

__all__ = ["LayerNorm", "VarianceFactor"]


class LayerNorm(RowPasses):
    """``gain * (x - mean(x)) / sqrt(variance(x) + epsilon) + bias`` of each row.

    Takes and gives a word every cycle, without a bubble between rows of any length. Nothing
    overflows. Parameters travel in a stream beside, as those of rescale units do.

    Parameters
    ----------
    spec : LayerNormSpec
    lanes : int
    longest : int, optional
        Elements of the longest row; by default as many as the spec's widths serve.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    parameters : ``In(stream.Signature(ArrayLayout({"gain": ..., "bias": ...}, lanes)))``
        A word for each word that comes out: gain of each channel, and bias if the spec has one.
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``
    """

    SPEC = LayerNormSpec

    def __init__(self, spec: LayerNormSpec, lanes: int, longest: int | None = None,
                 multiplier: str = "inferred") -> None:
        self.require(spec)
        moments = RowMoments(shape_of(spec.source), lanes, {
            "count": spec.count, "total": spec.total, "squares": spec.squares},
            multiplier=multiplier)
        super().__init__(spec, lanes, longest, Pass(
            (moments, VarianceFactor(spec, multiplier)), (LayerNormLane, spec, multiplier)))


class VarianceFactor(wiring.Component):
    """One over the root of variance and epsilon, from the sums of a row.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : LayerNormSpec
    multiplier : str

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"count": ..., "total": ..., "squares": ...})))``
    o : ``Out(stream.Signature(StructLayout({"count": ..., "total": ..., "mantissa": ...,
        "exponent": ...})))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: LayerNormSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        self._root = RsqrtLane(spec.factor, multiplier)
        self._depth = max(multiply_add_depth(shape_of(form), multiplier, addend=False)
                          for form in (spec.count, spec.total))
        sums = sums_layout(spec).members
        super().__init__({
            "i": In(stream.Signature(StructLayout({**sums, "squares": shape_of(spec.squares)}))),
            "o": Out(stream.Signature(StructLayout(
                {**sums, **factor_layout(spec).members})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        terms = 2 + len(scale_terms(Value.cast(0), self._spec.epsilon))
        return self._depth + tree_depth(terms) + self._root.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        count, total, squares = (self.i.payload[name] for name in ("count", "total", "squares"))
        m.submodules.root = root = self._root
        terms = [Term(self._product(m, squares, count, enable, "squares"), spec.guard),
                 Term(self._product(m, total, total, enable, "total"), spec.guard, minus=True)]
        if spec.epsilon:
            square = self._product(m, count, count, enable, "count")
            terms += scale_terms(square, spec.epsilon)
        deviation = aligned_sum(m, terms, spec.deviation.width + 1, enable=enable,
                                name="deviation")
        o = self.o.payload
        m.d.comb += [root.enable.eq(enable), root.i.eq(deviation),
                     o.mantissa.eq(root.o.mantissa), o.exponent.eq(root.o.exponent)]
        for name in ("count", "total"):
            m.d.comb += o[name].eq(registered(m, self.i.payload[name], enable=enable,
                                              name=f"{name}_beside", stages=self.latency))
        return m

    def _product(self, m: Module, a: Value, b: Value, enable: Value, name: str) -> Value:
        product = multiply_add(m, a, b, None, len(a) + len(b) + 1, kind=self._kind,
                               enable=enable, name=name)
        depth = multiply_add_depth(b.shape(), self._kind, addend=False)
        return registered(m, product, enable=enable, name=f"{name}_beside_others",
                          stages=self._depth - depth)
