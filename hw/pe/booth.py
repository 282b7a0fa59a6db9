# amaranth: UnusedElaboratable=no
"""Weights as Booth digits in radix 4."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Value

from sw_model.formats import Format

from ..arith.choose import chosen
from ..shapes import fixed_shape, fixed_value
from .base import DotSpec
from .serial import SerialDotProduct
from .term_sum import Term

__all__ = ["BoothDotProduct", "booth_count", "booth_term"]


def booth_count(form: Format) -> int:
    """Radix-4 Booth digits of every value of a format: one for each two bits, sign included."""
    shape = fixed_shape(form)
    return -(-(shape.width + (not shape.signed)) // 2)


def booth_term(value: Value, weight: Value, number: Value, count: int) -> Term:
    """``value`` times digit ``number``, -2 to 2, of a weight; combinational.

    Parameters
    ----------
    weight : Value
        Signed or not; has ``count`` digits.
    """
    sign = weight[-1] if weight.shape().signed else Const(0, 1)
    bits = Cat(Const(0, 1), weight, sign.replicate(2 * count - len(weight)))
    low, middle, high = (chosen([bits[2 * k + place] for k in range(count)], number)
                         for place in range(3))
    # Digits of three equal bits are 0; of two equal low ones -2 or 2.
    return Term(value, valid=(low ^ middle) | (middle ^ high), negative=high,
                shift=~(low ^ middle), most=1)


class BoothDotProduct(SerialDotProduct):
    """A radix-4 digit of every weight a cycle, half as many cycles as weights have bits.

    Each lane's activation is added once or twice, or taken off, or left out; as many
    cycles for each dot product as there are digits: ``ceil(bits / 2)``, for unsigned weights
    ``ceil((bits + 1) / 2)``. See :class:`DotProduct` for the contract and the members.

    Source: O. L. MacSorley, High-Speed Arithmetic in Binary Computers, 1961.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a Booth dot product"

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        return booth_count(cls.core(spec).weights)

    @classmethod
    def advance(cls, spec: DotSpec) -> int:
        return 2

    @classmethod
    def term(cls, m: Module, spec: DotSpec, a: Value, w: Value, number: Value, name: str) -> Term:
        return booth_term(fixed_value(spec.activations, a), fixed_value(spec.weights, w), number,
                          booth_count(spec.weights))
