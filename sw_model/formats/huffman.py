"""Canonical Huffman codes of bytes: tables, and symbols to 32-bit words and back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import as_index
from .package_merge import code_lengths

__all__ = ["WORD", "HuffmanCode"]

#: Bits of a word of the stream.
WORD = 32

#: Bits of the longest code word that decoders can have.
LONGEST = 16

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class HuffmanCode:
    """A prefix code given by how many words have each length, and the symbols in their order.

    Words of one length are consecutive numbers, the first of them twice the number that
    follows the last one of the length before; symbols of one length ascend. So the code of
    ``first_code[l] + k``, of ``l`` bits, is ``symbols[base[l] + k]`` for ``k < counts[l]``.
    All words are in use, so that every bit string is a sequence of codes, but where there is
    one symbol alone (its word is 0) or none.

    Source: E. S. Schwartz, B. Kallick, "Generating a canonical prefix encoding", CACM 7(3),
    1964, 166-169.

    Parameters
    ----------
    counts : tuple of int
        Entry ``l - 1``: words of ``l`` bits. The last is not 0; at most 16 entries.
    symbols : tuple of int
        0 to 255, each at most once, in the order of their words.

    Raises
    ------
    TypeError, ValueError
        If that is no such code.
    """

    counts: tuple[int, ...]
    symbols: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in ("counts", "symbols"):
            object.__setattr__(self, name, tuple(
                as_index(name, value) for value in getattr(self, name)))
        if self.longest > LONGEST:
            raise ValueError(f"code words must have at most {LONGEST} bits, not {self.longest}")
        if self.counts and (min(self.counts) < 0 or self.counts[-1] == 0):
            raise ValueError("counts of code words must be 0 or more, and the last not 0, "
                             f"not {self.counts}")
        if sum(self.counts) != len(self.symbols):
            raise ValueError(f"there are {sum(self.counts)} code words, but {len(self.symbols)} "
                             "symbols")
        if self.symbols and not 0 <= min(self.symbols) <= max(self.symbols) <= 255:
            raise ValueError("symbols must be 0 to 255")
        if len(set(self.symbols)) != len(self.symbols):
            raise ValueError("a symbol has two code words")
        used = sum(count << (self.longest - length)
                   for length, count in enumerate(self.counts, start=1))
        full = used == 1 << self.longest
        if not (full if len(self.symbols) > 1 else self.counts == (1,) * len(self.symbols)):
            raise ValueError(f"{used} of {1 << self.longest} bit strings begin a code word; all "
                             "must, and a symbol alone must have one bit")
        for start, count in zip(self.base, self.counts, strict=True):
            group = self.symbols[start:start + count]
            if list(group) != sorted(group):
                raise ValueError(f"symbols of one length must ascend, not {group}")

    @classmethod
    def of_counts(cls, occurrences: ArrayLike, longest: int = 12) -> HuffmanCode:
        """The best code for symbols that occur so often, 0 for those that never do.

        Raises
        ------
        TypeError, ValueError
            If the counts are no counts of at most 256 symbols, or ``longest`` is not 1 to
            16 or too short for them.
        """
        often = np.asarray(occurrences)
        if often.dtype.kind not in "iu":
            raise TypeError("occurrences must be a list of integers")
        if often.ndim != 1:
            raise ValueError(f"occurrences must have one axis, but the shape is {often.shape}")
        if len(often) > 256:
            raise ValueError(f"there can be at most 256 symbols, not {len(often)}")
        if as_index("longest", longest) > LONGEST:
            raise ValueError(f"longest must be at most {LONGEST}, not {longest}")
        present = np.flatnonzero(often)
        lengths = code_lengths([int(often[symbol]) for symbol in present], longest)
        order = sorted(zip(lengths, (int(symbol) for symbol in present), strict=True))
        return cls(tuple(lengths.count(bits) for bits in range(1, max(lengths, default=0) + 1)),
                   tuple(symbol for _, symbol in order))

    @property
    def longest(self) -> int:
        """Bits of the longest word; 0 if there is none."""
        return len(self.counts)

    @property
    def base(self) -> tuple[int, ...]:
        """Entry ``l - 1``: place in ``symbols`` of the first word of ``l`` bits."""
        return tuple(accumulate(self.counts, initial=0))[:-1]

    @property
    def first_code(self) -> tuple[int, ...]:
        """Entry ``l - 1``: the first word of ``l`` bits, as a number."""
        codes = [0]
        for count in self.counts[:-1]:
            codes.append((codes[-1] + count) * 2)
        return tuple(codes[:self.longest])

    def words(self) -> dict[int, str]:
        """The code word of every symbol, in their order.

        >>> HuffmanCode((1, 1, 2), (7, 3, 0, 9)).words()
        {7: '0', 3: '10', 0: '110', 9: '111'}
        """
        found, symbols = {}, iter(self.symbols)
        for bits, (first, count) in enumerate(zip(self.first_code, self.counts, strict=True), 1):
            for code in range(first, first + count):
                found[next(symbols)] = f"{code:0{bits}b}"
        return found

    def cost(self, occurrences: ArrayLike) -> int:
        """Bits of all codes of symbols that occur so often.

        Raises
        ------
        ValueError
            If a symbol that occurs has no code word.
        """
        often = np.asarray(occurrences)
        _, lengths = self._by_symbol(np.flatnonzero(often))
        return int((lengths * often[often != 0]).sum())

    def encode(self, symbols: ArrayLike, chunk: int) -> tuple[Integers, NDArray[np.uint32]]:
        """Codes of ``symbols``, ``chunk`` to a chunk, each chunk beginning with a word.

        Codes follow each other from the most significant bit of a word down; the rest of a
        chunk's last word is 0.

        Returns
        -------
        first word of every chunk, and all words

        Raises
        ------
        ValueError
            If a symbol has no code word.
        """
        codes, lengths = self._by_symbol(np.asarray(symbols).ravel())
        if not len(codes):
            return np.zeros(0, np.int64), np.zeros(0, np.uint32)
        ends = np.cumsum(lengths)
        starts = ends - lengths
        opens = starts[::chunk]
        bits = np.diff(opens, append=ends[-1])
        sizes = -(-bits // WORD)
        offsets = np.cumsum(sizes) - sizes
        place = np.arange(len(codes)) // chunk
        starts += (offsets * WORD - opens)[place]

        # A code lies in two words at most, and no two share a bit.
        aligned = codes.astype(np.uint64) << (2 * WORD - lengths - starts % WORD).astype(np.uint64)
        words = np.zeros(int(sizes.sum()) + 1, np.uint64)
        np.bitwise_or.at(words, starts // WORD, aligned >> np.uint64(WORD))
        np.bitwise_or.at(words, starts // WORD + 1, aligned & np.uint64(2**WORD - 1))
        return offsets, words[:-1].astype(np.uint32)

    def decode(self, words: NDArray[np.uint32], offsets: ArrayLike, counts: ArrayLike
               ) -> Integers:
        """Symbols of chunks that begin with the words ``offsets`` and hold ``counts`` symbols.

        All chunks are decoded side by side, by a table of all strings of ``longest`` bits.

        Raises
        ------
        ValueError
            If bits are no code, or the codes of a chunk do not end in its last word, followed
            by zeros.
        """
        starts = np.asarray(offsets, np.int64)
        left = np.asarray(counts, np.int64)
        ends = np.append(starts[1:], len(words))
        symbols, lengths = self._table()
        stream = np.append(words, [0, 0]).astype(np.uint64)
        pairs = stream[:-1] << np.uint64(WORD) | stream[1:]
        found = np.zeros((len(starts), int(left.max(initial=0))), np.int64)
        position = starts * WORD
        for step in range(found.shape[1]):
            code = _peek(pairs, position, self.longest)
            found[:, step] = symbols[code]
            position += np.where(step < left, lengths[code], 0)
            lost = np.flatnonzero((lengths[code] == 0) & (step < left) | (position > ends * WORD))
            if len(lost):
                raise ValueError(f"code {step} of chunk {lost[0]} is none, or is cut off")
        rest = ends * WORD - position
        padding = _peek(pairs, position, WORD) >> np.maximum(WORD - rest, 0)
        wrong = np.flatnonzero((rest >= WORD) | (padding != 0))
        if len(wrong):
            raise ValueError(f"the codes of chunk {wrong[0]} do not end in its last word, "
                             "followed by zeros")
        return found[np.arange(found.shape[1]) < left[:, None]]

    def _by_symbol(self, symbols: NDArray[np.integer]) -> tuple[Integers, Integers]:
        """Code and length of every one of ``symbols``."""
        codes, lengths = np.zeros(256, np.int64), np.zeros(256, np.int64)
        for symbol, word in self.words().items():
            codes[symbol], lengths[symbol] = int(word, 2), len(word)
        strange = symbols[(symbols < 0) | (symbols > 255) | (lengths[symbols & 255] == 0)]
        if len(strange):
            raise ValueError(f"symbol {int(strange[0])} has no code word")
        return codes[symbols], lengths[symbols]

    def _table(self) -> tuple[Integers, Integers]:
        """Symbol and length by the next ``longest`` bits; length 0 where they begin no code."""
        symbols = np.zeros(1 << self.longest, np.int64)
        lengths = np.zeros(1 << self.longest, np.int64)
        for symbol, word in self.words().items():
            spare = self.longest - len(word)
            all_that_begin = slice(int(word, 2) << spare, (int(word, 2) + 1) << spare)
            symbols[all_that_begin], lengths[all_that_begin] = symbol, len(word)
        return symbols, lengths


def _peek(pairs: NDArray[np.uint64], position: Integers, bits: int) -> Integers:
    """The next ``bits`` bits, at most a word, as numbers; ``pairs``: each word and the next."""
    spare = (2 * WORD - bits - position % WORD).astype(np.uint64)
    return (pairs[position // WORD] >> spare & np.uint64((1 << bits) - 1)).astype(np.int64)
