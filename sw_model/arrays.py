"""Arrays by name in a file: ``.npz``, the same bytes for the same arrays."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_arrays", "save_arrays"]

#: What zipfile, zlib and NumPy raise over files that are damaged or none of theirs.
_BROKEN = (ValueError, TypeError, KeyError, OSError, EOFError, RuntimeError, MemoryError,
           OverflowError, SyntaxError, TokenError, zipfile.BadZipFile, zlib.error)


def save_arrays(path: Path | BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    """``numpy.savez_compressed`` for names that may hold any character; fixed bytes.

    Raises
    ------
    ValueError
        If a name holds a null character, at which an archive would cut it off.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            if "\0" in name:
                raise ValueError(f"no file can hold an array called {name!r}")
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array).reshape(array.shape),
                                          allow_pickle=False)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """What :func:`save_arrays` wrote: in order, and by the very names.

    ``numpy.load`` takes one array for another where a name ends in ``.npy``.

    Raises
    ------
    ValueError
        If the file is damaged or no such file; one line.
    OSError
        If it cannot be read.
    """
    data = path.read_bytes()
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename or name in arrays:
                    raise ValueError(f"entry {entry.filename!r} is no array, or there twice")
                with archive.open(entry) as file:
                    arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"not an .npz file of plain arrays ({reason})") from error
    return arrays
