"""The line that matters from a failing tool's log, in words that a user can act on."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from pathlib import Path

__all__ = ["important_line", "nextpnr_phase", "read_log", "yosys_phase"]

#: What nextpnr calls its resources.
RESOURCES = {
    "TRELLIS_COMB": "LUTs", "TRELLIS_FF": "flip-flops", "DP16KD": "block RAM",
    "MULT18X18D": "multipliers", "ALU54B": "ALUs", "TRELLIS_IO": "pins",
    "TRELLIS_RAMW": "distributed RAM", "DCCA": "clock buffers",
    "ICESTORM_LC": "logic cells", "ICESTORM_RAM": "block RAM", "ICESTORM_DSP": "multipliers",
    "ICESTORM_SPRAM": "single-port RAM", "SB_IO": "pins", "SB_GB": "global buffers",
    "LUT4": "LUTs", "DFF": "flip-flops", "BSRAM": "block RAM", "IOB": "pins",
    "OXIDE_COMB": "LUTs", "OXIDE_FF": "flip-flops", "OXIDE_EBR": "block RAM",
    "SEIO33_CORE": "pins", "LRAM_CORE": "large RAM",
}

_UTILISATION = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%")
_ERROR = re.compile(r"\bERROR:\s*(.*)")
_LOCATED = re.compile(r"^(\S+:\d+(?:\.\d+-\d+\.\d+)?): ERROR:\s*(.*)")
_YOSYS_PASS = re.compile(r"^[\d.]+\. Executing (\S+) (?:pass|backend)")
_YOSYS_PHASES = {
    "HIERARCHY": "reading", "WREDUCE": "optimising", "ALUMACC": "mapping arithmetic",
    "MEMORY_LIBMAP": "mapping memories", "DFFLEGALIZE": "mapping flip-flops",
    "ABC9": "mapping LUTs", "ABC": "mapping gates", "JSON": "writing the netlist",
}
_NEXTPNR_PHASES = (
    ("Info: Packing", "packing"), ("Info: Creating initial", "placing"),
    ("Info: Running main analytical placer", "placing"), ("Info: Running timing-driven", "placing"),
    ("Info: Routing", "routing"), ("Info: Setting up routing", "routing"),
    ("Info: Running router", "routing"), ("Info: Program finished", "done"),
)


def important_line(lines: Iterable[str], exit_code: int = 1) -> str:
    """One line that says why a tool failed.

    Parameters
    ----------
    lines : iterable of str
        The log, line by line.
    exit_code : int
        Of the tool; a negative one is the signal that ended it.
    """
    log = [line.rstrip() for line in lines]
    over = [f"ran out of {RESOURCES.get(kind, kind)}: {used} of {available}"
            for kind, used, available in _overflows(log)]
    if over:
        return "; ".join(over)
    if any("std::bad_alloc" in line or "MemoryError" in line for line in log):
        return "ran out of memory"
    for line in log:
        if found := _LOCATED.match(line):
            return f"{found[1]}: {found[2]}"
        if found := _ERROR.search(line):
            return found[1]
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"was ended by {name}{hint}"
    spoken = [line for line in log if line.strip()]
    traps = [line.strip() for line in spoken if "wasm trap" in line]
    return traps[-1] if traps else spoken[-1].strip() if spoken else "said nothing"


def _overflows(log: list[str]) -> list[tuple[str, int, int]]:
    """Resources of which the last utilisation table uses more than there are."""
    table: dict[str, tuple[int, int]] = {}
    for line in log:
        if found := _UTILISATION.match(line):
            table[found[1]] = int(found[2]), int(found[3])
    return [(kind, used, there) for kind, (used, there) in table.items() if used > there]


def read_log(path: Path) -> list[str]:
    """Lines of a log, however broken its text is."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def yosys_phase(line: str) -> str | None:
    """The phase that starts with this line."""
    found = _YOSYS_PASS.match(line)
    phase = _YOSYS_PHASES.get(found[1]) if found else None
    return f"yosys: {phase}" if phase else None


def nextpnr_phase(line: str) -> str | None:
    """The phase that starts with this line."""
    return next((f"nextpnr: {phase}" for start, phase in _NEXTPNR_PHASES
                 if line.startswith(start)), None)
