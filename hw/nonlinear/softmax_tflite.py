# amaranth: UnusedElaboratable=no
"""TensorFlow Lite's softmax of int8 codes, bit for bit."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value, signed, unsigned
from amaranth.hdl import Elaboratable

from sw_model.specs import TfliteSoftmaxSpec
from sw_model.tables import tflite_exponentials

from ..arith.clamp import exceeds
from ..arith.multiply import Term, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..memory.lookup import LookupRom
from ..norm.lanes import RowLane, RowLanes
from ..norm.statistic import Statistic
from ..rescale.lane_unit import Lane
from ..rows.annotate import Annotate
from ..rows.each import RowEach
from ..rows.reduce import RowMaximum, RowSum
from ..shapes import shape_of
from .softmax import SoftmaxUnit, words_of
from .tflite_reciprocal import RECIPROCAL, TfliteReciprocal

__all__ = ["BelowLane", "TermLane", "TfliteLane", "TfliteSoftmax"]

#: Bits of an exponential in Q0.31, of which 1 is the largest number.
EXPONENTIAL = 31


class TfliteSoftmax(SoftmaxUnit):
    """The row's maximum; exponentials from a table, summed; a product for each element.

    Elements wait as their distances to the maximum, and are looked up again when the sum's
    reciprocal is known. Two passes, so that a row of ``w`` words takes ``w - 1`` cycles more
    than ``latency``.

    Parameters
    ----------
    spec : TfliteSoftmaxSpec
    lanes, longest : int
        At most ``spec.LONGEST`` elements.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(signed(8), lanes)))``
    o : ``Out(stream.Signature(row_layout(shape_of(spec.target), lanes)))``
    """

    SPEC = TfliteSoftmaxSpec

    def __init__(self, spec: TfliteSoftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec, multiplier)
        if longest > spec.LONGEST:
            raise ValueError(f"longest must be at most {spec.LONGEST}, not {longest}")
        words = words_of(lanes, longest)
        terms = RowSum(EXPONENTIAL + 1 - spec.SUM_BITS, lanes, longest)
        super().__init__(spec, lanes, longest, (
            Annotate(RowMaximum(signed(8), lanes), words),
            RowLanes(lanes, BelowLane),
            Annotate(Statistic(RowEach(lanes, TermLane, spec), terms, TfliteReciprocal(
                len(terms.o.payload), multiplier)), words),
            RowLanes(lanes, TfliteLane, spec, multiplier)))


class BelowLane(RowLane):
    """How far an int8 code is below its row's largest."""

    latency = 1

    def __init__(self) -> None:
        super().__init__(signed(8), signed(8), unsigned(8))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += self.o.eq(registered(m, (self.i.found - self.i.x)[:8], enable=self.enable,
                                         name="below"))
        return m


def _exponential(m: Module, below: Value, spec: TfliteSoftmaxSpec, enable: Value) -> Value:
    """From the table, an enabled cycle later."""
    m.submodules.table = rom = LookupRom(EXPONENTIAL, tflite_exponentials(spec))
    m.d.comb += [rom.enable.eq(enable), rom.address_0.eq(below)]
    return rom.word(0)


class TermLane(Lane):
    """What an element adds to the sum: its exponential, rounded to Q12.19.

    Parameters
    ----------
    spec : TfliteSoftmaxSpec
    """

    latency = 2

    def __init__(self, spec: TfliteSoftmaxSpec) -> None:
        self._spec = spec
        super().__init__(unsigned(8), unsigned(EXPONENTIAL + 1 - spec.SUM_BITS), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, drop = Module(), self._spec.SUM_BITS
        each = _exponential(m, self.i, self._spec, self.enable)
        m.d.comb += self.o.eq(registered(m, each[drop:] + each[drop - 1], enable=self.enable,
                                         name="term"))
        return m


class TfliteLane(RowLane):
    """An exponential times the reciprocal of the row's sum, rounded twice as TFLite does.

    Registers stand behind the table, the product, the first rounding, the shift, the second
    rounding and the clamp.

    Parameters
    ----------
    spec : TfliteSoftmaxSpec
    multiplier : str
    """

    def __init__(self, spec: TfliteSoftmaxSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        self._depth = multiply_add_depth(unsigned(EXPONENTIAL), multiplier, addend=True)
        self.latency = 1 + self._depth + 2
        super().__init__(unsigned(8), RECIPROCAL, shape_of(spec.target))

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec

        def held(value: Value, name: str, stages: int) -> Value:
            return registered(m, value, enable=self.enable, name=name, stages=stages)

        each = _exponential(m, self.i.x, spec, self.enable)
        product = multiply_add(
            m, each, held(self.i.found.factor, "factor", 1), Term(Const(1, signed(2)), 30),
            2 * EXPONENTIAL + 2, kind=self._kind, enable=self.enable, name="product")
        # One place less than the rounding takes, of which the last bit rounds. The sum has 20
        # bits or more, and so at most 12 zeros above.
        least = 31 - spec.target.width - 1
        places = held(spec.SUM_BITS - self.i.found.zeros, "places", 1 + self._depth)
        moved, _ = shift_right(m, product[31 + least:2 * EXPONENTIAL], places[:4], 15,
                               name="moved")
        rounded = (held(moved, "moved", 1) + 1)[1:]
        top = (1 << spec.target.width) - 1
        code = Mux(exceeds(rounded, top), top, rounded[:spec.target.width])
        # The zero point is the least code: the sign bit is the other way.
        m.d.comb += self.o.eq(held(code ^ 1 << spec.target.width - 1, "code", 1))
        return m
