# amaranth: UnusedElaboratable=no
"""TFLite's L2 normalisation of int8 codes."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib.data import StructLayout

from sw_model.formats import IntFormat
from sw_model.specs import FrameworkRescaleSpec, L2NormSpec

from ..rescale.framework import FrameworkRescaleLane
from ..shapes import shape_of
from .inverse_root import SHIFT, WIDTH, InverseRoot
from .lanes import RowLane
from .moments import RowMoments
from .passes import Pass, RowPasses

__all__ = ["L2Lane", "L2Norm"]

#: The result's scale is 2**-7.
FRACTION = 7


class L2Norm(RowPasses):
    """``x / sqrt(sum(x**2))`` of each row, ``x`` the codes less the zero point, scale 1/128.

    Takes and gives a word every cycle, without a bubble between rows of at least ``row_gap``
    words, which is what the inverse root takes. Nothing overflows.

    Parameters
    ----------
    spec : L2NormSpec
    lanes : int
    longest : int, optional
        Elements of the longest row; by default as many as the spec's widths serve.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(signed(8), lanes)))``
    o : ``Out(stream.Signature(row_layout(signed(8), lanes)))``
    """

    SPEC = L2NormSpec

    def __init__(self, spec: L2NormSpec, lanes: int, longest: int | None = None,
                 multiplier: str = "inferred") -> None:
        self.require(spec)
        squares = RowMoments(shape_of(spec.source), lanes, {"squares": spec.squares},
                             spec.zero_point, multiplier)
        super().__init__(spec, lanes, longest, Pass(
            (squares, InverseRoot(spec.squares, multiplier)), (L2Lane, spec, multiplier)))


class L2Lane(RowLane):
    """``MultiplyByQuantizedMultiplier`` of each element less the zero point.

    Parameters
    ----------
    spec : L2NormSpec
    multiplier : str
    """

    def __init__(self, spec: L2NormSpec, multiplier: str = "inferred") -> None:
        self._spec = spec
        high = FRACTION - WIDTH
        self._rescale = FrameworkRescaleLane(FrameworkRescaleSpec(
            source=spec.centred, target=spec.source, mode="tflite_double", zero_point=0,
            low=spec.source.min, high=spec.source.max,
            multiplier=IntFormat(WIDTH, signed=False), exponent_low=high - SHIFT,
            exponent_high=high), None, multiplier)
        self.latency = self._rescale.latency
        super().__init__(shape_of(spec.source),
                         StructLayout({"multiplier": WIDTH, "shift": range(SHIFT + 1)}),
                         shape_of(spec.source))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.rescale = rescale = self._rescale
        m.d.comb += [rescale.enable.eq(self.enable),
                     rescale.i.eq(self.i.x - self._spec.zero_point),
                     rescale.parameters.multiplier.eq(self.i.found.multiplier),
                     rescale.parameters.shift.eq(self.i.found.shift), self.o.eq(rescale.o)]
        return m
