"""bfloat16 without loss in fewer bits: Huffman codes for exponents, all other bits as they are."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import as_index
from .huffman import WORD, HuffmanCode
from .minifloat import NAMED

__all__ = ["EntropyCodedBF16", "Sizes", "checked_chunk"]

BF16 = NAMED["bf16"]

#: Magic and version; then bits of the longest code, symbols, chunk, elements, words.
_HEAD = struct.Struct("<4sHHIII")
_MAGIC = b"GMH1"

#: Largest chunk: the golden decoder takes a step for each element of one.
MOST_CHUNK = 1 << 16


@dataclass(frozen=True)
class Sizes:
    """Bits of the parts of a container.

    Parameters
    ----------
    codes : int
        Words of codes, with the rests of the chunks' last words.
    sign_mantissa : int
        A byte for each element.
    tables : int
        The code, and how large everything is.
    headers : int
        The offsets of the chunks.
    """

    codes: int
    sign_mantissa: int
    tables: int
    headers: int

    @property
    def total(self) -> int:
        """Bits of the container."""
        return self.codes + self.sign_mantissa + self.tables + self.headers


@dataclass(frozen=True)
class EntropyCodedBF16:
    """Any bfloat16 bit patterns in about 11 bits each where they are weights; lossless.

    The eight bits of the exponent are Huffman-coded; sign and mantissa stand beside them as a
    byte, the sign on top. Every pattern is one like any other: subnormals, minus zero,
    infinities and every NaN come back bit for bit. Codes are cut into chunks of ``chunk``
    elements that begin with a word each, so that decoders can work side by side; the last
    chunk has what is left. No elements are no chunks and a code without symbols.

    As bytes, all little-endian: the magic ``GMH1``; bits of the longest code and number of
    symbols (16 bits each); elements of a chunk, elements and words (32 bits each); code words of
    every length (16 bits each); symbols (bytes); the first word of every chunk (32 bits each);
    words (32 bits each); bytes of sign and mantissa.

    Source: T. Zhang et al., "70% Size, 100% Accuracy: Lossless LLM Compression for Efficient
    GPU Inference via Dynamic-Length Float (DFloat11)", arXiv 2504.11651, section 2. The
    container is our own: theirs has no codes for exponents from 240 up.

    Parameters
    ----------
    code : HuffmanCode
        Of the exponents.
    chunk : int
        Elements of a chunk, 1 to 65,536.
    offsets : tuple of int
        The first word of every chunk.
    words : bytes
        Codes, most significant bit of a word first; words are little-endian.
    sign_mantissa : bytes
        One for each element.

    Raises
    ------
    TypeError, ValueError
        If the parts do not fit together. What the words hold is checked by :meth:`decode`.
    """

    code: HuffmanCode
    chunk: int
    offsets: tuple[int, ...]
    words: bytes
    sign_mantissa: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.code, HuffmanCode):
            raise TypeError(f"code must be a HuffmanCode, not {self.code!r}")
        object.__setattr__(self, "chunk", checked_chunk(self.chunk))
        chunks = -(-self.count // self.chunk)
        if len(self.offsets) != chunks:
            raise ValueError(f"{self.count} elements in chunks of {self.chunk} are {chunks} "
                             f"chunks, but there are {len(self.offsets)} offsets")
        if len(self.words) % 4:
            raise ValueError(f"words must have four bytes each, but there are {len(self.words)}")
        if self.count and not self.code.symbols:
            raise ValueError(f"there are {self.count} elements, but no code words")
        ends = (*self.offsets[1:], len(self.words) // 4)
        if (self.offsets or ends)[0] != 0:
            raise ValueError(f"codes must begin with word 0, not {(self.offsets or ends)[0]}")
        for place, (start, end, count) in enumerate(zip(self.offsets, ends, self.counts,
                                                        strict=False)):
            most = -(-count * self.code.longest // WORD)
            if not 1 <= end - start <= most:
                raise ValueError(f"chunk {place} must have 1 to {most} words, not {end - start}")

    @classmethod
    def encode(cls, codes: ArrayLike, *, longest: int = 12, chunk: int = 1024
               ) -> EntropyCodedBF16:
        """Encode bit patterns, row after row, with the code that is best for them.

        Parameters
        ----------
        codes : integers, 0 to 65,535
        longest : int
            Bits of the longest code word, 1 to 16.
        chunk : int
            Elements of a chunk, 1 to 65,536.

        Raises
        ------
        TypeError, ValueError
            If a pattern or parameter is none, or ``longest`` is too short for the exponents.
        """
        chunk = checked_chunk(chunk)
        bits = BF16.to_bits(codes).ravel().astype(np.int64)
        exponents = bits >> 7 & 255
        code = HuffmanCode.of_counts(np.bincount(exponents, minlength=256), longest)
        offsets, words = code.encode(exponents, chunk)
        rest = (bits >> 8 & 128 | bits & 127).astype(np.uint8)
        return cls(code, chunk, tuple(offsets.tolist()), words.astype("<u4").tobytes(),
                   rest.tobytes())

    def decode(self) -> NDArray[np.uint16]:
        """The bit patterns, in one row.

        Raises
        ------
        ValueError
            If the words hold what no encoder writes.
        """
        exponents = self.code.decode(self.word_array, self.offsets, self.counts)
        rest = np.frombuffer(self.sign_mantissa, np.uint8).astype(np.int64)
        return ((rest & 128) << 8 | exponents << 7 | rest & 127).astype(np.uint16)

    @property
    def count(self) -> int:
        """Number of elements."""
        return len(self.sign_mantissa)

    @property
    def counts(self) -> tuple[int, ...]:
        """Elements of every chunk."""
        whole, rest = divmod(self.count, self.chunk)
        return (self.chunk,) * whole + (rest,) * (rest > 0)

    @property
    def word_array(self) -> NDArray[np.uint32]:
        """The words of codes as numbers."""
        return np.frombuffer(self.words, "<u4").astype(np.uint32)

    @property
    def chunk_words(self) -> tuple[int, ...]:
        """Words of every chunk."""
        return tuple(np.diff((*self.offsets, len(self.words) // 4)).tolist())

    @property
    def sizes(self) -> Sizes:
        """Bits of the parts of :meth:`to_bytes`."""
        tables = _HEAD.size + 2 * self.code.longest + len(self.code.symbols)
        return Sizes(8 * len(self.words), 8 * self.count, 8 * tables, 32 * len(self.offsets))

    @property
    def bits_per_weight(self) -> float:
        """Bits of the container for each element; NaN without elements."""
        return self.sizes.total / self.count if self.count else float("nan")

    def __str__(self) -> str:
        return f"{self.count} elements of bf16, entropy-coded in {self.sizes.total} bits"

    def to_bytes(self) -> bytes:
        """The container; equal ones give equal bytes."""
        head = _HEAD.pack(_MAGIC, self.code.longest, len(self.code.symbols), self.chunk,
                          self.count, len(self.words) // 4)
        return b"".join([head, np.array(self.code.counts, "<u2").tobytes(),
                         bytes(self.code.symbols), np.array(self.offsets, "<u4").tobytes(),
                         self.words, self.sign_mantissa])

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> EntropyCodedBF16:
        """The inverse of :meth:`to_bytes`.

        Raises
        ------
        TypeError
            If the data are not bytes.
        ValueError
            If that is no container; the message says what is wrong.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"a container must be bytes, not {type(data).__name__}")
        # What is kept must not change.
        data = bytes(data)
        if len(data) < _HEAD.size:
            raise ValueError(f"a container has at least {_HEAD.size} bytes, not {len(data)}")
        magic, longest, symbols, chunk, count, words = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            raise ValueError(f"a container begins with {_MAGIC!r}, not {magic!r}")
        chunk = checked_chunk(chunk)
        lengths = (2 * longest, symbols, 4 * -(-count // chunk), 4 * words, count)
        if len(data) != _HEAD.size + sum(lengths):
            raise ValueError(f"a container of {count} elements and {words} words must have "
                             f"{_HEAD.size + sum(lengths)} bytes, not {len(data)}")
        ends = np.cumsum((_HEAD.size, *lengths)).tolist()
        tables, names, offsets, stream, rest = (
            data[start:end] for start, end in pairwise(ends))
        code = HuffmanCode(tuple(np.frombuffer(tables, "<u2").tolist()), tuple(names))
        return cls(code, chunk, tuple(np.frombuffer(offsets, "<u4").tolist()), stream, rest)


def checked_chunk(value: object) -> int:
    """``value`` as the number of elements of a chunk.

    Raises
    ------
    TypeError, ValueError
        If it is none.
    """
    chunk = as_index("chunk", value)
    if not 1 <= chunk <= MOST_CHUNK:
        raise ValueError(f"chunk must be 1 to {MOST_CHUNK} elements, not {chunk}")
    return chunk
