# amaranth: UnusedElaboratable=no
"""Constant matrices in the atlas: what a row of one takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw.pe import CONSTANT_KINDS, ConstantSpec
from sw_model.formats import CodedFormat, parse_format

from .entry import FAMILIES, LANES, Entry

__all__ = ["WEIGHTS", "ConstantEntry", "constant_entries"]

#: Rows of the matrix, which share sums.
ROWS = 16

#: Formats of the weights.
WEIGHTS = ("ternary", "int4", "e2m1", "int8")

ACTIVATIONS, SEED = "int8", 1


@dataclass(frozen=True)
class ConstantEntry(Entry):
    """A kind of constant matrix of :data:`ROWS` rows of sixteen random codes of ``of``."""

    of: str

    @property
    def rows(self) -> int:
        return ROWS

    @property
    def note(self) -> str:
        return f"a row of {ROWS} random ones that share sums"

    @property
    def cycles(self) -> int:
        return int(self.make().interval)

    def make(self, family: str = FAMILIES[0]) -> Any:
        form = parse_format(self.of)
        codes = np.arange(form.min, form.max + 1)
        if isinstance(form, CodedFormat):
            codes = codes[form.legal()]
        chosen = np.random.default_rng(SEED).choice(codes, (ROWS, LANES))
        spec = ConstantSpec(parse_format(self.activations), form.to_fixed(chosen))
        return CONSTANT_KINDS[self.kind](spec)


def constant_entries() -> Iterator[ConstantEntry]:
    """Every kind with every format of weights."""
    for kind in CONSTANT_KINDS:
        for weights in WEIGHTS:
            yield ConstantEntry(kind, ACTIVATIONS, f"constant {weights}", weights)
