"""How bfloat16 is entropy-coded, as a format that can be spelt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from numpy.typing import ArrayLike

from .base import as_index
from .entropy_coded import EntropyCodedBF16, checked_chunk
from .huffman import LONGEST

__all__ = ["EntropyFormat", "parse_entropy_format"]


@dataclass(frozen=True)
class EntropyFormat:
    """``entropy<bf16,longest,chunk>``: bfloat16 without loss, exponents in Huffman codes.

    Which code that is depends on the tensor, so it lies in the container.

    Parameters
    ----------
    longest : int
        Bits of the longest code word, 1 to 16.
    chunk : int
        Elements of a chunk, 1 to 65,536.

    Raises
    ------
    TypeError, ValueError
        If there is no such format.
    """

    longest: int = 12
    chunk: int = 1024

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", as_index("longest", self.longest))
        if not 1 <= self.longest <= LONGEST:
            raise ValueError(f"longest must be 1 to {LONGEST} bits, not {self.longest}")
        object.__setattr__(self, "chunk", checked_chunk(self.chunk))

    def encode(self, codes: ArrayLike) -> EntropyCodedBF16:
        """The container of bit patterns; see :meth:`EntropyCodedBF16.encode`."""
        return EntropyCodedBF16.encode(codes, longest=self.longest, chunk=self.chunk)

    def __str__(self) -> str:
        return f"entropy<bf16,{self.longest},{self.chunk}>"


def parse_entropy_format(text: str) -> EntropyFormat:
    """The format that ``text`` spells, the inverse of ``str``; spaces may stand at ``<,>``.

    >>> parse_entropy_format("entropy<bf16, 12, 1024>")
    EntropyFormat(longest=12, chunk=1024)

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If it does not spell an entropy-coded format, or there is no such format.
    """
    if not isinstance(text, str):
        raise TypeError(f"an entropy-coded format must be spelt as a string, not {text!r}")
    plain = re.sub(r" *([<,>]) *", r"\1", text)
    match = re.fullmatch(r"entropy<bf16,([0-9]{1,9}),([0-9]{1,9})>", plain)
    if match is None:
        raise ValueError("an entropy-coded format is spelt like entropy<bf16,12,1024>, "
                         f"not {text!r}")
    return EntropyFormat(int(match[1]), int(match[2]))
