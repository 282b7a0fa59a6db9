"""Which build a bitstream is of: a number that the bitstream itself can tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sw_model.faults import InputFault
from verif.manifest import Manifest

from . import cache

__all__ = ["build_identity"]


def build_identity(folder: Path, tools: Mapping[str, str]) -> int:
    """128 bits that stand for plan, Verilog, memory images and tools.

    Parameters
    ----------
    folder : Path
        A build folder; one that somebody else made may lack a plan.
    tools : mapping of str to str
        Versions, by name: see :func:`boards.flow.tools_of`.

    Returns
    -------
    The first 128 bits of a SHA-256, above 0.

    Raises
    ------
    InputFault
        If a file cannot be read.
    """
    manifest = Manifest.load(folder)
    names = sorted(name for name in {manifest.verilog, *manifest.files}
                   if name == "plan.json" or name.startswith("rtl/") or name == manifest.verilog)
    parts: list[str | bytes] = ["gatemill build 1"]
    for name in names:
        try:
            parts += [name, (folder / name).read_bytes()]
        except OSError as error:
            raise InputFault(f"{folder / name}: cannot be read ({error.strerror})") from error
    parts += [text for item in sorted(tools.items()) for text in item]
    return int(cache.digest_of(parts)[:32], 16) or 1
