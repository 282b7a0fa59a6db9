# amaranth: UnusedElaboratable=no
"""Weights as canonical signed digits, zeros skipped."""

from __future__ import annotations

from amaranth import Module, Mux, Signal, Value

from .zero_skipping import Digit, ZeroSkippingDotProduct

__all__ = ["CsdDotProduct"]


class CsdDotProduct(ZeroSkippingDotProduct):
    """Powers of two, added or taken off, the fewest that make up each weight; zeros are skipped.

    Of two neighbouring canonical signed digits one at least is zero, so two are one digit in
    radix 4, -2 to 2. A dot product takes as many cycles as that lane has nonzero digits
    which has the most of them, one if there are none; int8 weights have at most 4. See
    :class:`~.zero_skipping.ZeroSkippingDotProduct`, and :class:`ElasticDotProduct` for the
    contract and the members.

    Source: A. Avizienis, Signed-Digit Number Representations for Fast Parallel Arithmetic, 1961;
    Albericio et al., Bit-Pragmatic Deep Neural Network Computing, MICRO 2017, for skipping.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    what = "a CSD dot product"

    @classmethod
    def _top(cls, magnitude: int) -> int:
        # The least number with a digit at 2**k is that divided by 1.5, rounded up.
        return (3 * magnitude).bit_length() - 2

    def _digits(self, m: Module, bits: Value, negative: Value, count: int, name: str
                ) -> list[Digit]:
        # A bit and its carry make 0 to 2; a 1 below another is -1, and a carry.
        carries = Signal(2 * count + 1, name=f"{name}_carries")
        m.d.comb += carries[0].eq(0)
        for k in range(2 * count):
            low, high, carry = bits[k], bits[k + 1], carries[k]
            m.d.comb += carries[k + 1].eq(low & high | low & carry | high & carry)
        nonzero = (bits ^ carries)[:2 * count]
        return [Digit(nonzero=nonzero[k:k + 2].any(), twice=nonzero[k + 1],
                      negative=Mux(nonzero[k + 1], bits[k + 2], bits[k + 1]))
                for k in range(0, 2 * count, 2)]
