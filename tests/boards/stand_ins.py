"""Stand-ins for tools, on PATH as native ones: what they were called with, what they answer.

Their version is their folder, so that no test takes from the cache what another one put there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

__all__ = ["REPORT", "calls", "interleaved", "stand_in", "tools_for_ice40", "waits_for"]

_Result = TypeVar("_Result")

#: A small design that reaches 40 MHz.
REPORT: dict[str, Any] = {
    "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": [
        {"delay": 25.0, "from": {"cell": "a", "port": "Q"}, "to": {"cell": "b", "port": "D"}}]}],
    "fmax": {"clk$SB_IO_IN_$glb_clk": {"achieved": 40.0, "constraint": 12.0}},
    "utilization": {"ICESTORM_LC": {"used": 7, "available": 5280}},
}

_SCRIPT = """#!/bin/sh
if [ "$1" = --version ]; then echo "{name} {folder}"; exit 0; fi
echo "$@" >> "{folder}/{name}.calls"
cat "{folder}/{name}.says"
. "{folder}/{name}.does"
exit $(cat "{folder}/{name}.code")
"""


def stand_in(folder: Path, name: str, does: str = "", *, says: str = "", code: int = 0) -> None:
    """Put a program called ``name`` into ``folder``, or change what it does.

    Parameters
    ----------
    does : str
        Shell commands, run in the working folder with the arguments.
    says, code
        Its words and its exit code.
    """
    (program := folder / name).write_text(_SCRIPT.format(name=name, folder=folder))
    program.chmod(0o755)
    (folder / f"{name}.says").write_text(says)
    (folder / f"{name}.does").write_text(does)
    (folder / f"{name}.code").write_text(str(code))


def calls(folder: Path, name: str) -> list[list[str]]:
    """What a stand-in was called with, each time."""
    path = folder / f"{name}.calls"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def tools_for_ice40(folder: Path, report: dict[str, Any] = REPORT) -> None:
    """nextpnr and icepack for iCE40: both write what the next one reads."""
    (folder / "given.json").write_text(json.dumps(report))
    stand_in(folder, "nextpnr-ice40",
             f'cp "{folder}/given.json" report.json; cat pins.pcf > routed; cat pins.pcf',
             says="Info: Packing constants..\n")
    stand_in(folder, "icepack", "{ echo packed; cat routed; } > packed")


def waits_for(folder: Path, word: str, file: str) -> str:
    """Shell commands for :func:`interleaved`: who finds ``word`` in ``file`` waits there."""
    return (f'if grep -q {word} {file}; then touch "{folder}/waits"; '
            f'while [ ! -e "{folder}/go" ]; do sleep 0.02; done; fi; ')


def interleaved(folder: Path, first: Callable[[], _Result], second: Callable[[], _Result]
                ) -> tuple[_Result, _Result]:
    """What both give where the second runs from start to end while the first one's tool waits."""
    with ThreadPoolExecutor() as pool:
        running, end = pool.submit(first), monotonic() + 10
        try:
            while not (folder / "waits").exists():
                assert monotonic() < end, "the first tool did not start"
                sleep(0.02)
            whole = second()
        finally:
            (folder / "go").touch()
        return running.result(), whole
