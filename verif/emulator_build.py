"""From Verilog to a shared library that simulates it: Verilator, a compiler, two caches.

Verilator's C++ runtime and the emulator's loop are compiled once (:mod:`verif.objcache`), the
library of a design once for each Verilog text, list of observed signals and set of tools.
Memory images are no part of it: a model reads them when it is made.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sw_model.faults import InputFault, Verdict

from .objcache import compile_object
from .tools import cache_folder, find_tool

__all__ = ["SimulationFault", "library"]

#: Folder of the C++ that every emulator shares.
NATIVE = Path(__file__).parent / "native"

#: Sources of Verilator's runtime; the last one only for waveforms.
RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
WAVES = "verilated_vcd_c.cpp"

#: Sources of the loops over clock cycles: streams, serial lines.
LOOPS = ("harness.cpp", "serial.cpp")

#: Verilator's arguments. Two values only: what X would hide is the cocotb suite's business
#: (Icarus). Warnings are about style that Amaranth and Yosys do not follow. Functions of
#: bounded size compile in two thirds of the time; still smaller ones run slower.
VERILATE = ("--cc", "-O3", "--x-assign", "fast", "--x-initial", "unique", "--no-assert",
            "--no-timing", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--prefix", "Vdut",
            "--output-split-cfuncs", "2500")

#: C++17 parses in half the time of C++20, which only timing needs. The functions that would
#: end the process are harness.cpp's. Libraries of several designs in one process share
#: nothing: their classes have the same names.
COMPILE = ("-std=c++17", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-w",
           "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVL_USER_FATAL",
           "-DVL_USER_WARN", "-DVL_USER_STOP", "-DVL_USER_FINISH")
LINK = ("-shared", "-Wl,-Bsymbolic", "-Wl,--no-undefined", "-pthread")

#: Generated code up to this size is one translation unit: parsing headers takes as long.
UNIT_BYTES = 400_000

#: A tenth faster than -O1, and compiles in a fifth more; -O3 was measured to bring nothing.
LEVEL = "-O2"

#: For runs so short that compiling is what takes the time: no optimisation, fewer parsings of
#: the same headers. Verilator looks for tables in what are tables already, for minutes.
QUICK_LEVEL, QUICK_UNIT_BYTES, QUICK_VERILATE = "-O0", 4_000_000, ("-fno-table",)

#: Libraries that stay in the cache, the latest used ones.
KEPT = 100


class SimulationFault(Verdict):
    """A design, or a file of it, that the simulator refuses or that breaks the stream rules.

    Members
    -------
    cycle : int or None
        In which it happened, if it ran at all.
    """

    cycle: int | None = None


def library(verilog: Path, top: str, ports: Sequence[str], wires: Sequence[str] = (), *,
            waves: bool = False, quick: bool = False) -> Path:
    """The shared library that simulates module ``top`` of the file ``verilog``.

    Parameters
    ----------
    verilog : Path
        Not changed: signals are made visible by a Verilator control file.
    top : str
        Name of the top module.
    ports, wires : sequence of str
        Ports of the top module, and wires in it, that the loop binds.
    waves : bool
        Whether runs can leave a waveform (VCD), which costs speed.
    quick : bool
        Whether to compile in a third of the time what then runs at a fraction of the speed.

    Returns
    -------
    Path
        Of a file in the cache.

    Raises
    ------
    SimulationFault
        If Verilator refuses the Verilog.
    ToolMissing
        If Verilator or the compiler is not there.
    InputFault
        If the cache cannot be written.
    """
    control = _control(top, [*ports, *wires])
    key = _key(verilog, top, control, waves, quick)
    target = cache_folder() / "emulators" / key / "emulator.so"
    if not target.exists():
        try:
            with _locked(target.parents[1] / f"{target.parent.name[:2]}.lock"):
                if not target.exists():
                    _build(verilog, top, control, waves, target, quick)
            _prune(target.parents[1])
        except (PermissionError, NotADirectoryError) as error:
            raise InputFault(f"{cache_folder()}: cannot be written; set GATEMILL_CACHE to a "
                             "folder that can") from error
    with contextlib.suppress(OSError):  # a cache that may only be read has no ages
        os.utime(target)
    return target


def _control(top: str, names: Sequence[str]) -> str:
    lines = [f'public_flat_rd -module "{top}" -var "{name}"' for name in names]
    return "\n".join(["`verilator_config", *lines, ""])


def _key(verilog: Path, top: str, control: str, waves: bool, quick: bool) -> str:
    key = hashlib.sha256(verilog.read_bytes())
    tools = [find_tool("verilator").version, find_tool("c++").version, platform.machine()]
    settings = [*VERILATE, *COMPILE, *LINK, LEVEL, str(UNIT_BYTES)]
    settings += ["quick", QUICK_LEVEL, str(QUICK_UNIT_BYTES), *QUICK_VERILATE] if quick else []
    for text in (top, control, str(waves), *tools, *settings):
        key.update(text.encode() + b"\0")
    for path in sorted(NATIVE.iterdir()):
        key.update(path.read_bytes())
    return key.hexdigest()


def _build(verilog: Path, top: str, control: str, waves: bool, target: Path, quick: bool) -> None:
    """Make ``target`` so that nobody ever sees a part of it."""
    with tempfile.TemporaryDirectory(dir=target.parents[1]) as name:
        work = Path(name)
        _verilate(verilog.resolve(), top, control, waves, work, QUICK_VERILATE if quick else ())
        units = (_units(work, QUICK_LEVEL, QUICK_UNIT_BYTES) if quick
                 else _units(work, LEVEL, UNIT_BYTES))
        sources = [*RUNTIME, WAVES] if waves else [*RUNTIME]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            made = [pool.submit(_compile_unit, work, unit, level, waves)
                    for unit, level in units]
            made += [pool.submit(_compile_shared, work, source) for source in sources]
            made += [pool.submit(_compile_shared, work, source, NATIVE) for source in LOOPS]
            objects = [future.result() for future in made]
        _run(["c++", *LINK, "-o", "emulator.so", *map(str, objects)], work)
        (finished := work / "finished").mkdir()
        os.rename(work / "emulator.so", finished / "emulator.so")
        shutil.rmtree(target.parent, ignore_errors=True)
        os.rename(finished, target.parent)


def _verilate(verilog: Path, top: str, control: str, waves: bool, work: Path,
              more: Sequence[str]) -> None:
    binary = find_tool("verilator").path
    (work / "control.vlt").write_text(control, encoding="utf-8")
    command = [str(binary.with_name("verilator_bin")), *VERILATE, "--Mdir", ".", "--top-module",
               top, *(["--trace-vcd"] if waves else []), *more, "control.vlt", str(verilog)]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False,
                          env={**os.environ, "VERILATOR_ROOT": str(binary.parents[1])})
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("%Error")]
        raise SimulationFault(f"{verilog}: Verilator refuses it: "
                              f"{said[0] if said else done.stderr.strip()[-500:]}")


def _units(work: Path, level: str, most: int) -> list[tuple[str, str]]:
    """Translation units of up to ``most`` bytes: file names and levels of optimisation.

    What runs once, at the start, is compiled without optimisation where it is large.
    """
    sources = sorted(work.glob("Vdut*.cpp"))
    sizes = {path.name: path.stat().st_size for path in sources}
    slow = [name for name in sizes if "__Slow" in name]
    fast = [name for name in sizes if "__Slow" not in name]
    if level == "-O0":
        fast, slow = [*fast, *slow], []
    if sum(sizes.values()) <= most:
        groups = [([*fast, *slow, "model.cpp"], level)]
    else:
        large = sum(sizes[name] > most // 4 for name in fast)
        count = min(large, -(-sum(sizes[name] for name in fast) // most))
        parts: list[list[str]] = [["model.cpp"], *([] for _ in range(count - 1))]
        for name in sorted(fast, key=lambda name: -sizes[name]):
            min(parts, key=lambda part: sum(sizes.get(k, 0) for k in part)).append(name)
        groups = [*((part, level) for part in parts), *([(slow, "-O0")] if slow else [])]
    units = []
    for number, (names, chosen) in enumerate(groups):
        text = "".join(f'#include "{name}"\n' for name in ("extend.h", *names))
        (work / (unit := f"unit{number}.cpp")).write_text(text, encoding="utf-8")
        units.append((unit, chosen))
    return units


def _compile_unit(work: Path, unit: str, level: str, waves: bool) -> Path:
    include = find_tool("verilator").path.parents[1] / "include"
    _run(["c++", level, *COMPILE, f"-DVM_TRACE={int(waves)}", f"-DVM_TRACE_VCD={int(waves)}",
          f"-I{include}", f"-I{include / 'vltstd'}", f"-I{NATIVE}", "-I.",
          "-c", "-o", f"{unit}.o", unit], work)
    return work / f"{unit}.o"


def _compile_shared(work: Path, source: str, folder: Path | None = None) -> Path:
    """An object that does not depend on the design, from the cache if it is there."""
    include = find_tool("verilator").path.parents[1] / "include"
    folder = include if folder is None else folder
    command = ["c++", "-O2" if folder == NATIVE else LEVEL, *COMPILE, f"-I{folder}", "-c",
               "-o", str(work / f"{source}.o"), str(folder / source)]
    if compile_object(command, runtime=folder, cache=cache_folder() / "objects"):
        raise RuntimeError(f"{source} does not compile: {' '.join(command)}")
    return work / f"{source}.o"


def _run(command: Sequence[str], work: Path) -> None:
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prune(folder: Path) -> None:
    """Remove libraries beyond the latest used; those in use stay mapped."""
    ages = sorted(((path.stat().st_mtime, path) for path in folder.glob("*/emulator.so")),
                  reverse=True)
    for _, path in ages[KEPT:]:
        shutil.rmtree(path.parent, ignore_errors=True)
