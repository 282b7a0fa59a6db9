"""Where the numbers of a spec come from: a seed, a file or the spec itself."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.arrays import load_arrays
from sw_model.faults import InputFault
from sw_model.formats import Format, covering

from ..frontends.limits import MAX_FILE_BYTES, read_model_file
from ..messages import nearest, shown

__all__ = ["FileNumbers", "ListNumbers", "Numbers", "RandomNumbers", "codes_of", "parse_numbers",
           "random_codes"]


#: Numbers of one matrix.
MAX_NUMBERS = 2**24


@dataclass(frozen=True)
class RandomNumbers:
    """Every code of the format is equally likely; the same seed gives the same numbers."""

    seed: int


@dataclass(frozen=True)
class FileNumbers:
    """Arrays of an ``.npz`` file.

    Parameters
    ----------
    name : str
        As the spec spells it.
    arrays : dict of str to array
    key : str or None
        Which of them, if the spec says so.
    """

    name: str
    arrays: dict[str, NDArray[Any]] = field(repr=False)
    key: str | None = None


@dataclass(frozen=True)
class ListNumbers:
    """Integers that stand in the spec, a vector or a matrix."""

    array: NDArray[np.int64] = field(repr=False)


Numbers = RandomNumbers | FileNumbers | ListNumbers

_RANDOM = re.compile(r"random\((\d{1,18})\)")
_FILE = re.compile(r"(.+\.npz)(?::(.+))?")


def parse_numbers(value: object, folder: Path) -> Numbers:
    """What ``value`` of a spec means; files are looked for from ``folder``.

    Raises
    ------
    ValueError
        If it means nothing, or the file cannot be read.
    """
    if isinstance(value, list):
        return ListNumbers(_array(value))
    if isinstance(value, str):
        if match := _RANDOM.fullmatch(value):
            return RandomNumbers(int(match[1]))
        if match := _FILE.fullmatch(value):
            return _file(match[1], match[2], folder)
    raise ValueError(f"must be random(seed), a file.npz or a list, not {shown(value)}")


def _array(rows: list[Any]) -> NDArray[np.int64]:
    flat = [value for row in rows for value in (row if isinstance(row, list) else [row])]
    if not flat:
        raise ValueError("must not be an empty list")
    nested = {isinstance(row, list) for row in rows}
    if len(nested) > 1 or any(isinstance(value, list) for value in flat):
        raise ValueError("must be a list of integers or a list of rows")
    for value in flat:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must hold integers, not {shown(value)}")
        if not -(2**62) < value < 2**62:
            raise ValueError(f"{shown(value)} is too large")
    if nested == {True} and len({len(row) for row in rows}) > 1:
        raise ValueError("has rows of different lengths: "
                         f"{', '.join(map(str, sorted({len(row) for row in rows})))}")
    return np.array(rows, dtype=np.int64)


def _file(name: str, key: str | None, folder: Path) -> FileNumbers:
    path = folder / name
    try:
        read_model_file(path, count=4)
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_FILE_BYTES:
            raise ValueError(f"{name} holds {size} bytes, but at most {MAX_FILE_BYTES} are allowed")
        arrays = load_arrays(path)
    except InputFault as error:
        raise ValueError(str(error)) from None
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: not an .npz file of plain arrays ({error})") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not arrays:
        raise ValueError(f"{path}: holds no arrays")
    if key is not None and key not in arrays:
        raise ValueError(f"{path}: no array {key!r}; {nearest(key, arrays)}")
    return FileNumbers(name, arrays, key)


def random_codes(format_: Format, shape: Sequence[int], seed: int) -> NDArray[np.int64]:
    """Codes of ``format_``, each as likely as any other."""
    rng = np.random.default_rng(seed)
    return rng.integers(format_.min, format_.max, tuple(shape), endpoint=True, dtype=np.int64)


def codes_of(numbers: Numbers, shapes: Sequence[tuple[int, ...]], format_: Format | None, *,
             keys: Sequence[str], default: Format) -> tuple[NDArray[np.int64], Format]:
    """Codes in a format that is given, or in the narrowest that holds them.

    Parameters
    ----------
    numbers : Numbers
        Values on the format's grid: -1 and 1 for bipolar.
    shapes : sequence of tuple of int
        That are legal; the first is that of random numbers.
    format_ : Format or None
    keys : sequence of str
        Arrays to look for in a file that holds several.
    default : Format
        Of random numbers where ``format_`` is None.

    Raises
    ------
    ValueError
        If shape or values do not fit.
    """
    if math.prod(shapes[0]) > MAX_NUMBERS:
        raise ValueError(f"must be at most {MAX_NUMBERS} numbers, not {math.prod(shapes[0])}")
    if isinstance(numbers, RandomNumbers):
        format_ = format_ or default
        return random_codes(format_, shapes[0], numbers.seed), format_
    values, what = (numbers.array, "the list") if isinstance(numbers, ListNumbers) \
        else _from_file(numbers, keys)
    if values.shape not in shapes:
        wanted = " or ".join(str(list(shape)) for shape in dict.fromkeys(shapes))
        raise ValueError(f"{what} has shape {list(values.shape)}, but must have {wanted}")
    values = values.astype(np.int64)
    if format_ is None:
        format_ = covering(min(0, int(values.min())), max(0, int(values.max())))
        return values, format_
    low, high = int(values.min()), int(values.max())
    if low < format_.fixed_min or high > format_.fixed_max:
        wrong = low if low < format_.fixed_min else high
        raise ValueError(f"{what} holds {wrong}, but {format_} holds "
                         f"{format_.fixed_min} to {format_.fixed_max}")
    try:
        return format_.from_fixed(values), format_
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _from_file(numbers: FileNumbers, keys: Sequence[str]) -> tuple[NDArray[Any], str]:
    arrays = numbers.arrays
    key = numbers.key
    if key is None and len(arrays) == 1:
        key = next(iter(arrays))
    if key is None:
        key = next((k for k in keys if k in arrays), None)
    if key is None:
        raise ValueError(f"{numbers.name} holds the arrays {', '.join(arrays)}; "
                         f"say which, as in {numbers.name}:{next(iter(arrays))}")
    array = arrays[key]
    if array.dtype.kind not in "iu" or array.dtype == np.uint64:
        raise ValueError(f"array {key!r} of {numbers.name} is {array.dtype}, but must hold "
                         "integers")
    if not array.size:
        raise ValueError(f"array {key!r} of {numbers.name} is empty")
    return array, f"array {key!r} of {numbers.name}"
