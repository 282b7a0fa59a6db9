"""Many designs in one top, so that one compilation of the emulator serves them all."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gen.design import Design
from hw.verilog import to_verilog
from verif.emulator import Emulator
from verif.manifest import Manifest

from .bundle import Bundle

__all__ = ["emulate"]


def emulate(designs: Sequence[Design], folder: Path) -> Emulator:
    """The emulator of ``designs`` side by side, for short runs, in a build folder at ``folder``.

    Design ``k``, whose memories must be named unlike those of others, has the streams
    ``u<k>__<name>`` of tensors ``n<k>_<tensor>``.
    """
    (folder / "rtl").mkdir(parents=True)
    # Nearly all objects stay until the end: looking for garbage takes a sixth of the time.
    gc.disable()
    try:
        verilog = to_verilog(Bundle([design.component for design in designs]), "bundle")
    finally:
        gc.enable()
    (folder / "rtl/bundle.v").write_text(verilog, encoding="utf-8")
    streams = []
    for k, design in enumerate(designs):
        for image in design.memories:
            (folder / "rtl" / image.file).write_text(image.text(), encoding="ascii")
        streams += [msgspec.structs.replace(s, name=f"u{k}__{s.name}", tensor=f"n{k}_{s.tensor}")
                    for s in design.streams]
    Manifest(name="bundle", top="bundle", verilog="rtl/bundle.v", gatemill="test",
             streams=tuple(streams)).save(folder)
    return Emulator(folder, taps=False, quick=True)
