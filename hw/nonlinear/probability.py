# amaranth: UnusedElaboratable=no
"""The last pass of a softmax: a row's numerators times the reciprocal of their sum."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat
from sw_model.specs import ProbabilitySpec

from ..arith.clamp import exceeds
from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..shapes import shape_of
from ..streams.pipeline import stalling_pipeline
from .reciprocal import ReciprocalLane
from .running_sum import capped

__all__ = ["PROBABILITY_DEPTH", "Scaled", "TotalReciprocal", "probability", "reciprocal_layout"]

#: Enabled cycles from a product to a probability.
PROBABILITY_DEPTH = 2


def probability(m: Module, product: Value, places: Value, target: IntFormat, *, enable: Value,
                rounds: bool = True) -> Value:
    """``product >> places + 1``, saturated, ``PROBABILITY_DEPTH`` enabled cycles later.

    Parameters
    ----------
    product : Value
        Unsigned, with a bit behind the target's point.
    places : Value
        Unsigned.
    rounds : bool
        Whether that bit rounds the result up, or is cut off.
    """
    steps = capped(places, len(product))
    moved, _ = shift_right(m, product, steps, (1 << len(steps)) - 1, name="moved")
    moved = registered(m, moved, enable=enable, name="moved")
    whole = (moved + 1)[1:] if rounds else moved[1:]
    result = Mux(exceeds(whole, target.max), target.max, whole[:target.width])
    return registered(m, result, enable=enable, name="probability")


class Scaled:
    """The product of a numerator and a factor, but for the bits that no target needs.

    Parameters
    ----------
    numerator, factor : int
        Bits of both, unsigned.
    drop : int
        Bits of the product that are dropped.
    multiplier : str
        How it is made, one of :data:`hw.arith.multiply.MULTIPLIERS`.
    """

    def __init__(self, numerator: int, factor: int, drop: int, multiplier: str) -> None:
        self._width, self._drop, self._kind = numerator + factor, drop, multiplier
        #: Enabled cycles that it takes.
        self.depth = multiply_add_depth(Const(0, factor).shape(), multiplier, addend=False)

    def of(self, m: Module, numerator: Value, factor: Value, enable: Value) -> Value:
        """The product, unsigned, ``depth`` enabled cycles later."""
        product = multiply_add(m, numerator, factor, None, self._width + 1, kind=self._kind,
                               enable=enable, name="scaled")
        return product[self._drop:self._width]


def reciprocal_layout(spec: ProbabilitySpec, width: int, most: ShapeLike) -> StructLayout:
    """What is found in a row whose sum has ``width`` bits: its maximum, and the reciprocal."""
    form = spec.reciprocal(width)
    return StructLayout({"most": most, "mantissa": shape_of(form.mantissa),
                         "exponent": shape_of(form.exponent)})


class TotalReciprocal(wiring.Component):
    """The reciprocal of a row's sum, and what came beside it.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : ProbabilitySpec
    width : int
        Bits of the sum.
    most : shape
    multiplier : str

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"most": most, "total": width})))``
    o : ``Out(stream.Signature(reciprocal_layout(spec, width, most)))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: ProbabilitySpec, width: int, most: ShapeLike,
                 multiplier: str = "inferred") -> None:
        self._lane = ReciprocalLane(spec.reciprocal(width), multiplier)
        super().__init__({
            "i": In(stream.Signature(StructLayout({"most": most, "total": width}))),
            "o": Out(stream.Signature(reciprocal_layout(spec, width, most)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._lane.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.lane = lane = self._lane
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        most = registered(m, Value.cast(self.i.payload.most), enable=enable, name="most",
                          stages=self.latency)
        o = self.o.payload
        m.d.comb += [lane.enable.eq(enable), lane.i.eq(self.i.payload.total),
                     o.mantissa.eq(lane.o.mantissa), o.exponent.eq(lane.o.exponent),
                     Value.cast(o.most).eq(most)]
        return m
