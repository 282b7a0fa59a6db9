# amaranth: UnusedElaboratable=no
"""Every entry of the atlas: kinds of processing elements, their rows, and all other forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.pe import PE_KINDS
from hw.pe.rows import rows_of

from .constants import constant_entries
from .entry import PAIRS, Entry, Name, spec_of
from .special import special_entries

__all__ = ["CLOCKED", "ROWS", "KindEntry", "RowsEntry", "entries"]

#: Rows that share activations, of kinds that gain from it.
ROWS = 8


@dataclass(frozen=True)
class KindEntry(Entry):
    """One element of a kind of the catalogue."""

    @property
    def family(self) -> str | None:
        return PE_KINDS[self.kind].family

    @property
    def cycles(self) -> int:
        return PE_KINDS[self.kind].interval_of(spec_of(self.activations, self.weights))

    def make(self) -> Any:
        return PE_KINDS[self.kind](spec_of(self.activations, self.weights))


@dataclass(frozen=True)
class RowsEntry(Entry):
    """:data:`ROWS` rows of a kind, which share what depends on activations alone."""

    of: str

    @property
    def rows(self) -> int:
        return ROWS

    @property
    def note(self) -> str:
        return f"a row of {ROWS} that share activations"

    @property
    def cycles(self) -> int:
        return PE_KINDS[self.of].interval_of(spec_of(self.activations, self.weights))

    def make(self) -> Any:
        return rows_of(PE_KINDS[self.of], spec_of(self.activations, self.weights), ROWS)


#: One representative of each kind and family of formats, of which the clock is measured too.
CLOCKED = (
    Name("parallel", "int8", "int8"), Name("binary", "bipolar", "bipolar"),
    Name("bit_weight", "int8", "int8"), Name("exact", "e4m3fn", "e4m3fn"),
    Name("exact", "posit<8,0>", "posit<8,0>"), Name("table", "e2m1", "e2m1"),
    Name("lut", "int8", "int2"), Name("ternary", "int8", "ternary"),
    Name("packed", "int8", "int4"), Name("weight_serial", "int8", "int4"),
    Name("booth", "int8", "int8"), Name("en_t", "int8", "int8"), Name("term", "int8", "e2m1"),
    Name("sherry", "int8", "sherry"), Name("weight_table", "int8", "int4"),
    Name("parallel 2:4", "int8", "int8"), Name("accumulate", "int8", "int8"),
    Name("carry_save", "int8", "int8"), Name("adders", "int8", "constant int4"),
    Name("multi_precision", "int8", "int8"),
)


def entries() -> Iterator[Entry]:
    """Every kind with every pair of formats that it takes, and everything else."""
    for kind, make in PE_KINDS.items():
        for pair in PAIRS:
            if make.refusal(spec_of(*pair)) is None:
                yield KindEntry(kind, *pair)
    for kind, make in PE_KINDS.items():
        # Activations are worth sharing where they are wider than the weights.
        for activations, weights in PAIRS:
            if (make.shared is not None and activations == "int8"
                    and make.refusal(spec_of(activations, weights)) is None):
                yield RowsEntry(f"{kind} rows", activations, weights, kind)
    yield from special_entries()
    yield from constant_entries()
