"""Exponentials of differences of 8-bit codes, as TensorFlow Lite computes them."""

from __future__ import annotations

import numpy as np

from ..specs import TfliteSoftmaxSpec

__all__ = ["tflite_exponentials"]


def tflite_exponentials(spec: TfliteSoftmaxSpec) -> tuple[int, ...]:
    """``exp(-scale * k)`` in Q0.31 for ``k`` from 0 to 255; 0 from ``diff_min`` down.

    >>> entries = tflite_exponentials(
    ...     TfliteSoftmaxSpec(multiplier=2**30, shift=23, diff_min=-248))
    >>> [round(entry / 2**31, 4) for entry in entries[:160:16]]
    [1.0, 0.3679, 0.1353, 0.0498, 0.0183, 0.0067, 0.0025, 0.0009, 0.0003, 0.0001]
    """
    # The operations have tables of their own, and so are loaded after this package.
    from ..ops.fixed_point import doubling_high_multiply, exponential
    steps = np.arange(256, dtype=np.int64)
    seen = -steps >= spec.diff_min
    scaled = doubling_high_multiply(np.where(seen, -steps, 0) << spec.shift, spec.multiplier)
    entries = np.where(seen, exponential(scaled, spec.DIFFERENCE_BITS), 0)
    return tuple(entries.tolist())
