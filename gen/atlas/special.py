# amaranth: UnusedElaboratable=no
"""Elements with a contract of their own: sparse and Sherry's weights, tables, accumulators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.arith.ternary_add import PRIMITIVES
from hw.array.group_dot import GroupDot, GroupDotSpec
from hw.pe import PE_KINDS
from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.carry_save import CarrySaveAccumulate
from hw.pe.lut_tile import LutTile
from hw.pe.multi_precision import MultiPrecisionSum
from hw.pe.sherry import SherryDotProduct
from hw.pe.sparse import SparseDotProduct, SparseDotSpec
from hw.pe.ternary_accumulate import TernaryAccumulate
from hw.pe.weight_table import WeightTable
from sw_model.formats import CodedFormat, IntFormat, parse_format
from sw_model.formats.blocks.bitmod import BitModFormat, selected_codes
from sw_model.formats.sparse import SparseFormat
from sw_model.specs.precision import Precision

from .entry import FAMILIES, LANES, PAIRS, Entry, spec_of

__all__ = ["BEHIND", "SPARSE", "AccumulateEntry", "GroupDotEntry", "LutTileEntry",
           "PrecisionEntry", "SherryEntry", "SparseEntry", "TernaryAccumulateEntry",
           "WeightTableEntry", "special_entries"]

#: Weights of one code of Sherry's.
SHERRY = 4

#: Forms of elements with their accumulator, and how wide that is: the papers' 32 bits.
ACCUMULATES = {"accumulate": MultiplyAccumulate, "carry_save": CarrySaveAccumulate}
ACCUMULATOR = IntFormat(32)

#: Pairs that BitMoD's element takes at once, its groups' scales, and groups of 4096 weights.
AT_ONCE, SCALE, GROUPS = 4, IntFormat(7, signed=False), 32

#: Pairs of formats: a bit more of the activations makes no difference here.
SIGNED = tuple(pair for pair in PAIRS if pair[0] != "uint8")

#: Vectors and rows of LUT Tensor Core's tile, and weights, up to the six bits of its claim.
VECTORS, TILE_ROWS, TILE_WEIGHTS = 2, 64, ("bipolar", "int2", "int4", "int6")

#: N:M, and what stands behind it.
SPARSE, BEHIND = ((2, 4), (2, 8)), (("parallel", "int8", "int8"), ("lut", "int8", "int4"),
                                    ("exact", "e4m3fn", "e4m3fn"))


@dataclass(frozen=True)
class SherryEntry(Entry):
    """Sixteen weights, of which twelve are not zero."""

    @property
    def note(self) -> str:
        return f"{LANES // SHERRY} codes of {SHERRY} weights, one of them zero"

    @property
    def cycles(self) -> int:
        return SherryDotProduct.interval

    def make(self, family: str = FAMILIES[0]) -> Any:
        return SherryDotProduct(parse_format(self.activations), LANES // SHERRY)


@dataclass(frozen=True)
class LutTileEntry(Entry):
    """A tile of as many vectors and rows as LUT Tensor Core has, the weights' bits in turn."""

    @property
    def rows(self) -> int:
        return VECTORS * TILE_ROWS

    @property
    def note(self) -> str:
        return f"{VECTORS} vectors and {TILE_ROWS} rows, which share weights and tables"

    @property
    def cycles(self) -> int:
        return int(self.make().interval)

    def make(self, family: str = FAMILIES[0]) -> Any:
        return LutTile(spec_of(self.activations, self.weights), VECTORS, TILE_ROWS, serial=True)


@dataclass(frozen=True)
class WeightTableEntry(Entry):
    """Tables of weights, loaded before: a bit of the activations a cycle."""

    @property
    def note(self) -> str:
        return "weights stay for many vectors, their load is not counted"

    @property
    def cycles(self) -> int:
        return int(self.make().interval)

    def make(self, family: str = FAMILIES[0]) -> Any:
        return WeightTable(spec_of(self.activations, self.weights))


@dataclass(frozen=True)
class SparseEntry(Entry):
    """A kind behind multiplexers, for as many blocks as have sixteen weights, zeros included."""

    behind: str
    keep: int
    of: int
    dense: bool = False

    @property
    def _spec(self) -> SparseDotSpec:
        form = SparseFormat(self.keep, self.of, parse_format(self.weights))
        return SparseDotSpec(parse_format(self.activations), form, LANES // self.of)

    @property
    def note(self) -> str:
        lanes = self._spec.dot.lanes
        return f"{lanes} lanes in its dense mode" if self.dense else (
            f"{lanes} lanes for {LANES} weights, the others zero")

    @property
    def cycles(self) -> int:
        turns = self._spec.turns if self.dense else 1
        return turns * PE_KINDS[self.behind].interval_of(self._spec.dot)

    def make(self, family: str = FAMILIES[0]) -> Any:
        return SparseDotProduct(PE_KINDS[self.behind], self._spec)


@dataclass(frozen=True)
class AccumulateEntry(Entry):
    """A pair a cycle, and one cycle more that ends a sum."""

    @property
    def note(self) -> str:
        return f"a pair a cycle into {ACCUMULATOR}, and a cycle to clear"

    @property
    def cycles(self) -> int:
        return LANES + 1

    def make(self, family: str = FAMILIES[0]) -> Any:
        return ACCUMULATES[self.kind](spec_of(self.activations, self.weights, 1), ACCUMULATOR)


@dataclass(frozen=True)
class TernaryAccumulateEntry(AccumulateEntry):
    """A ternary pair a cycle, and one cycle more that ends a sum."""

    primitive: str = "any"

    @property
    def families(self) -> tuple[str, ...]:
        return FAMILIES if self.primitive == "any" else (self.primitive,)

    def make(self, family: str = FAMILIES[0]) -> Any:
        return TernaryAccumulate(parse_format(self.activations), ACCUMULATOR, self.primitive)


@dataclass(frozen=True)
class GroupDotEntry(Entry):
    """BitMoD's element with what is behind it: four pairs at a time, in groups."""

    width: int

    @property
    def note(self) -> str:
        return (f"{AT_ONCE} pairs at a time, with sums and scales of {GROUPS} groups of "
                f"{self._size}")

    @property
    def cycles(self) -> int:
        return int(self.make().step) * LANES // AT_ONCE

    @property
    def _size(self) -> int:
        return BitModFormat(self.width).size

    def make(self, family: str = FAMILIES[0]) -> Any:
        return GroupDot(GroupDotSpec(
            parse_format(self.activations), selected_codes(self.width), SCALE, AT_ONCE,
            self._size, GROUPS, selector=2))


@dataclass(frozen=True)
class PrecisionEntry(Entry):
    """One element for all precisions, and in each as many words as have sixteen pairs."""

    mode: Precision

    @property
    def note(self) -> str:
        pairs = "a pair" if self.mode.lanes == 1 else f"{self.mode.lanes} pairs"
        return f"{pairs} a cycle; the same element has {len(Precision)} formats"

    @property
    def cycles(self) -> int:
        return LANES // self.mode.lanes

    def make(self, family: str = FAMILIES[0]) -> Any:
        # As many words as any precision needs for the sum.
        return MultiPrecisionSum(LANES)


def special_entries() -> Iterator[Entry]:
    """All of them."""
    for activations in ("int4", "int8"):
        yield SherryEntry("sherry", activations, "sherry")
    for weights in TILE_WEIGHTS:
        yield LutTileEntry("serial_lut tile", "int8", weights)
    for pair in SIGNED:
        if WeightTable.refusal(spec_of(*pair)) is None:
            yield WeightTableEntry("weight_table", *pair)
    for behind, activations, weights in BEHIND:
        for keep, of in SPARSE:
            for dense in (False, True):
                kind = f"{behind} {keep}:{of}{', dense' if dense else ''}"
                yield SparseEntry(kind, activations, weights, behind, keep, of, dense)
    for kind in ACCUMULATES:
        for pair in SIGNED:
            if not any(isinstance(parse_format(name), CodedFormat) for name in pair):
                yield AccumulateEntry(kind, *pair)
    for primitive in PRIMITIVES:
        kind = "ternary_accumulate" + (f" {primitive}" if primitive != "any" else "")
        yield TernaryAccumulateEntry(kind, "int8", "ternary", primitive)
    for width in (3, 4):
        yield GroupDotEntry("group_dot", "int8", f"bitmod<{width}>", width)
    for mode in Precision:
        name = str(mode.format)
        yield PrecisionEntry("multi_precision", name, name, mode)
