# amaranth: UnusedElaboratable=no
"""Weights in the EN-T encoding, zeros skipped."""

from __future__ import annotations

from amaranth import Module, Signal, Value

from .zero_skipping import Digit, ZeroSkippingDotProduct

__all__ = ["EnTDotProduct"]


class EnTDotProduct(ZeroSkippingDotProduct):
    """Digits -1 to 2 of each weight's magnitude in radix 4, with its sign; zeros are skipped.

    A dot product takes as many cycles as that lane has nonzero digits which has the most of
    them, one if there are none; int8 weights have at most 4. See
    :class:`~.zero_skipping.ZeroSkippingDotProduct`, and :class:`ElasticDotProduct` for the
    contract and the members.

    Source: EN-T, as in the bit-weight paper's OPT3 and OPT4, which take place after place, and
    sum carry-save; here the lanes' products are shifted, and summed by carry chains.

    Parameters
    ----------
    spec : DotSpec
        Both formats integers, fixed point, bipolar or ternary; weights of at most 16 bits.
    """

    _what = "an EN-T dot product"

    @classmethod
    def _top(cls, magnitude: int) -> int:
        # The least number with a digit at a place has -1 at all places below it.
        top = 0
        while 3 * magnitude > (4 if top % 2 else 5) << top:
            top += 1
        return top

    def _digits(self, m: Module, bits: Value, negative: Value, count: int, name: str
                ) -> list[Digit]:
        # The complement of a negative number is its magnitude less one: a carry of one.
        carries, digits = Signal(count + 1, name=f"{name}_carries"), []
        m.d.comb += carries[0].eq(negative)
        for k in range(count):
            low, high = bits[2 * k] ^ negative, bits[2 * k + 1] ^ negative
            carry, onward = carries[k], carries[k + 1]
            m.d.comb += onward.eq(high & (low | carry))
            digits.append(Digit(nonzero=(low ^ carry) | (high ^ carry),
                                twice=(low ^ high) & ~(low ^ carry),
                                negative=negative ^ onward))
        return digits
