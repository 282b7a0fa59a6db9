"""BitMoD's three and four bits as integers, and as terms for bit-serial products."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.formats.blocks.bitmod import SPECIALS

__all__ = ["BitModTerms", "BitModUnpacker", "BoothTerms", "checked_width"]


def checked_width(width: object) -> int:
    """Bits of a code, 3 or 4."""
    bits = as_index("width", width)
    if bits not in SPECIALS:
        raise ValueError(f"width must be 3 or 4, not {bits}")
    return bits


def _code(width: int) -> StructLayout:
    """A code and its group's selector of the special value."""
    return StructLayout({"code": unsigned(width), "special": unsigned(2)})


def _halves(width: int, code: Value, special: Value) -> tuple[Value, Value]:
    """Sign, and the magnitude in halves, of 5 bits; combinational."""
    low = code[:-1]
    replaced = code[-1] & ~low.any()
    if width == 3:
        basic = Cat(Const(0, 1), low == 1, low == 2, low == 3)
    else:
        # E2M1 in halves: 0 1 2 3, then 2 + m moved by one place and by two.
        basic = Mux(low[2], Mux(low[1], Cat(Const(0, 2), low[0], Const(1, 1)),
                                Cat(Const(0, 1), low[0], Const(1, 1))), low[:2])
    near, far = (int(2 * SPECIALS[width][each]) for each in (0, 2))
    return (Mux(replaced, special[0], code[-1]),
            Mux(replaced, Mux(special[1], far, near), basic))


class BitModUnpacker(wiring.Component):
    """Combinational: a code and its group's selector to an integer, not yet scaled.

    Source: BitMoD, bit-serial mixture-of-datatype LLM acceleration, HPCA 2025.

    Parameters
    ----------
    width : int
        3 or 4.

    Members
    -------
    i : ``In(StructLayout({"code": width, "special": 2}))``
        The selector as :data:`sw_model.formats.blocks.bitmod.SPECIALS` numbers the values.
    o : ``Out(signed(...))``
        Multiples of :attr:`unit`: signed(4) for three bits, signed(6) for four.
    """

    #: Cycles from code to integer.
    latency = 0

    def __init__(self, width: int) -> None:
        self._width = checked_width(width)
        super().__init__({"i": In(_code(self._width)), "o": Out(signed(2 * self._width - 2))})

    @property
    def width(self) -> int:
        return self._width

    @property
    def unit(self) -> float:
        """What a 1 stands for: FP4 has halves."""
        return 1.0 if self._width == 3 else 0.5

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        negative, halves = _halves(self._width, self.i.code, self.i.special)
        magnitude = Signal(5)
        m.d.comb += magnitude.eq(halves >> 1 if self._width == 3 else halves)
        m.d.comb += self.o.eq(Mux(negative, -magnitude, magnitude))
        return m


class BitModTerms(wiring.Component):
    """Combinational: a code and its group's selector to two signed powers of two.

    The number is the sum of ``(-1)**sign * 2**exp * man * 2**bsig``. The first term is the
    leading one of the integer part, the second that of what is left, in halves.

    Source: BitMoD, HPCA 2025, unified bit-serial representation.

    Parameters
    ----------
    width : int
        3 or 4.

    Members
    -------
    i : ``In(StructLayout({"code": width, "special": 2}))``
    sign, man : ``Out(2)``
        A bit for each term. Where ``man`` is 0, so are ``sign`` and ``exp``.
    exp : ``Out(ArrayLayout(unsigned(2), 2))``
    """

    #: Cycles from code to terms.
    latency = 0
    #: What ``bsig`` is of each term.
    bsig = (0, -1)

    def __init__(self, width: int) -> None:
        self._width = checked_width(width)
        super().__init__({"i": In(_code(self._width)), "sign": Out(2), "man": Out(2),
                          "exp": Out(ArrayLayout(unsigned(2), 2))})

    @property
    def width(self) -> int:
        return self._width

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        negative, halves = _halves(self._width, self.i.code, self.i.special)
        bits = Signal(5)
        rest = Signal(4)
        whole = bits[1:]
        # A bit of the integer part is left if there is another above it; the half always is.
        left = [whole[place] & whole[place + 1:].any() for place in range(3)]
        m.d.comb += [bits.eq(halves), rest.eq(Cat(bits[0], *left))]
        for term, ones in enumerate((whole, rest)):
            any_one = ones.any()
            m.d.comb += [self.man[term].eq(any_one), self.sign[term].eq(any_one & negative),
                         self.exp[term].eq(_leading(ones))]
        return m


def _leading(ones: Value) -> Value:
    """Place of the leading one of four bits; 0 for none."""
    return Cat(ones[3] | ones[1] & ~ones[2], ones[2] | ones[3])


class BoothTerms(wiring.Component):
    """Combinational: an integer to its digits in radix 4, -2 to 2, as BitMoD's terms.

    The number is the sum of ``(-1)**sign * 2**exp * man * 2**bsig``.

    Source: A. D. Booth, 1951, in radix 4; BitMoD, HPCA 2025, for INT6 and INT8.

    Parameters
    ----------
    width : int
        An even number of bits, 2 to 16.

    Members
    -------
    i : ``In(signed(width))``
    sign, man : ``Out(width / 2)``
        A bit for each digit, the lowest first. Where ``man`` is 0, so are ``sign`` and ``exp``.
    exp : ``Out(ArrayLayout(unsigned(2), width / 2))``
        0 or 1.
    """

    #: Cycles from integer to terms.
    latency = 0

    def __init__(self, width: int) -> None:
        self._width = as_index("width", width)
        if not 2 <= self._width <= 16 or self._width % 2:
            raise ValueError(f"width must be even, 2 to 16, not {self._width}")
        digits = self._width // 2
        super().__init__({"i": In(signed(self._width)), "sign": Out(digits), "man": Out(digits),
                          "exp": Out(ArrayLayout(unsigned(2), digits))})

    @property
    def width(self) -> int:
        return self._width

    @property
    def bsig(self) -> tuple[int, ...]:
        """What ``bsig`` is of each term."""
        return tuple(range(0, self._width, 2))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        doubled = Cat(Const(0, 1), self.i)
        for digit, place in enumerate(self.bsig):
            low, middle, high = doubled[place], doubled[place + 1], doubled[place + 2]
            m.d.comb += [self.man[digit].eq((low ^ middle) | (middle ^ high)),
                         self.sign[digit].eq(high & ~(middle & low)),
                         self.exp[digit].eq((low == middle) & (middle ^ high))]
        return m
