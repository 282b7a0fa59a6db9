"""What a model file may ask for: bounds that keep hostile files from taking time or memory."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from sw_model.faults import InputFault

__all__ = ["MAX_ELEMENTS", "MAX_FILE_BYTES", "MAX_NODES", "MAX_RANK", "MAX_TENSORS",
           "count_elements", "read_model_file"]

#: Elements of one tensor.
MAX_ELEMENTS = 2**26

#: Bytes of a model file, and of all constants of a model together (tensors may share bytes).
MAX_FILE_BYTES = 4 * MAX_ELEMENTS

#: Operators of a model.
MAX_NODES = 3_000

#: Tensors of a model.
MAX_TENSORS = 4 * MAX_NODES

#: Axes of one tensor.
MAX_RANK = 8


def count_elements(where: str, shape: Iterable[int]) -> int:
    """Elements of ``shape``, each axis at least 1.

    Raises
    ------
    InputFault
        If an axis is below 1, there are more than ``MAX_RANK`` axes or the product exceeds
        ``MAX_ELEMENTS``; the message begins with ``where``.
    """
    axes = [int(axis) for axis in shape]
    if len(axes) > MAX_RANK:
        raise InputFault(f"{where} has {len(axes)} axes, but at most {MAX_RANK} are allowed")
    count = 1
    for axis in axes:
        if axis < 1:
            raise InputFault(f"{where} has shape {axes}, but every axis must be at least 1")
        count *= axis
    if count > MAX_ELEMENTS:
        raise InputFault(f"{where} has shape {axes}, {count} elements, but at most "
                         f"{MAX_ELEMENTS} are allowed")
    return count


def read_model_file(path: Path, *, count: int = -1) -> bytes:
    """The bytes of a model file, or the first ``count`` of them.

    Raises
    ------
    InputFault
        If it cannot be read, is no regular file or is larger than ``MAX_FILE_BYTES``.
    """
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise InputFault(f"{path}: cannot be read: not a regular file")
        if facts.st_size > MAX_FILE_BYTES:
            raise InputFault(f"{path}: {facts.st_size} bytes, but a model file may have at "
                             f"most {MAX_FILE_BYTES}")
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise InputFault(f"{path}: cannot be read: {error.strerror or error}") from error
