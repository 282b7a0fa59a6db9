"""From a word, of lanes of any precision, to their signs, significands and exponents."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable, ValueLike
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import PositFormat
from sw_model.specs.precision import WORD, Precision

from ..arith.leading import leading_zeros
from ..arith.registered import registered
from ..arith.shift import shift_left

__all__ = ["PLACES", "POSITS", "PrecisionUnpack", "among", "users_of"]

#: The widest lane that ends at each quarter of a word, from the low bits up. It has a decoder
#: for this width, which takes narrower lanes in its upper bits.
PLACES = (4, 8, 4, 16)

#: The posits, by width.
POSITS = {p.format.width: p for p in Precision if isinstance(p.format, PositFormat)}

QUARTER = 4


def among(mode: ValueLike, precisions: Collection[Precision]) -> Value:
    """Whether ``mode`` is one of ``precisions``."""
    return Cat(Value.cast(mode) == p.value for p in Precision if p in precisions).any()


def users_of(quarter: int, place: int) -> frozenset[Precision]:
    """The precisions with a lane that ends at quarter ``place`` and has ``quarter`` in it."""
    return frozenset(p for p in Precision
                     if (place + 1) * QUARTER % p.format.width == 0
                     and (place - quarter) * QUARTER < p.format.width)


class PrecisionUnpack(wiring.Component):
    """One operand: ``(-1)**negative * significand * 2**exponent`` for each lane of a word.

    Lanes in two's complement are negated first, by one adder whose carries stop where lanes
    do. A posit with zeros behind it is the same number in a wider one, so a narrow lane goes
    through the upper end of the widest decoder that ends where it does. Decoders that have no
    lane to decode are given zeros.

    A lane's parts are at the quarter of the word where it ends; other quarters are zero.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    mode : ``In(Precision)``
    i : ``In(16)``
    significand : ``Out(16)``
        A cycle later, as all that follows. Integers are as they are; others have their point
        below the lane's top bit. Zero for posits of 4 bits, which are powers of two.
    exponent : ``Out(ArrayLayout(6, 4))``
        Of posits counted from the least power of the decoder's width, with the exponent bits
        of the lane; of E2M1 the exponent field, at least 1; zero for integers. Means nothing
        for zero and NaR.
    negative : ``Out(4)``
    power : ``Out(4)``
        A posit of 4 bits that is a number other than zero.
    nan : ``Out(4)``
        NaR; the significand is zero then.
    """

    latency = 1

    def __init__(self) -> None:
        super().__init__({
            "enable": In(1), "mode": In(Precision), "i": In(WORD), "significand": Out(WORD),
            "exponent": Out(ArrayLayout(6, len(PLACES))),
            **{name: Out(len(PLACES)) for name in ("negative", "power", "nan")}})
        #: What each quarter's decoder of posits is given.
        self.fields = tuple(Signal(width, name=f"posit_{place}")
                            for place, width in enumerate(PLACES))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        magnitude, negative = (
            registered(m, value, enable=self.enable, name=name)
            for value, name in zip(self._magnitude(m), ("magnitude", "sign"), strict=True))
        mode = registered(m, Value.cast(self.mode), enable=self.enable, name="mode_late")
        quarters = [magnitude[low:low + QUARTER] for low in range(0, WORD, QUARTER)]
        floats = among(mode, {Precision.E2M1})
        integers = among(mode, {Precision.INT4, Precision.INT8})

        significands = [Mux(integers, magnitude, 0)]
        for place, width in enumerate(PLACES):
            significand, exponent = self._posit(m, mode, quarters, place, width)
            significands.append(significand << QUARTER * (place + 1) - width)
            mantissa, field = quarters[place][0], quarters[place][1:3]
            significands.append(Mux(floats, Cat(mantissa, field.any()), 0) << QUARTER * place + 2)
            m.d.comb += self.exponent[place].eq(exponent | Mux(floats, field | ~field.any(), 0))
        m.d.comb += [self.significand.eq(reduce(or_, significands)), self.negative.eq(negative)]
        return m

    def _magnitude(self, m: Module) -> tuple[Value, Value]:
        """Lanes without sign, E2M1 as it is; the lanes' signs where they end."""
        words, signs, carry = [], [], Const(0, 1)
        for quarter in range(len(PLACES)):
            # The top bit of the lane that has this quarter in it.
            sign = Cat(self.i[quarter * QUARTER // width * width + width - 1]
                       & among(self.mode, {p for p in Precision if p.format.width == width})
                       for width in sorted(set(PLACES))).any()
            minus = Signal(name=f"minus_{quarter}")
            m.d.comb += minus.eq(sign & ~among(self.mode, {Precision.E2M1}))
            # A lane begins where another one ends.
            begins = among(self.mode, users_of(quarter - 1, quarter - 1)) if quarter else Const(1)
            word = Signal(QUARTER + 1, name=f"magnitude_{quarter}")
            bits = self.i.word_select(quarter, QUARTER)
            m.d.comb += word.eq((bits ^ minus.replicate(QUARTER)) + Mux(begins, minus, carry))
            words.append(word[:QUARTER])
            signs.append(sign & among(self.mode, users_of(quarter, quarter)))
            carry = word[QUARTER]
        return Cat(*words), Cat(*signs)

    def _posit(self, m: Module, mode: Value, quarters: list[Value], place: int, width: int
               ) -> tuple[Value, Value]:
        """Significand, with as many bits as the decoder, and exponent of one quarter's posit."""
        field, first = self.fields[place], place + 1 - width // QUARTER
        m.d.comb += field.eq(Cat(
            Mux(among(mode, users_of(quarter, place) & set(POSITS.values())),
                quarters[quarter], 0) for quarter in range(first, place + 1)))
        rest, top, least = field[:-1], field[-2], width - 2
        run = leading_zeros(m, Mux(top, ~rest, rest), name=f"run_{place}")
        below = Signal(width - 1, name=f"below_{place}")
        m.d.comb += below.eq(shift_left(m, rest, run, width - 1, name=f"tail_{place}") << 1)
        regime = Signal(range(2 * least + 1), name=f"regime_{place}")
        m.d.comb += regime.eq(Mux(top, least - 1 + run, least - run))
        # Posits of 4 and 16 bits have an exponent bit, those of 8 none.
        narrow = among(mode, {p for p in POSITS.values() if not p.format.exponent})
        fraction = Mux(narrow, below, below << 1)[:width - 1]
        used = max(width - 3 - POSITS[width].format.exponent, 0)
        number, alone = rest.any(), among(mode, {Precision.POSIT4})
        m.d.comb += [self.power[place].eq(number & alone), self.nan[place].eq(field[-1])]
        significand = Cat(Const(0, width - 1 - used), fraction[width - 1 - used:], Const(1, 1))
        exponent = Mux(narrow, regime, Cat(below[-1], regime))
        posit = among(mode, users_of(place, place) & set(POSITS.values()))
        return Mux(number & ~alone, significand, 0), Mux(posit, exponent, 0)
