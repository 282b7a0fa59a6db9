"""Measure in a process of its own; keep results as JSON with the versions of the tools."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from gen.fetch import find_data
from sw_model.faults import InputFault

__all__ = ["RESULTS", "command", "cpu_seconds", "finish", "in_process", "model_file",
           "peak_megabytes", "save", "tell", "versions"]

#: Where results are kept; not tracked.
RESULTS = Path(__file__).parent / "results"

#: NumPy's libraries take as many threads as there are cores unless told otherwise.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                             "VECLIB_MAXIMUM_THREADS"), "1")


def model_file(name: str) -> Path:
    """A file below ``models/``; without it, the bench ends with what to do."""
    try:
        return find_data(f"models/{name}")
    except InputFault as fault:
        raise SystemExit(f"bench: {fault}") from fault


def in_process(module: str, arguments: Sequence[str], *, timeout: float | None = None,
               ) -> dict[str, Any] | None:
    """Run ``python -m module arguments``, on one thread, and read the JSON it ends with.

    None if ``timeout`` seconds passed.

    Raises
    ------
    RuntimeError
        If the process failed; the message has its last words.
    """
    root = Path(__file__).parents[1]
    try:
        done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=root, check=False,
                              capture_output=True, text=True, timeout=timeout,
                              env=os.environ | _ONE_THREAD)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise RuntimeError(f"python -m {module} {' '.join(arguments)} failed:\n{tail}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def tell(text: str) -> None:
    """Say on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


def finish(result: dict[str, Any], lines: Callable[[dict[str, Any]], list[str]], *,
           as_json: bool) -> None:
    """Keep a bench's result, and print it as JSON or as a table."""
    save(result["bench"], result)
    print(json.dumps(result) if as_json else "\n".join(lines(result)))


def command(name: str, description: str | None, measure: Callable[..., dict[str, Any]],
            lines: Callable[[dict[str, Any]], list[str]],
            arguments: Sequence[str] | None = None, *,
            markdown: Callable[[dict[str, Any]], list[str]] | None = None) -> int:
    """The command of a bench: measure, keep, print; 0.

    It has no options but ``--json`` and, with ``markdown``, the table of a page of the docs.
    """
    parser = argparse.ArgumentParser(prog=name, description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    if markdown is not None:
        parser.add_argument("--markdown", action="store_true", help="print the table of the docs")
    given = parser.parse_args(arguments)
    page = markdown if markdown is not None and given.markdown else lines
    finish(measure(tell), page, as_json=given.json)
    return 0


def cpu_seconds() -> float:
    """Processor time of this process and of those that it waited for."""
    return sum(use.ru_utime + use.ru_stime for use in
               map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def peak_megabytes() -> float:
    """The most memory that this process held, or one that it waited for."""
    # The system's count of a process begins with what its parent held: not so VmHWM.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = int(re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)[0])
    most = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return round(most * 1024 / 1e6, 1)


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python, of the machine's kind and of packages; missing ones are left out."""
    found = {"python": platform.python_version(), "machine": platform.machine(),
             "cores": str(os.cpu_count())}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def save(name: str, result: dict[str, Any]) -> Path:
    """Write ``results/<name>.json``."""
    RESULTS.mkdir(exist_ok=True)
    (path := RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n",
                                                  encoding="utf-8")
    return path
