"""How vectors lie in words of two widths, and a counter that follows them."""

from __future__ import annotations

from typing import NamedTuple

from amaranth import Module, Mux, Signal, Value

from .sequence import choose, count_steps, counter, shortened

__all__ = ["Lie", "Position", "count_parts", "lies_of"]


class Lie(NamedTuple):
    """How one vector lies in wide words, each ``ratio`` narrow ones.

    Parameters
    ----------
    words : int
        Wide words of the vector.
    parts : int
        Narrow words of the last wide word.
    elements : int
        Elements of the last narrow word.
    """

    words: int
    parts: int
    elements: int

    @classmethod
    def of(cls, vector: int, wide: int, narrow: int) -> Lie:
        """Of a vector of ``vector`` elements on ``wide`` and on ``narrow`` lanes."""
        parts = -(-vector // narrow)
        words = -(-vector // wide)
        return cls(words, parts - (words - 1) * (wide // narrow),
                   vector - (parts - 1) * narrow)


def lies_of(jobs: tuple[tuple[int, int], ...], wide: int, narrow: int
            ) -> tuple[tuple[Lie, int], ...]:
    """The cyclic sequence of (how, how often) for ``jobs``, as short as it can be.

    Where every vector fills its wide words, boundaries between vectors do not matter.
    """
    lies = [(Lie.of(vector, wide, narrow), vectors) for vector, vectors in jobs]
    if all(lie.parts * narrow == wide and lie.elements == narrow for lie, _ in lies):
        return ((Lie(1, wide // narrow, narrow), 1),)
    return shortened(lies)


class Position(NamedTuple):
    """Which narrow word is next.

    Parameters
    ----------
    part : Value
        Its index in its wide word.
    ends_word : Value
        Whether it is the last of its wide word.
    ends_vector : Value
        Whether it is the last of its vector.
    lie : Value
        Index of the vector's entry in the sequence.
    """

    part: Value
    ends_word: Value
    ends_vector: Value
    lie: Value


def count_parts(m: Module, sequence: tuple[tuple[Lie, int], ...], *, ratio: int, advance: Value
                ) -> Position:
    """Follow narrow words through wide words, vectors and jobs; one for each ``advance``."""
    lies = [lie for lie, _ in sequence]
    ends_vector = Signal()
    job = count_steps(m, [vectors for _, vectors in sequence], advance=advance & ends_vector,
                      name="job")
    ends_word = Signal()
    _, last_word = counter(m, "word", last=choose([lie.words - 1 for lie in lies], job.index),
                           most=max(lie.words for lie in lies) - 1, advance=advance & ends_word)
    # Only the last word of a vector may have fewer parts than the ratio.
    several = any(lie.words > 1 for lie in lies)
    whole = all(lie.parts == ratio for lie in lies)
    fewer = choose([lie.parts - 1 for lie in lies], job.index)
    part, part_ends = counter(
        m, "part", last=fewer if whole or not several else Mux(last_word, fewer, ratio - 1),
        most=max(ratio if lie.words > 1 else lie.parts for lie in lies) - 1, advance=advance)
    m.d.comb += ends_word.eq(part_ends)
    m.d.comb += ends_vector.eq(part_ends & last_word)
    return Position(part, ends_word, ends_vector, job.index)
