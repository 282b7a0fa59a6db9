"""Values for block formats that have neither NaN nor infinities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import BlockFormat

__all__ = ["finite_blocks"]


def finite_blocks(form: BlockFormat, values: ArrayLike) -> NDArray[np.floating[Any]]:
    """``form.blocks_of(values)``, all of them finite as float32 too.

    Raises
    ------
    TypeError
        If the values are not real numbers.
    ValueError
        If the last axis is no multiple of a block's size, or a value is NaN, infinite or beyond
        float32.
    """
    blocks = form.blocks_of(values)
    # NumPy warns of signalling NaN in other types.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(blocks.astype(np.float32))
    if not finite.all():
        raise ValueError(f"{form} takes finite numbers of float32, not {blocks[~finite][0]}")
    return blocks
