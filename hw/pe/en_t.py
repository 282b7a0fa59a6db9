# amaranth: UnusedElaboratable=no
"""Weights in the EN-T encoding, zeros skipped."""

from __future__ import annotations

from amaranth import Module, Signal, Value

from sw_model.formats import Format

from .zero_skipping import Digit, ZeroSkippingDotProduct

__all__ = ["EnTDotProduct", "en_t_count", "en_t_digit"]


def en_t_count(form: Format) -> int:
    """EN-T digits of every value of a format."""
    return _top(max(-form.fixed_min, form.fixed_max)) // 2 + 1


def en_t_digit(low: Value, high: Value, carry: Value, negative: Value) -> tuple[Digit, Value]:
    """A digit of a number, its sign included, and the carry to the next one; combinational.

    Parameters
    ----------
    low, high : Value
        The digit's two bits, of a negative number complemented: those of its magnitude less one.
    carry : Value
        Of the digit below; into the lowest one, ``negative``.
    negative : Value
        The number's sign.
    """
    onward = high & (low | carry)
    return Digit(nonzero=(low ^ carry) | (high ^ carry), twice=(low ^ high) & ~(low ^ carry),
                 negative=negative ^ onward), onward


def _top(magnitude: int) -> int:
    """Highest power of two that is a digit's of a number of at most this magnitude."""
    # The least number with a digit at a place has -1 at all places below it.
    top = 0
    while 3 * magnitude > (4 if top % 2 else 5) << top:
        top += 1
    return top


class EnTDotProduct(ZeroSkippingDotProduct):
    """Digits -1 to 2 of each weight's magnitude in radix 4, with its sign; zeros are skipped.

    A dot product takes as many cycles as that lane has nonzero digits which has the most of
    them, one if there are none; int8 weights have at most 4. See
    :class:`~.zero_skipping.ZeroSkippingDotProduct`, and :class:`ElasticDotProduct` for the
    contract and the members.

    Source: EN-T, as in the bit-weight paper's OPT3 and OPT4, which take place after place, and
    sum carry-save (:class:`~.sparse_encoded.SparseEncodedDotProduct`); here the lanes' products
    are shifted, and summed by carry chains.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "an EN-T dot product"

    @classmethod
    def _top(cls, magnitude: int) -> int:
        return _top(magnitude)

    def _digits(self, m: Module, bits: Value, negative: Value, count: int, name: str
                ) -> list[Digit]:
        carries, digits = Signal(count + 1, name=f"{name}_carries"), []
        m.d.comb += carries[0].eq(negative)
        for k in range(count):
            digit, onward = en_t_digit(bits[2 * k] ^ negative, bits[2 * k + 1] ^ negative,
                                       carries[k], negative)
            m.d.comb += carries[k + 1].eq(onward)
            digits.append(digit)
        return digits
