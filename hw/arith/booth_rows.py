"""Partial products by radix-4 Booth digits, one for each two bits of a factor."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value

from ..shapes import shape_between

__all__ = ["BoothDigit", "booth_digits", "booth_row"]

#: Two bits of a digit and the next lower one at which it is -1 or 1, and at which it is -2 or 2.
ONCE, TWICE = {0b001, 0b010, 0b101, 0b110}, {0b011, 0b100}


@dataclass(frozen=True)
class BoothDigit:
    """What a digit of a factor makes of another operand.

    ``row - bias + carry`` is their product, of which a carry-in completes negative multiples.

    Parameters
    ----------
    place : int
        The digit counts ``4**place``.
    patterns : frozenset of int
        What its three bits can be.
    width : int
        Bits of the row, which is unsigned.
    bias : int
        Half the rows' range where multiples can be negative, else 0.
    most : int
        The greatest of a row and its carry-in together; the least is not negative.
    """

    place: int
    patterns: frozenset[int]
    width: int
    bias: int
    most: int

    @property
    def has_carry(self) -> bool:
        """Whether the digit can be negative."""
        return max(self.patterns) >= 0b100


def booth_digits(factor: tuple[int, int], other: tuple[int, int]) -> list[BoothDigit]:
    """The digits of a factor, lowest first; of both operands least and greatest are given.

    Source: O. L. MacSorley, High-Speed Arithmetic in Binary Computers, 1961.
    """
    shape = shape_between(*factor)
    count = (shape.width + (not shape.signed) + 1) // 2
    return [_digit(place, factor, other) for place in range(count)]


def booth_row(m: Module, digit: BoothDigit, factor: Value, other: Value, *, name: str
              ) -> tuple[Value, Value]:
    """The row of a digit and its carry-in, a constant if it has none; combinational.

    Negative multiples are complements. Their sign bits are inverted instead of extended, which
    makes the bias.

    Parameters
    ----------
    factor, other : Value
        Of the shapes between their least and greatest values.
    """
    zero = Const(0, 1)
    sign = factor[-1] if factor.shape().signed else zero
    low, middle, high = Cat(zero, factor, sign, sign)[2 * digit.place:][:3]
    negative = high if digit.has_carry else zero
    chosen: Value = zero
    if digit.patterns & ONCE:
        chosen = Mux(low ^ middle, other, chosen)
    if digit.patterns & TWICE:
        chosen = Mux(~(low ^ middle) & (middle ^ high), other << 1, chosen)
    multiple = Signal(Shape(digit.width, signed=digit.bias > 0), name=f"{name}_multiple")
    row = Signal(digit.width, name=name)
    flips = Cat(negative.replicate(digit.width - 1), ~negative) if digit.bias else zero
    m.d.comb += [multiple.eq(chosen), row.eq(multiple ^ flips)]
    return row, negative


def _digit(place: int, factor: tuple[int, int], other: tuple[int, int]) -> BoothDigit:
    """Exactly what the operands' ranges allow."""
    least, most = (2 * bound >> 2 * place for bound in factor)
    # Below the lowest digit is a zero. Of eight numbers on end, all patterns are there.
    patterns = frozenset(bits & 0b111 for bits in range(least, most + 1, 1 if place else 2)[:8])
    rows, products = [], []
    for bits in patterns:
        digit = (bits & 1) + (bits >> 1 & 1) - 2 * (bits >> 2)
        products += [digit * value for value in other]
        rows += [~(-digit * value) if bits >> 2 else digit * value for value in other]
    shape = shape_between(min(rows), max(rows))
    bias = 1 << shape.width - 1 if shape.signed else 0
    return BoothDigit(place, patterns, shape.width, bias, max(products) + bias)
