"""TFLite's table of the logistic function in 16 bits."""

from __future__ import annotations

import math

__all__ = ["sigmoid_table"]

#: Where TFLite's published table is one more than the rounded function.
_ONE_MORE = frozenset({
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41,
    43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255})


def sigmoid_table() -> tuple[int, ...]:
    """``sigmoid(i / 24)`` for ``i`` from 0 to 255, of 16 fraction bits: TFLite's
    ``sigmoid_table_uint16``.

    >>> sigmoid_table()[:3], sigmoid_table()[-2:]
    ((32768, 33451, 34133), (65534, 65535))
    """
    return tuple(min(65535, math.floor(65536 / (1 + math.exp(-i / 24)) + 0.5) + (i in _ONE_MORE))
                 for i in range(256))
