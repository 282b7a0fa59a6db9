# amaranth: UnusedElaboratable=no
"""Chains in the atlas, which are made for one family's DSP blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.array.chain import ChainSpec, DspChain
from hw.pe.packing import PORTS
from sw_model.formats import parse_format

from .entry import LANES, Entry

__all__ = ["ChainEntry", "multiplier_entries"]

#: Vectors that a chain multiplies at once, as FlightLLM has it.
VECTORS = 2


@dataclass(frozen=True)
class ChainEntry(Entry):
    """A chain of multipliers, each for two vectors, cut at run time: all sixteen for one row,
    each of which picks its activation of sixteen."""

    @property
    def families(self) -> tuple[str, ...]:
        return ("xilinx",)

    @property
    def logic(self) -> tuple[str, ...]:
        return ()

    @property
    def multiplied(self) -> tuple[str, ...]:
        return self.families

    @property
    def rows(self) -> int:
        return VECTORS

    @property
    def note(self) -> str:
        return f"of {VECTORS} vectors, {self._spec.length} multipliers that pick their activation"

    @property
    def cycles(self) -> int:
        return DspChain.interval

    @property
    def _spec(self) -> ChainSpec:
        return ChainSpec(parse_format(self.activations), parse_format(self.weights), of=LANES,
                         length=LANES, vectors=VECTORS, ports=PORTS["xilinx"])

    def make(self, family: str = "xilinx") -> Any:
        return DspChain(self._spec)


def multiplier_entries() -> Iterator[Entry]:
    """All of them, with int8 activations."""
    yield ChainEntry("chain", "int8", "int8")
