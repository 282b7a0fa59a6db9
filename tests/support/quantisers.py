"""Blocks of 256 weights, and whether a quantiser of them is as good as a plain one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats.blocks import BlockFormat

__all__ = ["assert_no_worse", "coded", "samples"]

Reals = NDArray[Any]


def samples(rng: np.random.Generator, part: int, least: int) -> Reals:
    """Normal weights: alike; in parts of ``part`` scaled by 2**``least`` to 1; positive;
    and in parts with a mean of their own."""
    x = rng.standard_normal((200, 256))
    parts = 256 // part
    x[50:100] *= np.repeat(2.0 ** rng.integers(least, 1, (50, parts)), part, axis=1)
    x[100:150] = np.abs(x[100:150])
    x[150:] += np.repeat(rng.standard_normal((50, parts)), part, axis=1)
    return x.astype(np.float32).astype(np.float64)


def coded(form: BlockFormat, x: Reals) -> Reals:
    """``x`` after encoding and decoding."""
    return form.decode(form.encode(x)).reshape(x.shape).astype(np.float64)


def assert_no_worse(got: Reals, other: Reals, x: Reals) -> None:
    """No block, up to the one rounding to float32 of decode."""
    def length(errors: Reals) -> Reals:
        return np.asarray(np.sqrt(np.square(errors).sum(axis=1)))

    assert (length(got - x) <= length(other - x) + 1e-7 * length(x)).all()
