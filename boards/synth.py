"""Figures of a build folder: ``synth.json`` beside the manifest."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import InputFault, Verdict

from . import place as placing
from .devices import DEVICES, Device
from .devices import device as find_device
from .families import FAMILIES
from .figures import Figures, ModuleFigures, Resources
from .process import Progress
from .shim import NAME, wrap
from .yosys import Options, synthesise

__all__ = ["PLACED", "SCHEMA", "SynthVerdict", "fits", "load_report", "synth"]

#: Version of ``synth.json``.
SCHEMA = 1

#: Names of the result and of the folder with the logs, in the build folder.
FILE, LOGS = "synth.json", "synth"

#: Families whose designs can be placed without a board: nextpnr finds pins itself.
PLACED = ("ecp5", "ice40")

#: Half a period of 1 MHz, in picoseconds: the logic's share of every path.
_HALF_PERIOD = 500_000


class SynthVerdict(Verdict):
    """The design does not fit, cannot be placed or misses its clock; ``report`` says what
    was found all the same."""

    def __init__(self, message: str, report: dict[str, Any]) -> None:
        super().__init__(message)
        self.report = report


class _Manifest(msgspec.Struct):
    """What synthesis needs to know of ``manifest.json``; other keys are for others."""

    name: str
    top: str
    verilog: str
    clock: str = "clk"
    reset: str = "rst"


class _Placement(msgspec.Struct):
    """What a reader of ``synth.json`` may rely on in ``placement``."""

    clocks: dict[str, float]


class _Report(msgspec.Struct):
    """What a reader of ``synth.json`` may rely on."""

    schema: int
    device: str | None
    target: str
    tools: dict[str, str]
    total: Resources
    modules: list[ModuleFigures]
    uses: dict[str, placing.Use]
    placement: _Placement | None


def load_report(folder: Path) -> dict[str, Any] | None:
    """What ``synth.json`` holds; None if there is none.

    Raises
    ------
    InputFault
        If it is broken or of another schema.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
        found = msgspec.json.decode(data, type=_Report).schema
        if found != SCHEMA:
            raise InputFault(f"{path}: schema is {found}, but must be {SCHEMA}; "
                             "run `gatemill synth` again")
        return msgspec.json.decode(data, type=dict[str, Any])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: {error}; run `gatemill synth` again") from error


def fits(total: Resources, device: Device) -> dict[str, placing.Use]:
    """Resources of a device that a design uses, of those there are.

    Carry chains and LUT RAMs stand in LUTs and are among them. On iCE40 a logic cell holds
    one LUT, carry and flip-flop: the largest of the three is the least number of cells.
    LUTs of Xilinx devices that nextpnr or a vendor's tool could pair are counted apart.
    """
    luts = total.area + total.lut_rams
    if device.family == "ice40":
        luts = max(total.lut_count, total.carry, total.ffs)
    used = {"luts": (luts, device.luts), "ffs": (total.ffs, device.ffs),
            "dsps": (total.dsps, device.dsps),
            "block_rams": (total.block_rams, device.block_rams.count),
            "large_rams": (total.large_rams, device.large_rams.count)}
    return {name: placing.Use(-int(-number // 1), available)
            for name, (number, available) in used.items()}


def synth(folder: Path, *, device: str = "ecp5-85k", place: bool = False, clock_mhz: float = 50,
          seed: int = 1, dsp: bool = True, flatten: bool = False, fast: bool = False,
          progress: Progress | None = None) -> dict[str, Any]:
    """Synthesise a build folder, and place it if asked to.

    Parameters
    ----------
    folder : Path
        With ``manifest.json``; receives ``synth.json`` and the logs in ``synth/``.
    device : str
        A device, or a family (``ihp``, ``ecp5``, ...) for figures without a device's limits.
    place : bool
        Whether to run nextpnr as well, with the scan shim round the design.
    clock_mhz : float
        The clock to aim at, in mapping and placing.
    seed : int
        Of the placer.
    dsp, flatten, fast : bool
        See :class:`boards.flows.Options`.
    progress : callable, optional
        Told what is going on.

    Returns
    -------
    What ``synth.json`` holds: numbers, text, lists and dicts alone.

    Raises
    ------
    SynthVerdict
        If the design does not fit, cannot be placed or misses the clock.
    InputFault, ToolMissing
        If something is wrong with the input or lacking.
    """
    manifest, digest = _load(folder)
    chip = None if device.lower() in FAMILIES else find_device(device)
    target = chip.family if chip else device.lower()
    if not clock_mhz > 0:
        raise InputFault(f"the clock must be above 0 MHz, not {clock_mhz:g}")
    if place:
        if target not in PLACED:
            raise InputFault(f"without a board, designs are placed on {' and '.join(PLACED)} "
                             f"only, not on {target}")
        placing.find_tool(target)
        if chip is None:
            raise InputFault(f"placing needs a device, not the family {target}: "
                             f"{', '.join(d.name for d in DEVICES.values() if d.family in PLACED)}")
    try:
        (logs := folder / LOGS).mkdir(exist_ok=True)
    except OSError as error:
        raise InputFault(f"{folder / LOGS}: cannot be written ({error.strerror})") from error
    options = Options(dsp=dsp and (chip is None or chip.dsps > 0), flatten=flatten, fast=fast,
                      delay_ps=round(_HALF_PERIOD / clock_mhz),
                      variant=chip.variant if chip else "")
    figures = synthesise(folder / manifest.verilog, manifest.top, target, options=options,
                         log=logs / "yosys.log", progress=progress)
    report = _report(manifest, digest, figures, chip, options)
    try:
        _judge_fit(manifest, chip, report)
        if place and chip:
            _place(manifest, figures, chip, options, clock_mhz, seed, logs, report, progress)
    except Verdict as verdict:
        report["verdict"] = str(verdict)
        _save(folder, report)
        raise SynthVerdict(str(verdict), report) from verdict
    _save(folder, report)
    return report


def _load(folder: Path) -> tuple[_Manifest, str]:
    path = folder / "manifest.json"
    try:
        data = path.read_bytes()
        return msgspec.json.decode(data, type=_Manifest), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror}); "
                         "a build folder is made by `gatemill build`") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputFault(f"{path}: {error}") from error


def _report(manifest: _Manifest, digest: str, figures: Figures, chip: Device | None,
            options: Options) -> dict[str, Any]:
    uses = fits(figures.total, chip) if chip else {}
    plain: dict[str, Any] = _plain({
        "schema": SCHEMA, "name": manifest.name, "top": manifest.top, "manifest": digest,
        "device": chip.name if chip else None, "target": figures.target, "options": options,
        "tools": {"yosys": figures.yosys}, "area": figures.area, "total": figures.total,
        "modules": figures.modules, "uses": uses,
        "fits": all(use.used <= use.available for use in uses.values()) if chip else None,
        "cached": figures.cached, "placement": None, "verdict": None})
    return plain


def _judge_fit(manifest: _Manifest, chip: Device | None, report: dict[str, Any]) -> None:
    if chip is None or report["fits"]:
        return
    words = {"luts": "logic cells" if chip.family == "ice40" else "LUTs", "ffs": "flip-flops",
             "dsps": "multipliers", "block_rams": "block RAM", "large_rams": "large RAM"}
    over = "; ".join(f"{words[name]}: {use['used']} of {use['available']}"
                     for name, use in report["uses"].items() if use["used"] > use["available"])
    raise Verdict(f"{manifest.name} does not fit {chip.name}: {over} (modules in {FILE})")


def _place(manifest: _Manifest, figures: Figures, chip: Device, options: Options,
           clock_mhz: float, seed: int, logs: Path, report: dict[str, Any],
           progress: Progress | None) -> None:
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        netlist, cost = wrap(Path(figures.netlist), manifest.top, chip.family, options=options,
                             clock=manifest.clock, reset=manifest.reset, work=Path(work),
                             progress=progress)
        placed = placing.place(netlist, chip, clock_mhz, seed=seed, work=logs, top=NAME,
                               progress=progress)
    report["placement"] = _plain(placed) | {"log": f"{LOGS}/{Path(placed.log).name}",
                                            "shim": _plain(cost)}
    report["tools"]["nextpnr"] = placed.tool
    if not placed.met:
        name, mhz = min(placed.clocks.items(), key=lambda clock: clock[1])
        path = placed.critical
        where = f", from {path.start} to {path.end}" if path else ""
        raise Verdict(f"{manifest.name} on {chip.name}: {name} reaches {mhz:g} MHz of "
                      f"{clock_mhz:g} MHz{where} (log: {placed.log})")


def _plain(value: Any) -> Any:
    """Structs and tuples as what JSON has."""
    return json.loads(msgspec.json.encode(value))


def _save(folder: Path, report: dict[str, Any]) -> None:
    """Write beside, then rename: a reader sees the old report or the new one. What the cache
    had to do with it stays out of the file: it is the same either way."""
    lasting = {key: value for key, value in report.items() if key != "cached"}
    if lasting["placement"]:
        lasting["placement"] = {key: value for key, value in lasting["placement"].items()
                                if key != "cached"}
    text = json.dumps(lasting, indent=1, sort_keys=True) + "\n"
    try:
        handle, name = tempfile.mkstemp(prefix=f".{FILE}-", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(name, 0o644)
            os.replace(name, folder / FILE)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputFault(f"{folder / FILE}: cannot be written ({error.strerror})") from error
