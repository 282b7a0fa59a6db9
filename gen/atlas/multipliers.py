# amaranth: UnusedElaboratable=no
"""Elements in the atlas that are made for one family's DSP blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.array.chain import ChainSpec, DspChain
from hw.pe import MixedDotProduct
from hw.pe.packing import PORTS
from sw_model.formats import parse_format

from .entry import LANES, Entry, spec_of

__all__ = ["ChainEntry", "TwoProductsEntry", "multiplier_entries"]

#: Vectors that a chain multiplies at once, as FlightLLM has it.
VECTORS = 2


@dataclass(frozen=True)
class TwoProductsEntry(Entry):
    """Two lanes in each DSP block of an iCE40, which are asked for and not inferred."""

    @property
    def families(self) -> tuple[str, ...]:
        return ("ice40",)

    @property
    def note(self) -> str:
        return "two lanes in each SB_MAC16"

    @property
    def cycles(self) -> int:
        return 1

    def make(self, family: str = "ice40") -> Any:
        return MixedDotProduct(spec_of(self.activations, self.weights), multipliers=LANES,
                               primitive=family)


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
    for weights in ("int4", "int8"):
        yield TwoProductsEntry("two_products", "int8", weights)
    yield ChainEntry("chain", "int8", "int8")
