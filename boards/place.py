"""Place and route with nextpnr: the clock a netlist reaches, and what it takes of a device.

A native ``nextpnr-ecp5`` or ``nextpnr-ice40`` on PATH is used where there is one; else the
WebAssembly build of the wheels, which is several times slower and compiles itself (some
seconds) on its first start for each user.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import Fault, InputFault, ToolMissing, Verdict

from . import cache
from .devices import Device
from .logs import important_line, nextpnr_phase, read_log
from .process import Progress, run

__all__ = ["CriticalPath", "Placement", "Tool", "Use", "find_tool", "place"]

#: Options of each family beside the device's own. Where the clock is missed, the run still ends
#: with its report: the verdict is for the caller. router1 takes hours on a full ECP5.
_OPTIONS = {
    "ecp5": ("--lpf-allow-unconstrained", "--timing-allow-fail", "--router", "router2"),
    "ice40": ("--pcf-allow-unconstrained", "--timing-allow-fail"),
}

#: Starts the wheel's program: its arguments are nextpnr's.
_WHEEL = ("import sys; from yowasp_nextpnr_{0} import run_nextpnr_{0} as run; "
          "sys.exit(run(sys.argv[1:]))")


class Tool(msgspec.Struct, frozen=True):
    """A nextpnr: how to call it, and which one it is."""

    command: tuple[str, ...]
    version: str


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
    if family not in _OPTIONS:
        raise InputFault(f"designs are placed on {' and '.join(_OPTIONS)} only, not on {family}")
    name = f"nextpnr-{family}"
    if native := shutil.which(name):
        said = subprocess.run([native, "--version"], capture_output=True, text=True, check=False)
        return Tool((native,), (said.stdout + said.stderr).strip() or name)
    package = f"yowasp-{name}"
    if importlib.util.find_spec(package.replace("-", "_")) is None:
        raise ToolMissing(f"{name} is neither on PATH nor installed: pip install {package}")
    return Tool((sys.executable, "-P", "-c", _WHEEL.format(family)),
                f"{package} {metadata.version(package)}")


def place(netlist: Path, device: Device, clock_mhz: float, *, seed: int = 1, work: Path,
          top: str | None = None, progress: Progress | None = None) -> Placement:
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
        Folder for ``nextpnr.log`` and the files of the run.
    top : str, optional
        The top module where the netlist does not say.

    Raises
    ------
    Verdict
        If the design does not fit, cannot be routed, or nextpnr failed: the line that
        matters and the log's path. A missed clock is no failure: see ``met``.
    """
    tool = find_tool(device.family)
    work.mkdir(parents=True, exist_ok=True)
    data = netlist.read_bytes()
    text = gzip.decompress(data) if netlist.suffix == ".gz" else data
    options = [*device.nextpnr, *_OPTIONS[device.family], "--freq", f"{clock_mhz:g}",
               "--seed", str(seed), *(("--top", top) if top else ())]
    key = cache.digest_of(["placement 1", tool.version, *options, text])
    log = work / "nextpnr.log"

    def fill(fresh: Path) -> None:
        # Bare names, since the WebAssembly build sees the working folder but not /tmp.
        (work / "placed.json").write_bytes(text)
        report = work / "report.json"
        code = run([*tool.command, *options, "--json", "placed.json", "--report", report.name],
                   cwd=work, log=log, progress=progress, phase=nextpnr_phase)
        (work / "placed.json").unlink()
        timing = report.read_bytes() if report.exists() else b""
        report.unlink(missing_ok=True)
        if code or not timing:
            lines = read_log(log)
            kind: type[Fault] = ToolMissing if _lacks_module(lines) else Verdict
            raise kind(f"nextpnr could not place the design on {device.name}: "
                       f"{important_line(lines, code)} (log: {log})")
        found = _placement(json.loads(timing), device, tool, clock_mhz, seed)
        (fresh / "placement.json").write_bytes(msgspec.json.encode(found))
        shutil.copyfile(log, fresh / log.name)

    entry, hit = cache.cached("nextpnr", key, fill)
    if hit:
        shutil.copyfile(entry / log.name, log)
    placement = msgspec.json.decode((entry / "placement.json").read_bytes(), type=Placement)
    return msgspec.structs.replace(placement, log=str(log), cached=hit)


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
