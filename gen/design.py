"""What assembly hands to emission: a component and everything that must be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amaranth.lib import wiring

from gen.mapping.plan import Plan
from verif.manifest import Stream, Tap

__all__ = ["Design", "MemoryImage"]


@dataclass(frozen=True)
class MemoryImage:
    """Contents of a memory.

    Parameters
    ----------
    name : str
        The file is called ``<name>.mem``.
    words : tuple of int
        Bit patterns.
    width : int
        Bits of a word.
    layout : str
        What stands where, for people.
    tensors : tuple of str
        Constants of the network that it holds.
    where : str
        Kind of memory, as :class:`gen.mapping.plan.WeightPlace` has it.
    """

    name: str
    words: tuple[int, ...]
    width: int
    layout: str
    tensors: tuple[str, ...]
    where: Literal["block_rom", "lut_rom", "rom", "logic"]

    @property
    def file(self) -> str:
        """Name of the image."""
        return f"{self.name}.mem"

    @property
    def bytes(self) -> int:
        """Size of the region, its last byte filled up."""
        return -(-len(self.words) * self.width // 8)

    def text(self) -> str:
        """Lines for ``$readmemh``: ``ceil(width / 4)`` digits each."""
        digits = -(-self.width // 4)
        return "".join(f"{word:0{digits}x}\n" for word in self.words)


@dataclass(frozen=True)
class Design:
    """A component to be emitted as the top module ``name``."""

    name: str
    component: wiring.Component
    memories: tuple[MemoryImage, ...]
    streams: tuple[Stream, ...]
    taps: tuple[Tap, ...]
    plan: Plan
