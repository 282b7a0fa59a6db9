"""Components side by side in one emulator."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path

from amaranth.lib import wiring

from hw.verilog import to_verilog
from verif.emulator import Emulator
from verif.manifest import Manifest, Stream

from .bundle import Bundle

__all__ = ["emulator_of"]


def emulator_of(components: Sequence[wiring.Component], streams: Sequence[Stream], folder: Path, *,
                images: Mapping[str, str] | None = None, quick: bool = True) -> Emulator:
    """The emulator of ``components``, whose streams begin with ``u0__``, ``u1__`` and so on.

    Parameters
    ----------
    components : sequence of wiring.Component
    streams : sequence of Stream
        What they are called in the top module, and what they carry.
    folder : Path
        New; becomes a build folder without a network.
    images : mapping of str to str, optional
        Memory images by file name.
    quick : bool
        Whether to compile for short runs.
    """
    (folder / "rtl").mkdir(parents=True)
    # Nearly all objects stay until the end: looking for garbage takes a sixth of the time.
    gc.disable()
    try:
        verilog = to_verilog(Bundle(components), "bundle")
    finally:
        gc.enable()
    (folder / "rtl/bundle.v").write_text(verilog, encoding="utf-8")
    for name, text in (images or {}).items():
        (folder / "rtl" / name).write_text(text, encoding="ascii")
    Manifest(name="bundle", top="bundle", verilog="rtl/bundle.v", gatemill="test",
             streams=tuple(streams)).save(folder)
    return Emulator(folder, taps=False, quick=quick)
