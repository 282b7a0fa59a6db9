"""What the atlas measures: a component, and how much of the work that is equal it does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

from hw.pe import DotSpec
from sw_model.formats import parse_format

__all__ = ["LANES", "PAIRS", "Entry", "Name", "spec_of"]

#: Pairs of each dot product: the equal work. Who takes fewer at once takes more cycles.
LANES = 16

#: Activations and weights, from one bit to sixteen: integers, floats of OCP, posits, tables.
PAIRS = (
    ("bipolar", "bipolar"), ("int8", "bipolar"), ("int8", "ternary"), ("int2", "int2"),
    ("int8", "int2"), ("int4", "int4"), ("int8", "int4"), ("int6", "int6"), ("int8", "int8"),
    ("e2m1", "e2m1"), ("int8", "e2m1"), ("e2m3", "e2m3"), ("e3m2", "e3m2"), ("e4m3fn", "e4m3fn"),
    ("e5m2", "e5m2"), ("posit<4,1>", "posit<4,1>"), ("posit<8,0>", "posit<8,0>"),
    ("posit<16,1>", "posit<16,1>"), ("int8", "codebook<-8,-4,-2,-1,0,1,2,4>"),
    ("int8", "khot<8,5,2>"),
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
    def family(self) -> str | None:
        """The family whose cells it is made of; None if any will do."""
        return None

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

    @property
    def latency(self) -> int:
        """From operands to result: the last ones', of what takes several words."""
        return int(self.make().latency)

    @abstractmethod
    def make(self) -> Any:
        """The component, which has a ``latency``; not elaborated."""


def spec_of(activations: str, weights: str, lanes: int = LANES) -> DotSpec:
    """A dot product of so many pairs."""
    return DotSpec(parse_format(activations), parse_format(weights), lanes)
