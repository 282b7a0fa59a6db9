# amaranth: UnusedElaboratable=no
"""The layer normalisation of integer-only transformers: exact mean, root and division."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.specs import IntegerLayerNormSpec

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..nonlinear.digit_serial import Divide, Isqrt
from ..shapes import shape_of
from .lanes import RowLane
from .moments import RowMoments, raised
from .passes import Pass, RowPasses
from .statistic import Map

__all__ = ["DistanceLane", "FactorLane", "IntegerLayerNorm"]


class IntegerLayerNorm(RowPasses):
    """``((x - mean) * ((2**31 - 1) // root(sum((x - mean)**2))) >> 1) + bias`` of each row.

    Takes and gives a word every cycle, without a bubble between rows of at least ``row_gap``
    words, which is what the slower of two dividers takes. Nothing overflows. The bias travels in
    a stream beside, as parameters of rescale units do; a rescale of each channel comes next.

    Parameters
    ----------
    spec : IntegerLayerNormSpec
    lanes : int
    longest : int, optional
        Elements of the longest row; by default as many as the spec's widths serve.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    parameters : ``In(stream.Signature(ArrayLayout({"bias": spec.bias}, lanes)))``
        A word for each word that comes out.
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``

    Source: Z. Li and Q. Gu, "I-ViT: integer-only quantization for efficient vision transformer
    inference", ICCV 2023.
    """

    SPEC = IntegerLayerNormSpec

    def __init__(self, spec: IntegerLayerNormSpec, lanes: int, longest: int | None = None,
                 multiplier: str = "inferred") -> None:
        self.require(spec)
        super().__init__(
            spec, lanes, longest, Pass(_mean(spec, lanes), (DistanceLane, spec)),
            Pass(_factor(spec, lanes, multiplier), (FactorLane, spec, multiplier)))


def _mean(spec: IntegerLayerNormSpec, lanes: int) -> tuple[Any, ...]:
    """The rounded mean of elements that count from the least code."""
    sums = RowMoments(shape_of(spec.source), lanes, {"count": spec.count, "raised": spec.raised})
    divide = Divide(spec.mean)
    # Half is added to the quotient. Where nothing is left then, it was a tie, which goes to even.
    twice = Map(sums.o.payload.shape(), divide.i.payload.shape(), lambda word: {
        "numerator": (word.raised << 1) + word.count, "denominator": word.count << 1})
    mean = Map(divide.o.payload.shape(), _mean_shape(spec), lambda word: Cat(
        word.quotient[0] & word.remainder.any(), word.quotient[1:]))
    return sums, twice, divide, mean


def _mean_shape(spec: IntegerLayerNormSpec) -> Any:
    return StructLayout({"mean": spec.source.width})


def _factor(spec: IntegerLayerNormSpec, lanes: int, multiplier: str) -> tuple[Any, ...]:
    """The greatest factor over the root of the sum of squares, or over 1."""
    squares = RowMoments(shape_of(spec.centred), lanes, {"squares": spec.squares},
                         multiplier=multiplier)
    root, divide = Isqrt(spec.root), Divide(spec.factor)
    radicand = Map(squares.o.payload.shape(), root.i.payload.shape(), lambda word: word.squares)
    # By a root of 0 the quotient is all ones, as by 1.
    over = Map(root.o.payload.shape(), divide.i.payload.shape(), lambda word: {
        "numerator": Const(-1, spec.FACTOR), "denominator": word[0]})
    factor = Map(divide.o.payload.shape(), StructLayout({"factor": spec.FACTOR}),
                 lambda word: word.quotient)
    return squares, radicand, root, over, divide, factor


class DistanceLane(RowLane):
    """``x - mean`` of each element.

    Parameters
    ----------
    spec : IntegerLayerNormSpec
    """

    latency = 1

    def __init__(self, spec: IntegerLayerNormSpec) -> None:
        super().__init__(shape_of(spec.source), _mean_shape(spec), shape_of(spec.centred))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        with m.If(self.enable):
            m.d.sync += self.o.eq(raised(self.i.x) - self.i.found.mean)
        return m


class FactorLane(RowLane):
    """``(x * factor >> 1) + bias`` of each element; registers stand behind product and sum.

    Parameters
    ----------
    spec : IntegerLayerNormSpec
    multiplier : str
    """

    def __init__(self, spec: IntegerLayerNormSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        factor = Const(0, spec.FACTOR)
        self._depth = multiply_add_depth(factor.shape(), multiplier, addend=False)
        self.latency = self._depth + 1
        super().__init__(shape_of(spec.centred), StructLayout({"factor": spec.FACTOR}),
                         shape_of(spec.target), StructLayout({"bias": shape_of(spec.bias)}))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        # No distance exceeds the root.
        product: Value = multiply_add(
            m, self.i.x, self.i.found.factor, None, self._spec.FACTOR + 1, kind=self._kind,
            enable=self.enable, name="product")
        bias = registered(m, self.parameters.bias, enable=self.enable, name="bias",
                          stages=self._depth)
        with m.If(self.enable):
            m.d.sync += self.o.eq(product[1:].as_signed() + bias)
        return m
