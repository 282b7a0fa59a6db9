"""Decoders of entropy-coded tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..formats.huffman import WORD, HuffmanCode
from .checks import indices, require_least

__all__ = ["HuffmanSpec"]


@dataclass(frozen=True, kw_only=True)
class HuffmanSpec:
    """A code, and how large chunks of it can be.

    Parameters
    ----------
    code : HuffmanCode
        With a symbol at least.
    chunk : int
        Symbols of a chunk; the last chunk of a tensor may have fewer.
    chunk_words : int
        Words of the largest chunk.
    """

    code: HuffmanCode
    chunk: int
    chunk_words: int

    def __post_init__(self) -> None:
        if not isinstance(self.code, HuffmanCode):
            raise TypeError(f"code must be a HuffmanCode, not {self.code!r}")
        if not self.code.symbols:
            raise ValueError("code must have a symbol")
        indices(self, "chunk", "chunk_words")
        require_least("chunk", self.chunk, 1)
        most = -(-self.chunk * self.code.longest // WORD)
        if not 1 <= self.chunk_words <= most:
            raise ValueError(f"chunk_words must be 1 to {most}, not {self.chunk_words}")

    @property
    def window(self) -> int:
        """Bits in which a whole word always fits behind, or a code is always there."""
        return WORD - 1 + 2 * self.code.longest

    def headers(self, words: Iterable[int], counts: Iterable[int]) -> list[int]:
        """Header words of a tensor's chunks, from the words and symbols of each.

        From the low bits up: words, in as many bits as ``chunk_words`` has; symbols, in as
        many as ``chunk`` has; and a bit that is 1 for the last chunk.
        """
        place = self.chunk_words.bit_length()
        found = [n | count << place for n, count in zip(words, counts, strict=True)]
        return [*found[:-1], *(header | 1 << place + self.chunk.bit_length()
                               for header in found[-1:])]
