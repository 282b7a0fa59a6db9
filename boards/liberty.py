"""Where the standard-cell library for the target ``ihp`` is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sw_model.faults import ToolMissing

from . import cache

__all__ = ["LIBRARY", "cell_areas", "find_library"]

#: IHP SG13G2, 130 nm BiCMOS: typical corner, 1.2 V, 25 degrees.
LIBRARY = "sg13g2_stdcell_typ_1p20V_25C.lib"


def find_library() -> Path:
    """The library's file: in ``GATEMILL_DATA``, in ``../shared`` or in the cache.

    Raises
    ------
    ToolMissing
        If it is in none of them; the message says where it may be put.
    """
    given = os.environ.get("GATEMILL_DATA")
    places = [*([Path(given)] if given else []),
              Path(__file__).resolve().parents[2] / "shared", cache.root() / "data"]
    for place in places:
        if (path := place / "liberty" / LIBRARY).is_file():
            return path
    raise ToolMissing(f"the target ihp needs {LIBRARY}: set GATEMILL_DATA to a folder that has "
                      "it under liberty/ (IHP-Open-PDK, ihp-sg13g2/libs.ref/sg13g2_stdcell/lib)")


def cell_areas(library: Path) -> dict[str, float]:
    """Area of each cell, in the library's unit (square micrometres)."""
    text = library.read_text(encoding="utf-8", errors="replace")
    cells = re.split(r"^\s*cell\s*\(\s*\"?(\w+)\"?\s*\)", text, flags=re.MULTILINE)[1:]
    areas = {}
    for name, body in zip(cells[::2], cells[1::2], strict=True):
        if found := re.search(r"\barea\s*:\s*([\d.]+)", body):
            areas[name] = float(found[1])
    return areas
