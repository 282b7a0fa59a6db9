"""Tables of powers of two in which every interval has one entry."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from ..specs import ExtendedExponentialSpec, PowerTable

__all__ = ["mantissa_table"]

#: Digits enough that no entry lies nearer to a tie than the error.
_DIGITS = 60


@cache
def mantissa_table(spec: ExtendedExponentialSpec) -> tuple[int, ...]:
    """``round(2**((i + c) / 2**index_bits) * 2**fraction)``, ``c`` 1/2 for tables of middles.

    For interpolation it has one entry more than intervals, which is 2. In decimal arithmetic,
    so that every machine has the same table.

    >>> from sw_model.formats import IntFormat
    >>> [mantissa_table(ExtendedExponentialSpec(
    ...     source=IntFormat(8), multiplier=1, index_bits=2, fraction=4, table=table))
    ...  for table in PowerTable]
    [(16, 19, 23, 27), (17, 21, 25, 29), (16, 19, 23, 27, 32)]
    """
    context, count = Context(_DIGITS), 1 << spec.index_bits
    one = Decimal(1 << spec.fraction)
    places = (2 * i + (spec.table is PowerTable.MIDDLE)
              for i in range(count + (spec.table is PowerTable.LINEAR)))
    powers = (context.power(2, context.divide(Decimal(place), Decimal(2 * count)))
              for place in places)
    return tuple(int(context.multiply(power, one).quantize(Decimal(1), ROUND_HALF_UP))
                 for power in powers)
