"""From Verilog to a bitstream for a board: Yosys, nextpnr and the family's packer.

Each step is kept by its content (:mod:`boards.cache`), so that unchanged inputs cost nothing
the second time, and the same inputs give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import InputFault, Verdict

from .board import Board
from .constraints import constraints
from .frame import Design, Frame, frame
from .pack import SUFFIXES, find_packer, pack
from .place import Placement, find_tool, place
from .pll import find_pll
from .process import Progress
from .synth import fits
from .yosys import Options, synthesise, version

__all__ = ["FILE", "FOLDER", "SCHEMA", "BitstreamVerdict", "bitstream", "clock_of", "copy_out",
           "remove_copy", "tools_of"]

#: Version of ``bitstream.json``.
SCHEMA = 1

#: Folder of the results in the build folder, and what says what they are.
FOLDER, FILE = "bitstream", "bitstream.json"

#: Families whose modules stay modules: that is fast for large designs. iCE40 is filled closer
#: without borders; on Gowin pads, on Nexus constants would stand in the wrong modules.
_HIERARCHICAL = ("ecp5",)

#: Half a period of 1 MHz, in picoseconds: the logic's share of every path.
_HALF_PERIOD = 500_000


class BitstreamVerdict(Verdict):
    """The design does not fit, cannot be routed or misses its clock; ``report`` says what was
    found all the same."""

    def __init__(self, message: str, report: dict[str, Any]) -> None:
        super().__init__(message)
        self.report = report


def tools_of(board: Board) -> dict[str, str]:
    """Versions of the tools that make a board's bitstream.

    Raises
    ------
    ToolMissing
        If one of them is not there.
    """
    family = board.chip.family
    return {"yosys": version(), "nextpnr": find_tool(family).version,
            "packer": find_packer(family).version}


def clock_of(board: Board, clock_mhz: float | None) -> float:
    """The clock that a design gets on a board: the oscillator's, or what a PLL makes nearest
    to the one that is asked for.

    Raises
    ------
    InputFault
        If there is no such PLL.
    """
    if clock_mhz is None or clock_mhz == board.clock_mhz:
        return board.clock_mhz
    return find_pll(board, clock_mhz).mhz


def bitstream(folder: Path, board: Board, design: Design, *, name: str,
              clock_mhz: float | None = None, identity: int = 0,
              link: Mapping[str, Any] | None = None, seed: int = 1, dsp: bool = True,
              changed: Sequence[str] = (), progress: Progress | None = None) -> dict[str, Any]:
    """Make a bitstream.

    Parameters
    ----------
    folder : Path
        A build folder; receives ``bitstream/NAME.bin`` (``.bit``, ``.fs``), ``bitstream.json``,
        the design's software and the logs, in ``bitstream/``. What an earlier run made there
        and this one does not is removed.
    board : Board
    design : Design
    name : str
        Of the bitstream.
    clock_mhz : float, optional
        The design's clock; the oscillator's if not given.
    identity : int
        What the design's register ID reads, for ``bitstream.json``.
    link : mapping, optional
        How the design is spoken to, for ``bitstream.json``.
    seed : int
        Of the placer.
    dsp : bool
        Whether synthesis may use DSP blocks.
    changed : sequence of str
        Files of the build that are not as its manifest says, for ``bitstream.json``.
    progress : callable, optional
        Told the tool and its phase.

    Returns
    -------
    What ``bitstream.json`` holds: numbers, text, lists and dicts alone.

    Raises
    ------
    BitstreamVerdict
        If there is no bitstream of this design; an older one is gone then.
    InputFault, ToolMissing
        If something is wrong with the input or lacking.
    """
    tools, chip = tools_of(board), board.chip
    pll = None if clock_of(board, clock_mhz) == board.clock_mhz else find_pll(
        board, clock_mhz or board.clock_mhz)
    mhz = pll.mhz if pll else board.clock_mhz
    target = folder / FOLDER / f"{name}.{SUFFIXES[chip.family]}"
    report: dict[str, Any] = {
        "schema": SCHEMA, "name": name, "board": board.name, "device": board.device,
        "nextpnr": list(board.nextpnr), "clock_mhz": mhz, "oscillator_mhz": board.clock_mhz,
        "identity": f"{identity:032x}", "tools": tools, "seed": seed, "top": design.top,
        "programmer": board.programmer, "flash": board.flash, "link": dict(link or {}),
        "changed": list(changed),
        "clocks": {}, "utilisation": {},
        "critical": None, "software": [], "file": None, "sha256": None, "verdict": None}
    try:
        (logs := folder / FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputFault(f"{logs}: cannot be written ({error.strerror})") from error
    try:
        placed = _place(frame(design, board, pll), design, board, mhz, seed, dsp, logs, progress)
        report |= _plain({"clocks": placed.clocks, "utilisation": placed.utilisation,
                          "critical": placed.critical})
        _judge_clock(name, board, placed)
        data = pack(Path(placed.routed), board, work=logs, progress=progress)
    except Verdict as verdict:
        _remove_earlier(logs)
        _remove(target)
        report["verdict"] = str(verdict)
        _write(logs / FILE, _text(report))
        raise BitstreamVerdict(str(verdict), report) from verdict
    report |= {"file": target.name, "sha256": hashlib.sha256(data).hexdigest(),
               "software": sorted(design.software)}
    _remove_earlier(logs, {target.name, *design.software})
    for file, text in design.software.items():
        _write(logs / file, text.encode())
    _write(target, data)
    _write(logs / FILE, _text(report))
    return report


def copy_out(folder: Path, report: Mapping[str, Any], out: Path | None) -> Path:
    """Copy the bitstream that ``report`` tells of into the folder ``out``, if one is given.

    Returns
    -------
    The path of the copy, which is named as ``folder`` is, or of the bitstream itself.
    """
    made = folder / FOLDER / str(report["file"])
    if out is None:
        return made
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputFault(f"{out}: cannot be written ({error.strerror})") from error
    copy = _copy(folder, made.suffix, out)
    _write(copy, made.read_bytes())
    return copy


def remove_copy(folder: Path, board: Board, out: Path | None) -> None:
    """Remove the copy that an earlier :func:`copy_out` left for that board, if there is one."""
    if out is not None and out.is_dir():
        _remove(_copy(folder, f".{SUFFIXES[board.chip.family]}", out))


def _copy(folder: Path, suffix: str, out: Path) -> Path:
    return out / f"{folder.resolve().name}{suffix}"


def _place(whole: Frame, design: Design, board: Board, mhz: float, seed: int, dsp: bool,
           logs: Path, progress: Progress | None) -> Placement:
    """Synthesise the design in its frame, then place and route it."""
    chip = board.chip
    options = Options(dsp=dsp and chip.dsps > 0, flatten=chip.family not in _HIERARCHICAL,
                      pads=True, delay_ps=round(_HALF_PERIOD / mhz), variant=chip.variant)
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        for file, data in design.images.items():
            (Path(work) / file).write_bytes(data)
        (source := Path(work) / "board.v").write_text(f"{design.verilog}\n{whole.verilog}",
                                                      encoding="utf-8")
        figures = synthesise(source, whole.top, chip.family, options=options,
                             log=logs / "yosys.log", progress=progress)
    uses = fits(figures.total, chip)
    over = "; ".join(f"{kind.replace('_', ' ')}: {use.used} of {use.available}"
                     for kind, use in uses.items() if use.used > use.available)
    if over:
        raise Verdict(f"{design.top} does not fit {board.name}: {over} "
                      f"(log: {logs / 'yosys.log'})")
    pins = constraints(chip.family, whole.pins, whole.clock, board.clock_mhz)
    return place(Path(figures.netlist), board.placed, mhz, seed=seed, work=logs, top=whole.top,
                 pins=pins, progress=progress)


def _judge_clock(name: str, board: Board, placed: Placement) -> None:
    if placed.met:
        return
    clock, mhz = min(placed.clocks.items(), key=lambda item: item[1])
    path = placed.critical
    where = f", from {path.start} to {path.end}" if path else ""
    raise Verdict(f"{name} on {board.name}: {clock} reaches {mhz:g} MHz of "
                  f"{placed.target_mhz:g} MHz{where} (log: {placed.log})")


def _remove_earlier(folder: Path, kept: Collection[str] = ()) -> None:
    """Remove the bitstream and the software of the run whose ``bitstream.json`` is there."""
    try:
        found = json.loads((folder / FILE).read_bytes())
        names = [name for name in (*found["software"], found["file"]) if isinstance(name, str)]
    except (OSError, ValueError, LookupError, TypeError):
        # None yet, or broken: nothing is known of it.
        return
    for name in names:
        if name not in kept and name == Path(name).name:
            _remove(folder / name)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InputFault(f"{path}: cannot be removed ({error.strerror})") from error


def _plain(value: Any) -> Any:
    """Structs as what JSON has."""
    return json.loads(msgspec.json.encode(value))


def _text(report: dict[str, Any]) -> bytes:
    return (json.dumps(report, indent=1, sort_keys=True) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one."""
    try:
        handle, fresh = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(fresh, 0o644)
            os.replace(fresh, path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputFault(f"{path}: cannot be written ({error.strerror})") from error
