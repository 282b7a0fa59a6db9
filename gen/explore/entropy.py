"""bfloat16 with entropy-coded exponents on a tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sw_model.formats import NAMED
from sw_model.formats.entropy_coded import EntropyCodedBF16

from .scaled import Reals

__all__ = ["EntropyCoded"]


@dataclass(frozen=True)
class EntropyCoded:
    """bfloat16 without further loss, its exponents in Huffman codes."""

    name: str = "bf16 entropy-coded"

    def bits(self, values: NDArray[Any]) -> float:
        """Bits for each element: codes, signs and mantissas, tables and headers."""
        return EntropyCodedBF16.encode(NAMED["bf16"].encode(values)).sizes.total / values.size

    def restored(self, values: Reals) -> Reals:
        """``values`` rounded to bfloat16."""
        return NAMED["bf16"].decode(NAMED["bf16"].encode(values))
