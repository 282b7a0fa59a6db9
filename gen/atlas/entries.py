# amaranth: UnusedElaboratable=no
"""Every entry of the atlas: kinds of processing elements, their rows, and all other forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.pe import PE_KINDS, DotSpec
from hw.pe.rows import rows_of

from .blocks import block_entries
from .constants import constant_entries
from .entry import FAMILIES, LANES, PAIRS, Entry, Name, spec_of
from .multipliers import multiplier_entries
from .special import special_entries

__all__ = ["CLOCKED", "ROWS", "KindEntry", "RowsEntry", "entries"]

#: Rows that share activations, of kinds that gain from it.
ROWS = 8

#: Activations of such rows.
SHARED = "int8"

#: Rows to a table of sums in LUT Tensor Core, and the weights for which there are so many here too.
WIDE, LOOKED_UP = 64, ("bipolar", "int2", "int4")

#: Lanes to an encoder of digits in the bit-weight paper.
ENCODED = 4

#: Kinds that may as well have DSP blocks, or make no sense without.
MULTIPLIED = ("parallel", "packed")


class CatalogueEntry(Entry):
    """What is made of a kind of the catalogue, by which its own kind begins."""

    @property
    def of(self) -> str:
        """The catalogue's kind."""
        return self.kind.split()[0]

    @property
    def families(self) -> tuple[str, ...]:
        return _families(self.of, self.activations, self.weights)

    @property
    def logic(self) -> tuple[str, ...]:
        return () if self.of == "packed" or PE_KINDS[self.of].multiplied else self.families

    @property
    def multiplied(self) -> tuple[str, ...]:
        if PE_KINDS[self.of].multiplied:
            return self.families
        wanted = ("xilinx", *filter(self.differs, self.families))
        return tuple(family for family in self.families
                     if self.of in MULTIPLIED and family in wanted)

    def differs(self, family: str) -> bool:
        return bool(PE_KINDS[self.of].parameters(family))

    @property
    def cycles(self) -> int:
        return PE_KINDS[self.of].interval_of(self._spec)

    @property
    def _spec(self) -> DotSpec:
        return spec_of(self.activations, self.weights)


@dataclass(frozen=True)
class KindEntry(CatalogueEntry):
    """One element of a kind."""

    def make(self, family: str = FAMILIES[0]) -> Any:
        kind = PE_KINDS[self.of]
        return kind(self._spec, **kind.parameters(family))


@dataclass(frozen=True)
class RowsEntry(CatalogueEntry):
    """Rows of a kind, which share what depends on activations alone."""

    count: int = ROWS
    lanes: int = LANES

    @property
    def rows(self) -> int:
        return self.count

    @property
    def note(self) -> str:
        few = "" if self.lanes == LANES else f", {self.lanes} pairs at a time"
        return f"a row of {self.count} that share activations{few}"

    @property
    def cycles(self) -> int:
        return super().cycles * LANES // self.lanes

    @property
    def _spec(self) -> DotSpec:
        return spec_of(self.activations, self.weights, self.lanes)

    def make(self, family: str = FAMILIES[0]) -> Any:
        return rows_of(PE_KINDS[self.of], self._spec, self.count, family=family)


def papers_entries() -> Iterator[RowsEntry]:
    """Rows of the size that papers have, where that is what their claims hang on."""
    for weights in LOOKED_UP:
        yield RowsEntry(f"lut rows of {WIDE}", SHARED, weights, count=WIDE)
    yield RowsEntry(f"sparse_encoded rows by {ENCODED}", SHARED, SHARED, lanes=ENCODED)


def _families(kind: str, activations: str, weights: str) -> tuple[str, ...]:
    """Those whose cells a kind is made of and whose multipliers are wide enough for it."""
    make, spec = PE_KINDS[kind], spec_of(activations, weights)
    return tuple(family for family in FAMILIES if make.family in (None, family)
                 and make.refusal(spec, **make.parameters(family)) is None)


#: Of which the clock is measured too, twenty at most, and other kinds that they stand for: an
#: element for each way to compute (products, look-up, bits, digits ...), and for each family of
#: formats.
CLOCKED: dict[Name, tuple[str, ...]] = {
    Name("parallel", "int8", "int8"): ("mixed",),
    Name("packed", "int8", "int4"): ("packed_ice40", "chain"),
    Name("bit_weight", "int8", "int8"): (),
    Name("carry_save_tree", "int8", "int8"): (),
    Name("binary", "bipolar", "bipolar"): (),
    Name("ternary", "int8", "ternary"): ("ternary_ecp5", "ternary_accumulate"),
    Name("exact", "e4m3fn", "e4m3fn"): (),
    Name("exact", "posit<8,0>", "posit<8,0>"): (),
    Name("table", "int8", "codebook<-8,-4,-2,-1,0,1,2,4>"): (),
    Name("lut", "int8", "int2"): ("serial_lut", "weight_table"),
    Name("weight_serial", "int8", "int4"): ("activation_serial", "booth", "csd", "en_t"),
    Name("sparse_encoded", "int8", "int8"): (),
    Name("term", "int8", "khot<8,5,2>"): ("group_dot",),
    Name("multi_precision", "int8", "int8"): (),
    Name("sherry", "int8", "sherry"): (),
    Name("parallel 2:4", "int8", "int8"): (),
    Name("accumulate", "int8", "int8"): (),
    Name("carry_save", "int8", "int8"): (),
    Name("block_dot", "mx<e4m3fn>", "mx<e4m3fn>"): (),
    Name("adders", "int8", "constant int4"): ("distributed", "serial_distributed", "grouped"),
}


def entries() -> Iterator[Entry]:
    """Every kind with every pair of formats that it takes, and everything else."""
    for kind in PE_KINDS:
        for pair in PAIRS:
            if _families(kind, *pair):
                yield KindEntry(kind, *pair)
    for kind, make in PE_KINDS.items():
        for activations, weights in PAIRS if make.shared is not None else ():
            pair = activations, weights
            if activations == SHARED and _families(kind, *pair):
                yield RowsEntry(f"{kind} rows", *pair)
    yield from papers_entries()
    yield from multiplier_entries()
    yield from special_entries()
    yield from block_entries()
    yield from constant_entries()
