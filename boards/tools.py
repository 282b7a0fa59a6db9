"""Programs: native where there is one on PATH, else out of a wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from sw_model.faults import ToolMissing

__all__ = ["Tool", "find_program"]


class Tool(msgspec.Struct, frozen=True):
    """A program: how to call it, and which one it is."""

    command: tuple[str, ...]
    version: str


def find_program(names: Sequence[str], package: str, start: str) -> Tool:
    """The first native program of ``names`` that is on PATH, or the wheel's.

    Parameters
    ----------
    names : sequence of str
    package : str
        Distribution with the program.
    start : str
        Python that starts it there; the arguments are in ``sys.argv``.

    Raises
    ------
    ToolMissing
        If there is neither; the message says what to type.
    """
    for name in names:
        if native := shutil.which(name):
            said = subprocess.run([native, "--version"], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False)
            words = (said.stdout + said.stderr).strip()
            # Some know no --version, and answer with their usage.
            return Tool((native,), words if words and not said.returncode else
                        f"{name} {hashlib.sha256(Path(native).read_bytes()).hexdigest()[:16]}")
    module = start.partition("from ")[2].split()[0].partition(".")[0]
    if importlib.util.find_spec(module) is None:
        raise ToolMissing(f"{names[0]} is neither on PATH nor installed: pip install {package}")
    return Tool((sys.executable, "-P", "-c", start), f"{package} {metadata.version(package)}")
