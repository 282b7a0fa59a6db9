"""Every board by name, and boards of files."""

from __future__ import annotations

import difflib
from functools import lru_cache
from pathlib import Path

from sw_model.faults import InputFault

from .board import Board
from .board_file import read_board
from .borrowed import BORROWED, borrow

__all__ = ["BOARDS", "board"]

_FILES = {path.stem: path for path in Path(__file__).with_name("data").glob("*.toml")}

#: Names of all boards.
BOARDS = tuple(sorted({*BORROWED, *_FILES}))


def board(name: str) -> Board:
    """The board of that name, in any case, or of that file.

    Parameters
    ----------
    name : str
        Of :data:`BOARDS`, or the path of a TOML file as docs/boards.md describes it.

    Raises
    ------
    InputFault
        If there is none; the message has the nearest spelling and all the names. Or with the
        faults of the file, one a line.
    """
    if name.lower().endswith(".toml"):
        return read_board(Path(name))
    if name.lower() in BOARDS:
        return _known(name.lower())
    near = difflib.get_close_matches(name.lower(), BOARDS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputFault(f"no board {name!r}; {hint}there are {', '.join(BOARDS)}, and boards of "
                     "files, FILE.toml")


@lru_cache
def _known(name: str) -> Board:
    return read_board(_FILES[name]) if name in _FILES else borrow(name, BORROWED[name])
