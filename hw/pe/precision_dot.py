# amaranth: UnusedElaboratable=no
"""The dot product of two words' lanes, but for the last adder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, PositFormat
from sw_model.specs.precision import WORD, Precision

from ..arith.carry_tree import Carried, carry_sum
from ..arith.registered import registered
from ..arith.shift import shift_left
from .precision_unpack import PLACES, POSITS, PrecisionUnpack, among, users_of
from .split_multiplier import IDLE, SplitMultiplier

__all__ = ["Part", "PrecisionDot"]

#: The last quarter, where the widest lane ends.
TOP = len(PLACES) - 1

#: Binary digits of the distance by which the first stage of the top aligner moves.
NEAR = 3

WIDE = frozenset(p for p in Precision if p.lanes == 1)
HALVES = frozenset(p for p in Precision if p.lanes == 2)

#: Precisions for which each group of the multiplier takes part.
GROUPS = {"diagonal": frozenset(Precision) - {Precision.POSIT4}, "inner": HALVES | WIDE,
          "cross": WIDE}


@dataclass(frozen=True, eq=False)
class Part:
    """A part that rests, its inputs being zero, unless the mode is one of ``users``."""

    name: str
    inputs: tuple[Signal, ...]
    users: frozenset[Precision]


class PrecisionDot(wiring.Component):
    """``value + carry`` is the dot product of the words' lanes, on the mode's product grid.

    Lanes are decoded (1 cycle), their significands multiplied (6), moved onto the product grid
    by their exponents (3) and summed (1). Only the lane of the word's last quarter may be wider
    than a sum of several lanes: the sum joins its low bits, and its sign the upper ones. A
    product with NaR counts as zero.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    mode : ``In(Precision)``
        Other codes give zero.
    a, w : ``In(16)``
    value : ``Out(signed(114))``
        ``latency`` enabled cycles later, as what follows.
    carry : ``Out(1)``
    nan : ``Out(1)``
        There was a NaR.
    """

    latency = 11

    def __init__(self) -> None:
        most = {width: max(p.largest for p in Precision if p.format.width <= width).bit_length()
                for width in set(PLACES)}
        #: Bits of an aligned product at each quarter.
        self._widths = [most[width] for width in PLACES]
        super().__init__({"enable": In(1), "mode": In(Precision), "a": In(WORD), "w": In(WORD),
                          "value": Out(signed(max(self._widths) + 1)), "carry": Out(1),
                          "nan": Out(1)})
        self._operands = PrecisionUnpack(), PrecisionUnpack()
        self._multiplier = SplitMultiplier()
        self._fields = [Signal(2 * width, name=f"field_{place}")
                        for place, width in enumerate(PLACES)]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that rests in some modes."""
        parts = [Part(f"multiplier {group}", registers, GROUPS[group])
                 for group, registers in self._multiplier.operands.items()]
        for place in range(len(PLACES)):
            own = users_of(place, place)
            parts += [Part(f"decoder {place}", tuple(each.fields[place] for each
                                                     in self._operands),
                           own & set(POSITS.values())),
                      Part(f"aligner {place}", (self._fields[place],), own)]
        return tuple(parts)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        modes = [Value.cast(self.mode)]
        for cycle in range(7):
            modes.append(self._late(m, modes[-1], f"mode_{cycle + 1}"))
        for name, unit, word in zip("aw", self._operands, (self.a, self.w), strict=True):
            m.submodules[name] = unit
            m.d.comb += [unit.enable.eq(self.enable), unit.mode.eq(modes[0]), unit.i.eq(word)]
        a, w = self._operands
        m.submodules.multiplier = multiplier = self._multiplier
        m.d.comb += [multiplier.enable.eq(self.enable), multiplier.a.eq(a.significand),
                     multiplier.w.eq(w.significand),
                     *(getattr(multiplier, group).eq(among(modes[1], users))
                       for group, users in GROUPS.items())]
        negative = self._late(m, a.negative ^ w.negative, "negative", 6)
        power = self._late(m, a.power & w.power, "power", 6)
        terms = []
        for place in range(len(PLACES)):
            self._select(m, modes[7], power[place], place)
            distance = self._distance(m, modes[3], place)
            terms.append(self._term(m, distance, negative[place], place))
        self._add(m, terms)
        m.d.comb += self.nan.eq(self._late(m, (a.nan | w.nan).any(), "nan_late", 10))
        return m

    def _late(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def _distance(self, m: Module, mode: Value, place: int) -> Value:
        """How far a quarter's product is moved, there when it leaves the multiplier."""
        a, w = (self._late(m, unit.exponent[place], f"exponent_{name}_{place}")
                for name, unit in zip("aw", self._operands, strict=True))
        both = self._late(m, a + w, f"exponents_{place}")
        distance = Signal(range(self._widths[place]), name=f"distance_{place}")
        offset: Value = Const(0, 1)
        users = users_of(place, place)
        for p in (p for p in Precision if p in users):  # sets have no order
            constant = _offset(p, PLACES[place]) % (1 << len(distance))
            offset = offset | Mux(among(mode, {p}), constant, 0)
        m.d.comb += distance.eq(both + offset)
        return self._late(m, distance, f"distance_{place}_late", 4)

    def _select(self, m: Module, mode: Value, power: Value, place: int) -> None:
        """The product of the lane that ends at ``place``, left-aligned; else zero."""
        bits = Cat(Mux(among(mode, users_of(quarter, place)),
                       self._multiplier.o.word_select(quarter, 8), 0)
                   for quarter in range(place + 1 - PLACES[place] // 4, place + 1))
        m.d.comb += self._fields[place].eq(bits | power << len(bits) - 2)

    def _term(self, m: Module, distance: Value, negative: Value, place: int) -> Carried:
        """A lane's product on the product grid: its magnitude, complemented if negative."""
        idle = 2 * IDLE if place == TOP else 0
        field, most = self._fields[place][idle:], self._widths[place] - 1
        stages = 1
        if place == TOP:
            # By a few digits now and by the others two cycles later: so little is to be kept.
            field = self._late(m, shift_left(m, field, distance, (1 << NEAR) - 1, name="near"),
                               "near_late", 2)
            distance = Cat(Const(0, NEAR), self._late(m, distance[NEAR:], "distance_far", 2))
            stages = 3
        moved = shift_left(m, field, distance, most, name=f"moved_{place}")
        # Bits below the grid are zero: they only gave the shift room.
        magnitude = self._late(m, moved[2 * PLACES[place] - 2 - idle:][:most + 1],
                               f"magnitude_{place}")
        sign = self._late(m, negative, f"sign_{place}", stages)
        value = Cat(magnitude ^ sign.replicate(most + 1), sign).as_signed()
        return Carried(value, -(1 << most) - 1, 1 << most, sign)

    def _add(self, m: Module, terms: list[Carried]) -> None:
        """One sum of all but the upper bits of the widest term, which it extends."""
        top, narrow = terms.pop(), max(self._widths[:TOP])
        rest = carry_sum(m, sorted(terms, key=lambda term: -term.high), enable=self.enable,
                         name="rest")
        sign = top.carry
        low = Carried(Cat(top.value[:narrow], sign).as_signed(), -(1 << narrow),
                      (1 << narrow) - 1, sign)
        total = carry_sum(m, [low, rest], enable=self.enable, name="total")
        # Either all other terms are zero, and the sum's sign is the term's ...
        high = self._late(m, top.value[narrow:-1] ^ sign.replicate(self._widths[TOP] - narrow),
                          "high")
        # ... or these bits are.
        m.d.comb += [self.value.eq(total.value ^ Cat(Const(0, narrow), high)),
                     self.carry.eq(total.carry)]


def _offset(precision: Precision, width: int) -> int:
    """What the sum of two exponents of a decoder of ``width`` bits lacks to the distance."""
    form = precision.format
    if isinstance(form, PositFormat):
        return -precision.lsb - 2 * (width - 2 << form.exponent)
    # Integers stand at the lane's lower end, and come to its upper one; exponent fields of
    # E2M1 are biased by as much as its product grid.
    return 2 * form.width - 2 if isinstance(form, IntFormat) else 0
