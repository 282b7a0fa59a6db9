# amaranth: UnusedElaboratable=no
"""Every entry of the atlas: kinds of processing elements, their rows, and all other forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.pe import PE_KINDS
from hw.pe.rows import rows_of

from .blocks import block_entries
from .constants import constant_entries
from .entry import FAMILIES, PAIRS, Entry, Name, spec_of
from .multipliers import multiplier_entries
from .special import special_entries

__all__ = ["CLOCKED", "ROWS", "KindEntry", "RowsEntry", "entries"]

#: Rows that share activations, of kinds that gain from it.
ROWS = 8

#: Activations of such rows.
SHARED = "int8"

#: Most bits of the integers behind decoders: with more, an exact one is a fraction of any other.
DECODED = 10

#: Kinds that are made for DSP blocks, or may as well have them.
MULTIPLIED = ("parallel", "packed")


@dataclass(frozen=True)
class KindEntry(Entry):
    """One element of a kind of the catalogue."""

    @property
    def families(self) -> tuple[str, ...]:
        return _families(self.kind, self.activations, self.weights)

    @property
    def logic(self) -> tuple[str, ...]:
        return _logic(self.kind, self.families)

    @property
    def multiplied(self) -> tuple[str, ...]:
        return _multiplied(self.kind, self.families)

    def differs(self, family: str) -> bool:
        return _differs(self.kind, family)

    @property
    def cycles(self) -> int:
        return PE_KINDS[self.kind].interval_of(spec_of(self.activations, self.weights))

    def make(self, family: str = FAMILIES[0]) -> Any:
        kind = PE_KINDS[self.kind]
        return kind(spec_of(self.activations, self.weights), **kind.parameters(family))


@dataclass(frozen=True)
class RowsEntry(Entry):
    """:data:`ROWS` rows of a kind, which share what depends on activations alone."""

    of: str

    @property
    def families(self) -> tuple[str, ...]:
        return _families(self.of, self.activations, self.weights)

    @property
    def logic(self) -> tuple[str, ...]:
        return _logic(self.of, self.families)

    @property
    def multiplied(self) -> tuple[str, ...]:
        return _multiplied(self.of, self.families)

    def differs(self, family: str) -> bool:
        return _differs(self.of, family)

    @property
    def rows(self) -> int:
        return ROWS

    @property
    def note(self) -> str:
        return f"a row of {ROWS} that share activations"

    @property
    def cycles(self) -> int:
        return PE_KINDS[self.of].interval_of(spec_of(self.activations, self.weights))

    def make(self, family: str = FAMILIES[0]) -> Any:
        return rows_of(PE_KINDS[self.of], spec_of(self.activations, self.weights), ROWS,
                       family=family)


def _is_measured(kind: str, activations: str, weights: str) -> bool:
    """Whether an element takes the codes themselves, or integers not too wide behind decoders."""
    spec = spec_of(activations, weights)
    core = PE_KINDS[kind].core(spec)
    return core == spec or max(core.activations.width, core.weights.width) <= DECODED


def _families(kind: str, activations: str, weights: str) -> tuple[str, ...]:
    """Those whose cells a kind is made of and whose multipliers are wide enough for it."""
    make, spec = PE_KINDS[kind], spec_of(activations, weights)
    return tuple(family for family in FAMILIES if make.family in (None, family)
                 and make.refusal(spec, **make.parameters(family)) is None)


def _differs(kind: str, family: str) -> bool:
    """Whether elements are made as wide as the family's multipliers."""
    return bool(PE_KINDS[kind].parameters(family))


def _logic(kind: str, families: tuple[str, ...]) -> tuple[str, ...]:
    """What is made for multipliers says nothing without them."""
    return tuple(family for family in families if not _differs(kind, family))


def _multiplied(kind: str, families: tuple[str, ...]) -> tuple[str, ...]:
    wanted = ("xilinx", *(family for family in families if _differs(kind, family)))
    return tuple(family for family in families if kind in MULTIPLIED and family in wanted)


#: One representative of each kind and family of formats, of which the clock is measured too.
CLOCKED = (
    Name("parallel", "int8", "int8"), Name("binary", "bipolar", "bipolar"),
    Name("bit_weight", "int8", "int8"), Name("exact", "e4m3fn", "e4m3fn"),
    Name("exact", "posit<8,0>", "posit<8,0>"), Name("table", "e2m1", "e2m1"),
    Name("lut", "int8", "int2"), Name("ternary", "int8", "ternary"),
    Name("packed", "int8", "int4"), Name("weight_serial", "int8", "int4"),
    Name("booth", "int8", "int8"), Name("en_t", "int8", "int8"), Name("term", "int8", "e2m1"),
    Name("sherry", "int8", "sherry"),
    Name("parallel 2:4", "int8", "int8"), Name("accumulate", "int8", "int8"),
    Name("carry_save", "int8", "int8"), Name("adders", "int8", "constant int4"),
    Name("multi_precision", "int8", "int8"),
)


def entries() -> Iterator[Entry]:
    """Every kind with every pair of formats that it takes, and everything else."""
    for kind in PE_KINDS:
        for pair in PAIRS:
            if _families(kind, *pair) and _is_measured(kind, *pair):
                yield KindEntry(kind, *pair)
    for kind, make in PE_KINDS.items():
        for activations, weights in PAIRS if make.shared is not None else ():
            pair = activations, weights
            if activations == SHARED and _families(kind, *pair) and _is_measured(kind, *pair):
                yield RowsEntry(f"{kind} rows", *pair, kind)
    yield from multiplier_entries()
    yield from special_entries()
    yield from block_entries()
    yield from constant_entries()
