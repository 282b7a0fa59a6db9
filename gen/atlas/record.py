"""Rows that were measured before: they hold while netlists, commands and tools are the same.

The whole atlas takes hours on two cores. Gatemill ships the rows that ``python -m bench.atlas
--docs`` measured, each with the digest of all that it depends on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import msgspec

from boards.liberty import find_library
from sw_model.faults import ToolMissing

from .entry import Name
from .row import Row

__all__ = ["FILE", "encoded", "recorded"]

#: Beside this module.
FILE = "measured.json"


class Record(msgspec.Struct, frozen=True):
    """Rows, and the digest of the standard-cell library that they are of."""

    library: str
    rows: list[Row]


def recorded(text: bytes | None = None) -> dict[Name, Row]:
    """Rows that are shipped, by name; none if the standard-cell library here is another one.

    Where there is no library, they are what there is to know of it.
    """
    record = msgspec.json.decode(text or (files(__package__) / FILE).read_bytes(), type=Record)
    with suppress(ToolMissing):
        if _digest(find_library()) != record.library:
            return {}
    return {row.name: row for row in record.rows}


def encoded(rows: Iterable[Row]) -> bytes:
    """The file that has these rows, those that are whole, one in each line.

    Raises
    ------
    ToolMissing
        If there is no standard-cell library: such rows are not whole.
    """
    lines = b",\n".join(msgspec.json.encode({
        name: value for name, value in msgspec.to_builtins(row).items() if value is not None})
        for row in rows if row.content)
    return b'{"library": "%s", "rows": [\n%s\n]}\n' % (_digest(find_library()).encode(), lines)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
