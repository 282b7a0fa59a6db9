"""Figures and netlist of a design, by Yosys in a process of its own, cached by content."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from sw_model.faults import Fault, InputFault, ToolMissing, Verdict

from . import cache
from .families import family
from .figures import Figures, figures_of
from .flows import Command, Options, commands
from .liberty import cell_areas, find_library
from .logs import important_line, read_log, yosys_phase
from .process import Progress, run

__all__ = ["Options", "run_commands", "synthesis_depends_on", "synthesise", "version"]

#: Changes whenever cached figures would mean something else.
_SCHEMA = "figures 2"

_WORKER = Path(__file__).with_name("yosys_worker.py")


def version() -> str:
    """Version of Yosys.

    Raises
    ------
    ToolMissing
        If pyosys is not installed.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise ToolMissing("Yosys is missing: pip install pyosys")
    return f"pyosys {metadata.version('pyosys')}"


def synthesis_depends_on(target: str, top: str, options: Options) -> list[str | bytes]:
    """All that figures depend on, but the design and the library of standard cells."""
    return [_SCHEMA, version(), _WORKER.read_bytes(), repr(family(target)),
            json.dumps(commands(target, top, options))]


def run_commands(script: Sequence[Command], *, subject: str, cwd: Path, log: Path,
                 progress: Progress | None = None) -> None:
    """Run Yosys commands in ``cwd``.

    Raises
    ------
    InputFault
        If Yosys refuses what it was given; the message has its reason and the log's path.
    Verdict
        If it crashed, or the machine ran out of memory.
    """
    version()
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gatemill-") as folder:
        (file := Path(folder) / "commands.json").write_text(json.dumps(list(script)),
                                                            encoding="utf-8")
        # -P: neither the working folder nor this one may lend modules to Yosys's Python.
        code = run([sys.executable, "-P", str(_WORKER), str(file)], cwd=cwd, log=log,
                   progress=progress, phase=yosys_phase)
    if code:
        kind: type[Fault] = Verdict if code < 0 else InputFault
        reason = important_line(read_log(log), code)
        raise kind(f"Yosys could not synthesise {subject}: {reason} (log: {log})")


def synthesise(verilog: Path, top: str, target: str, *, options: Options | None = None,
               cwd: Path | None = None, log: Path | None = None,
               progress: Progress | None = None) -> Figures:
    """Map a design to the cells of a family.

    Parameters
    ----------
    verilog : Path
        One file with all modules.
    top : str
        Name of the top module.
    target : str
        Name of the family.
    options : Options, optional
    cwd : Path, optional
        Where the memory images named in the Verilog are; the Verilog's folder if not given.
    log : Path, optional
        Where Yosys's words go; into the cache if not given.
    progress : callable, optional
        Told the pass that runs.

    Returns
    -------
    Figures, from the cache if these very files, options and tools gave them before.

    Raises
    ------
    InputFault, Verdict, ToolMissing
        One line each, with the log's path where there is a log.
    """
    options = options or Options()
    kind = family(target)
    folder = (cwd or verilog.parent).resolve()
    try:
        source = verilog.read_bytes()
    except OSError as error:
        raise InputFault(f"{verilog}: cannot be read ({error.strerror})") from error
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", top):
        raise InputFault(f"top must be a Verilog identifier, not {top!r}")
    liberty = find_library() if target == "ihp" else None
    images = _images(source, folder)
    key = cache.digest_of([
        *synthesis_depends_on(kind.name, top, options),
        liberty.read_bytes() if liberty else "", source, top,
        *(part for image in images for part in (image.name, image.read_bytes()))])
    log = log or cache.root() / "logs" / f"{top}-{target}-{key[:12]}.log"

    def fill(fresh: Path) -> None:
        flow = commands(kind.name, top, options, liberty=_quoted(liberty) if liberty else "")
        # A bare name where it can be one: it stands in the netlist as each cell's source.
        name = verilog.resolve()
        name = Path(name.name) if name.parent == folder else name
        # -defer: a parametrised module is read only with the parameters it is placed with.
        # Families bring their primitives, and check that nothing else is missing.
        # rename: ABC9 calls bit 0 of `word` just what Amaranth calls a view of it, `word[0]`,
        # and stops at the clash (YosysHQ/yosys#4349); ports have no such names.
        run_commands([f"read_verilog -defer {_quoted(name)}",
                      f"hierarchy -top {top}", "rename -unescape w:*[[]* x:* %d", *flow,
                      f"tee -q -o {_quoted(fresh / 'stat.json')} stat -json",
                      "select *",
                      f"write_json -noscopeinfo -selected {_quoted(fresh / 'netlist.json')}"],
                     subject=top, cwd=folder, log=log, progress=progress)
        netlist = (fresh / "netlist.json").read_bytes()
        found = figures_of(json.loads((fresh / "stat.json").read_text(encoding="utf-8")),
                           json.loads(netlist), family=kind, top=top, yosys=version(),
                           areas=cell_areas(liberty) if liberty else None)
        (fresh / "figures.json").write_bytes(msgspec.json.encode(found))
        (fresh / "netlist.json.gz").write_bytes(gzip.compress(netlist, 3, mtime=0))
        (fresh / "netlist.json").unlink()
        shutil.copyfile(log, fresh / "yosys.log")

    entry, hit = cache.cached("yosys", key, fill)
    if hit:
        log.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry / "yosys.log", log)
    figures = msgspec.json.decode((entry / "figures.json").read_bytes(), type=Figures)
    return msgspec.structs.replace(figures, netlist=str(entry / "netlist.json.gz"),
                                   log=str(log), cached=hit)


def _images(source: bytes, folder: Path) -> list[Path]:
    """Files in ``folder`` that the Verilog names in quotes: the memory images."""
    names = set(re.findall(rb'"([^"\n]+)"', source))
    paths = (folder / name.decode(errors="replace") for name in names)
    return sorted(path for path in paths if path.is_file())


def _quoted(path: Path) -> str:
    return f'"{path}"'
