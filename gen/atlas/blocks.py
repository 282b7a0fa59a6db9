# amaranth: UnusedElaboratable=no
"""Block formats in the atlas: exact sums of runs, their scales, and one sum across blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hw.array.block_dot import BlockDot
from sw_model.formats import Float32Format, Format, parse_format
from sw_model.formats.blocks import BlockFormat, parse_block_format
from sw_model.formats.blocks.runs import run_format
from sw_model.specs import BlockDotSpec

from .entry import FAMILIES, LANES, Entry

__all__ = ["BLOCKS", "BlockEntry", "block_entries"]

#: Activations and weights: MX, NVIDIA's and plain block floating point with themselves; GGUF's
#: weights with its eight-bit activations, or such as have no scale of their own.
BLOCKS = (*((form, form) for form in (
    "mxint8", "mx<e2m1>", "mx<e2m3>", "mx<e3m2>", "mx<e4m3fn>", "mx<e5m2>", "nvfp4", "nvint4",
    "bfp<8,16>", "olive<int4>")), *(("q8_0", form) for form in (
        "q4_0", "q4_1", "q4_k", "q6_k", "tq1_0", "tq2_0", "stq1_0", "iq4_nl", "gguf_mxfp4",
        "gguf_nvfp4")), ("int8", "bitmod<4>"))

#: Rows, which share the sum across blocks, and most elements of a run.
ROWS, LONGEST = 8, 32

#: Blocks of a sum.
RUNS = 64


def _form(text: str) -> BlockFormat | Format:
    try:
        return parse_block_format(text)
    except ValueError:
        return parse_format(text)


@dataclass(frozen=True)
class BlockEntry(Entry):
    """Rows of a run's elements, as many at a time as keep the sum across blocks busy."""

    @property
    def rows(self) -> int:
        return ROWS

    @property
    def note(self) -> str:
        return (f"a row of {ROWS} into float32, {self._lanes} pairs at a time, with the scales of "
                f"{self._spec.size}")

    @property
    def cycles(self) -> int:
        return -(-int(self.make().interval) * LANES // self._spec.size)

    @property
    def _spec(self) -> BlockDotSpec:
        activations, weights = (run_format(_form(text))
                                for text in (self.activations, self.weights))
        sizes = [form.size for form in (activations, weights) if form.size]
        return BlockDotSpec(activations=activations, weights=weights, size=min([LONGEST, *sizes]),
                            runs=RUNS, target=Float32Format())

    @property
    def _lanes(self) -> int:
        """A row's sum leaves in each cycle, so that a run may take one for each row."""
        return max(1, self._spec.size // ROWS)

    def make(self, family: str = FAMILIES[0]) -> Any:
        return BlockDot(self._spec, self._lanes, ROWS)


def block_entries() -> Iterator[BlockEntry]:
    """All of them."""
    for pair in BLOCKS:
        yield BlockEntry("block_dot", *pair)
