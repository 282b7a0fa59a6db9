"""The two fields that most blocks consist of: codes, and a scale for each block."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .base import BlockFormat, Fields

__all__ = ["codes_and_scales"]


def codes_and_scales(form: BlockFormat, fields: Fields) -> tuple[NDArray[Any], NDArray[Any]]:
    """``codes`` of shape (..., blocks, size) and ``scales`` of shape (..., blocks).

    Raises
    ------
    ValueError
        If one is missing or has another shape.
    """
    codes = form.field(fields, "codes", form.size)
    if codes.ndim < 2:
        raise ValueError(f"field 'codes' of {form} must have an axis of blocks and one of "
                         f"elements, but has shape {codes.shape}")
    scales = form.field(fields, "scales", *codes.shape[:-1])
    if scales.ndim != codes.ndim - 1:
        raise ValueError(f"field 'scales' of {form} must have shape {codes.shape[:-1]}, "
                         f"not {scales.shape}")
    return codes, scales
