"""What the atlas measures: a component, and how much of the work that is equal it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

from hw.pe import DotSpec
from sw_model.formats import parse_format

__all__ = ["FAMILIES", "LANES", "PAIRS", "Entry", "Name", "spec_of"]

#: Pairs of each dot product: the equal work. Who takes fewer at once takes more cycles.
LANES = 16

#: Whose cells are counted: FPGAs, and a library of standard cells.
FAMILIES = ("ecp5", "ice40", "xilinx", "ihp")

#: Activations and weights, from one bit to sixteen: integers with signs and without, floats of
#: OCP and of IEEE, posits, tables.
PAIRS = (
    ("bipolar", "bipolar"), ("int8", "bipolar"), ("int8", "ternary"), ("int2", "int2"),
    ("int8", "int2"), ("int4", "int4"), ("int8", "int4"), ("int6", "int6"), ("int8", "int8"),
    ("uint8", "int8"), ("int16", "int16"), ("e2m1", "e2m1"), ("int8", "e2m1"), ("e2m3", "e2m3"),
    ("e3m2", "e3m2"), ("e4m3fn", "e4m3fn"), ("e5m2", "e5m2"), ("fp16", "fp16"), ("bf16", "bf16"),
    ("posit<4,1>", "posit<4,1>"), ("posit<8,0>", "posit<8,0>"), ("posit<16,1>", "posit<16,1>"),
    ("int8", "codebook<-8,-4,-2,-1,0,1,2,4>"), ("int8", "khot<8,5,2>"),
)


class Name(NamedTuple):
    """By which a row of the table is found."""

    kind: str
    activations: str
    weights: str


@dataclass(frozen=True)
class Entry(ABC):
    """A component that computes dot products of :data:`LANES` pairs, alone or with others.

    Parameters
    ----------
    kind, activations, weights : str
        Together, the name of its row.
    """

    kind: str
    activations: str
    weights: str

    @property
    def name(self) -> Name:
        return Name(self.kind, self.activations, self.weights)

    @property
    def families(self) -> tuple[str, ...]:
        """Those of :data:`FAMILIES` for which it can be made."""
        return FAMILIES

    @property
    def logic(self) -> tuple[str, ...]:
        """Families for which it makes sense without their DSP blocks."""
        return self.families

    @property
    def multiplied(self) -> tuple[str, ...]:
        """Families, beside ECP5, of which the DSP blocks count too."""
        return ()

    def differs(self, family: str) -> bool:
        """Whether what is made for a family is another component than the first one's."""
        return False

    @property
    def rows(self) -> int:
        """Dot products that it computes at once: what it takes is divided by these."""
        return 1

    @property
    def note(self) -> str:
        """How it comes to do the equal work, where that is not plain."""
        return ""

    @property
    @abstractmethod
    def cycles(self) -> int:
        """From one dot product (of each row) to the next: the most, of kinds that skip zeros."""

    @abstractmethod
    def make(self, family: str = FAMILIES[0]) -> Any:
        """The component as it is for a family, not elaborated. Its ``latency`` is from operands
        to result: the last ones', of what takes several words."""


def spec_of(activations: str, weights: str, lanes: int = LANES) -> DotSpec:
    """A dot product of so many pairs."""
    return DotSpec(parse_format(activations), parse_format(weights), lanes)
