"""Which power of two a block's elements are divided by."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPONENTS", "ScaleRule", "floor_log2", "shared_exponent", "three_quarters"]

#: Smallest and largest exponent that E8M0 holds.
EXPONENTS = (-127, 127)


class ScaleRule(enum.Enum):
    """How the largest magnitude of a block, ``amax``, gives the exponent of its scale.

    In all of them the element's largest exponent ``emax`` is subtracted from an exponent of
    ``amax``. The result is brought to -127 to 127; above that, all of them saturate.
    """

    #: ``floor(log2(amax))``: OCP's. What lies beyond the element's largest value saturates.
    FLOOR = "floor"
    #: ``ceil(log2(amax))``: nothing saturates, at the price of up to one bit of resolution.
    CEIL = "ceil"
    #: The exponent of ``amax`` after its significand was rounded, half to even, to as many
    #: bits as the element has: one more than FLOOR where that carries.
    RNE = "rne"
    #: FLOOR's, but the elements stand for 3/4 of the values: nothing saturates, and the factor
    #: 4/3, the same for all blocks, belongs into the rescale behind (FP-Quant, MXFP4).
    FPQUANT = "fpquant"


def floor_log2(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """``floor(log2(values))`` of positive finite values, from their exponent fields.

    The logarithm itself, once rounded, is one too large just below many powers of two.

    >>> below = np.nextafter(np.float32(8), np.float32(0))
    >>> int(floor_log2(np.array(below, np.float64))), int(np.floor(np.log2(below)))
    (2, 3)
    """
    return np.asarray(np.frexp(values)[1], np.int64) - 1


def shared_exponent(amax: NDArray[np.float64], rule: ScaleRule, *, emax: int, mantissa: int
                    ) -> NDArray[np.int64]:
    """Exponents of the scales, -127 to 127, by ``rule``; -127 where ``amax`` is 0.

    Sources: OCP Microscaling Formats 1.0, 6.3 (FLOOR); FP-Quant (FPQUANT).

    Parameters
    ----------
    amax : float64
        Largest magnitude of each block, finite.
    rule : ScaleRule
    emax : int
        Exponent of the largest element.
    mantissa : int
        Bits of an element's significand behind the leading one.
    """
    whole = floor_log2(amax)
    fractions = np.frexp(amax)[0]
    if rule is ScaleRule.CEIL:
        whole = whole + (fractions > 0.5)
    elif rule is ScaleRule.RNE:
        # All ones and a half carry: it is a tie, and all ones is odd.
        whole = whole + (fractions >= 1 - 2.0 ** -(mantissa + 2))
    least, most = EXPONENTS
    return np.where(amax == 0, least, np.clip(whole - emax, least, most))


def three_quarters(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``0.75 * values``; where float64 lacks the product, the odd one of its neighbours.

    Rounding that to fewer bits gives what rounding the product itself does (S. Boldo and
    G. Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms using
    rounding to odd, 2008). Finite values only.
    """
    half, quarter = values / 2, values / 4
    total = np.asarray(half + quarter)
    rest = quarter - (total - half)
    even = total.view(np.int64) & 1 == 0
    return np.where((rest != 0) & even, np.nextafter(total, np.copysign(np.inf, rest)), total)
