"""Many designs in one top, so that one compilation of the emulator serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gen.design import Design
from verif.emulator import Emulator

from .emulated import emulator_of

__all__ = ["emulate"]


def emulate(designs: Sequence[Design], folder: Path) -> Emulator:
    """The emulator of ``designs`` side by side, for short runs, in a build folder at ``folder``.

    Design ``k``, whose memories must be named unlike those of others, has the streams
    ``u<k>__<name>`` of tensors ``n<k>_<tensor>``.
    """
    streams = [msgspec.structs.replace(s, name=f"u{k}__{s.name}", tensor=f"n{k}_{s.tensor}")
               for k, design in enumerate(designs) for s in design.streams]
    images = {image.file: image.text() for design in designs for image in design.memories}
    return emulator_of([design.component for design in designs], streams, folder, images=images)
