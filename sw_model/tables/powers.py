"""The table of powers of two between 1 and 2."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from ..specs import Exp2Spec

__all__ = ["exp2_table"]

#: Digits enough that no entry lies nearer to a tie than the error.
_DIGITS = 60


@cache
def exp2_table(spec: Exp2Spec) -> tuple[int, ...]:
    """``round(2**(i / 2**index_bits) * 2**fraction)`` for ``i`` from 0 to ``2**index_bits``.

    In decimal arithmetic, so that every machine has the same table.

    >>> from sw_model.formats import FixedFormat
    >>> exp2_table(Exp2Spec(source=FixedFormat(12, 8), multiplier=1, index_bits=2, fraction=4))
    (16, 19, 23, 27, 32)
    """
    context, count = Context(_DIGITS), 1 << spec.index_bits
    one = Decimal(1 << spec.fraction)
    powers = (context.power(2, context.divide(Decimal(i), Decimal(count)))
              for i in range(count + 1))
    return tuple(int(context.multiply(power, one).quantize(Decimal(1), ROUND_HALF_UP))
                 for power in powers)
