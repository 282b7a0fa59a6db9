"""Lengths of the best prefix code whose words are no longer than a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .base import as_index

__all__ = ["code_lengths"]


def code_lengths(counts: Sequence[int], longest: int) -> tuple[int, ...]:
    """Lengths of code words, one for each symbol, that make ``sum(count * length)`` least.

    A symbol alone has a word of one bit, as no word may be empty; no symbols, no words. Of
    equally common symbols an earlier one never has the longer word.

    Source: L. L. Larmore, D. S. Hirschberg, "A fast algorithm for optimal length-limited
    Huffman codes", JACM 37(3), 1990, 464-473 (package-merge).

    Parameters
    ----------
    counts : sequence of int
        How often each symbol occurs, at least once.
    longest : int
        Bits of the longest word, at least 1.

    Raises
    ------
    TypeError, ValueError
        If a count or the limit is none, or the limit is too short for that many symbols.

    Examples
    --------
    >>> code_lengths([50, 25, 12, 8, 5], 16), code_lengths([50, 25, 12, 8, 5], 3)
    ((1, 2, 3, 4, 4), (1, 3, 3, 3, 3))
    """
    counts = [as_index("count", count) for count in counts]
    longest = as_index("longest", longest)
    if longest < 1:
        raise ValueError(f"longest must be at least 1, not {longest}")
    if counts and min(counts) < 1:
        raise ValueError(f"counts must be at least 1, not {min(counts)}")
    if len(counts) > 1 << longest:
        raise ValueError(f"words of at most {longest} bits are too few for {len(counts)} symbols")
    if len(counts) < 2:
        return (1,) * len(counts)

    # A coin for each symbol and level. Packages are pairs of the level below; the cheapest
    # 2n - 2 items of the top level hold a coin of a symbol for each bit of its word.
    coins = sorted(((count, (symbol,)) for symbol, count in enumerate(counts)),
                   key=lambda coin: (coin[0], -coin[1][0]))
    items: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(longest):
        packages = [(one[0] + other[0], one[1] + other[1])
                    for one, other in zip(items[::2], items[1::2], strict=False)]
        items = sorted(coins + packages, key=lambda item: item[0])
    bits = Counter(symbol for _, symbols in items[:2 * len(counts) - 2] for symbol in symbols)
    return tuple(bits[symbol] for symbol in range(len(counts)))
