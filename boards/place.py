"""Place and route with nextpnr: the clock a netlist reaches, and what it takes of a device.

A native ``nextpnr-ecp5``, ``nextpnr-ice40``, ... on PATH is used where there is one; else the
WebAssembly build of the wheels, which is several times slower and compiles itself (some
seconds) on its first start for each user.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import Fault, InputFault, ToolMissing, Verdict

from . import cache
from .devices import Device
from .logs import important_line, nextpnr_phase, read_log
from .nextpnr import NEXTPNR
from .nexus_carries import open_carries
from .process import Progress, own_folder, run
from .tools import Tool, find_program

__all__ = ["CriticalPath", "Placement", "Tool", "Use", "find_tool", "place",
           "placement_depends_on"]

#: Changes whenever cached placements would mean something else.
_SCHEMA = "placement 2"


class Use(msgspec.Struct, frozen=True):
    """Of one kind of resource: how many are used, of how many."""

    used: int
    available: int


class CriticalPath(msgspec.Struct, frozen=True, kw_only=True):
    """The slowest path between two registers: cell and port at either end, in nanoseconds."""

    start: str
    end: str
    ns: float


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A placed and routed design.

    Parameters
    ----------
    device : str
    tool : str
        Version of nextpnr.
    seed : int
    target_mhz : float
        The clock asked for.
    clocks : mapping of str to float
        What each clock reaches between registers, in MHz.
    met : bool
        Whether every clock reaches the target.
    critical : CriticalPath or None
        Of the slowest clock; None where no path leads from register to register.
    utilisation : mapping of str to Use
        By nextpnr's names, those in use alone.
    log : str
        What nextpnr said.
    routed : str
        The routed design, for the packer; in the cache. Empty where no pins were given.
    cached : bool
        Whether an earlier run's result was taken.
    """

    device: str
    tool: str
    seed: int
    target_mhz: float
    clocks: Mapping[str, float]
    met: bool
    critical: CriticalPath | None
    utilisation: Mapping[str, Use]
    log: str = ""
    routed: str = ""
    cached: bool = False


@lru_cache
def find_tool(family: str) -> Tool:
    """The nextpnr of a family: native if there is one on PATH, else the wheel's.

    Raises
    ------
    InputFault
        If this project does not place designs on that family.
    ToolMissing
        If there is neither.
    """
    if family not in NEXTPNR:
        *others, last = NEXTPNR
        raise InputFault(f"designs are placed on {', '.join(others)} and {last} only, "
                         f"not on {family}")
    one = NEXTPNR[family]
    return find_program(one.programs, one.package, one.start)


def placement_depends_on(device: Device, clock_mhz: float, *, seed: int = 1,
                         top: str | None = None, pins: str | None = None) -> list[str]:
    """All that a placement depends on, but the netlist.

    Raises
    ------
    Fault
        As :func:`find_tool` does.
    """
    return [_SCHEMA, find_tool(device.family).version, device.name,
            *_options(device, clock_mhz, seed=seed, top=top, free=pins is None),
            pins or "no pins"]


def _options(device: Device, clock_mhz: float, *, seed: int, top: str | None, free: bool
             ) -> list[str]:
    """Of nextpnr, but for files."""
    one = NEXTPNR[device.family]
    return [*device.nextpnr, *one.options, *(one.free if free else ()),
            "--freq", f"{clock_mhz:g}", "--seed", str(seed), *(("--top", top) if top else ())]


def place(netlist: Path, device: Device, clock_mhz: float, *, seed: int = 1, work: Path,
          top: str | None = None, pins: str | None = None,
          progress: Progress | None = None) -> Placement:
    """Place and route a netlist.

    Parameters
    ----------
    netlist : Path
        JSON as Yosys writes it, or that gzipped. Its pins must exist on the device:
        :func:`boards.shim.wrap` sees to that for a design of any width.
    device : Device
    clock_mhz : float
        The clock to aim at.
    seed : int
        Of the placer.
    work : Path
        Folder for ``nextpnr.log``.
    top : str, optional
        The top module where the netlist does not say.
    pins : str, optional
        The file that says which port stands at which pin, of :mod:`boards.constraints`. Without
        it the pins are nextpnr's choice, and the routed design is not kept.

    Raises
    ------
    Verdict
        If the design does not fit, cannot be routed, or nextpnr failed: the line that
        matters and the log's path. A missed clock is no failure: see ``met``.
    """
    tool, one = find_tool(device.family), NEXTPNR[device.family]
    work.mkdir(parents=True, exist_ok=True)
    data = netlist.read_bytes()
    text = gzip.decompress(data) if netlist.suffix == ".gz" else data
    if device.family == "nexus":
        text = open_carries(text)
    options = _options(device, clock_mhz, seed=seed, top=top, free=pins is None)
    key = cache.digest_of([
        *placement_depends_on(device, clock_mhz, seed=seed, top=top, pins=pins), text])
    log = work / "nextpnr.log"
    files = {"placed.json": text}
    if pins is not None:
        options += [*f"{one.constraints}pins.{one.suffix}".split(), one.output, "routed"]
        files[f"pins.{one.suffix}"] = pins.encode()

    def fill(fresh: Path) -> None:
        with own_folder(log) as own:
            for name, content in files.items():
                (own / name).write_bytes(content)
            report, said = own / "report.json", own / log.name
            code = run([*tool.command, *options, "--json", "placed.json", "--report",
                        report.name], cwd=own, log=said, progress=progress, phase=nextpnr_phase)
            timing = report.read_bytes() if report.exists() else b""
            if code or not timing:
                lines = read_log(said)
                kind: type[Fault] = ToolMissing if _lacks_module(lines) else Verdict
                raise kind(f"nextpnr could not place the design on {device.name}: "
                           f"{important_line(lines, code)} (log: {log})")
            if pins is not None:
                shutil.copyfile(own / "routed", fresh / "routed")
            shutil.copyfile(said, fresh / log.name)
        found = _placement(json.loads(timing), device, tool, clock_mhz, seed)
        (fresh / "placement.json").write_bytes(msgspec.json.encode(found))

    entry, hit = cache.cached("nextpnr", key, fill)
    if hit:
        shutil.copyfile(entry / log.name, log)
    placement = msgspec.json.decode((entry / "placement.json").read_bytes(), type=Placement)
    return msgspec.structs.replace(placement, log=str(log), cached=hit,
                                   routed="" if pins is None else str(entry / "routed"))


def _placement(report: Mapping[str, Any], device: Device, tool: Tool, clock_mhz: float,
               seed: int) -> Placement:
    clocks = {_bare(name): round(entry["achieved"], 2)
              for name, entry in sorted(report["fmax"].items())}
    paths = [path for path in report["critical_paths"]
             if path["from"] == path["to"] and path["from"] != "<async>" and path["path"]]
    return Placement(
        device=device.name, tool=tool.version, seed=seed, target_mhz=clock_mhz, clocks=clocks,
        met=all(entry["achieved"] >= clock_mhz for entry in report["fmax"].values()),
        critical=max(map(_critical, paths), key=lambda path: path.ns, default=None),
        utilisation={name: Use(entry["used"], entry["available"])
                     for name, entry in sorted(report["utilization"].items()) if entry["used"]})


def _critical(path: Mapping[str, Any]) -> CriticalPath:
    first, last = path["path"][0]["from"], path["path"][-1]["to"]
    return CriticalPath(start=f"{first['cell']}.{first['port']}",
                        end=f"{last['cell']}.{last['port']}",
                        ns=round(sum(step["delay"] for step in path["path"]), 3))


def _bare(net: str) -> str:
    """``$glbnet$clk$TRELLIS_IO_IN`` and ``clk$SB_IO_IN_$glb_clk`` as ``clk``."""
    return net.removeprefix("$glbnet$").partition("$")[0] or net


def _lacks_module(lines: list[str]) -> bool:
    return any(line.startswith("ModuleNotFoundError") for line in lines)
