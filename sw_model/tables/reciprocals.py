"""First guesses of reciprocals and reciprocal square roots, at the middle of each interval."""

from __future__ import annotations

import math

from ..specs import ReciprocalSpec, RsqrtSpec

__all__ = ["reciprocal_table", "rsqrt_table"]


def reciprocal_table(spec: ReciprocalSpec) -> tuple[int, ...]:
    """``round(2**entry_bits / (1 + (k + 1/2) / 2**index_bits))`` for each ``k``.

    >>> from sw_model.formats import IntFormat
    >>> reciprocal_table(ReciprocalSpec(source=IntFormat(8, signed=False), index_bits=2,
    ...                                 entry_bits=5))
    (28, 23, 20, 17)
    """
    one = 1 << spec.index_bits + 1
    tops = (one + 2 * k + 1 for k in range(one // 2))
    return tuple((2 * (one << spec.entry_bits) + top) // (2 * top) for top in tops)


def rsqrt_table(spec: RsqrtSpec) -> tuple[int, ...]:
    """``round(2**entry_bits / sqrt(1 + (k + 1/2) / 2**index_bits))`` for each ``k`` up to 4.

    >>> from sw_model.formats import IntFormat
    >>> rsqrt_table(RsqrtSpec(source=IntFormat(8, signed=False), index_bits=1, entry_bits=5))
    (29, 24, 21, 19, 18, 17)
    """
    one = 1 << spec.index_bits + 1
    tops = (one + 2 * k + 1 for k in range(3 * one // 2))
    # floor(2 * root) + 1 over 2 rounds the root, ties up.
    return tuple((math.isqrt((4 * one << 2 * spec.entry_bits) // top) + 1) // 2 for top in tops)
