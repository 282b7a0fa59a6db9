# amaranth: UnusedElaboratable=no
"""Words and beats: which bits lie where."""

from __future__ import annotations

import pytest

from hw.bus.beats import BeatsToWords, WordsToBeats, beats_of
from tests.support.units import Unit, check_units

#: Bits of a word and words of a sample.
SHAPES = ((1, 1), (1, 33), (5, 7), (9, 10), (16, 4), (17, 3), (32, 5), (33, 2), (64, 3), (100, 1))


def beats(words, width):
    """The beats of one sample, from the definition."""
    if width > 32:
        return [word >> 32 * k & 0xFFFF_FFFF for word in words for k in range(-(-width // 32))]
    each = 32 // width
    return [sum(word << width * k for k, word in enumerate(words[start:start + each]))
            for start in range(0, len(words), each)]


def flat(lists):
    return [each for items in lists for each in items]


def samples(rng, width, words, count=5):
    """Random samples, with the extreme words among them."""
    drawn = [[int.from_bytes(rng.bytes(16), "little") >> 128 - width for _ in range(words)]
             for _ in range(count)]
    return [[0] * words, [(1 << width) - 1] * words, *drawn]


def test_words_of_beats(rng, need):
    need("icarus")
    units = []
    for width, words in SHAPES:
        given = samples(rng, width, words)
        # What stands where no word lies is noise.
        used = [[(beat, -1) for beat in beats(sample, width)] for sample in given]
        noise = [[beat | int(rng.integers(1 << 32)) & ~beats([(1 << width) - 1] * words, width)[k]
                  for k, (beat, _) in enumerate(sample)] for sample in used]
        units.append(Unit(BeatsToWords(width, words), {"i": flat(noise)},
                          {"o": flat(given)}, latency=1 if width <= 32 else None,
                          name=f"words of {width} bits, {words} a sample"))
    check_units(units, deadline=4000)


def test_beats_of_words(rng, need):
    need("icarus")
    units = []
    for width, words in SHAPES:
        given = samples(rng, width, words)
        expected = [beat for sample in given for beat in beats(sample, width)]
        assert len(expected) == len(given) * beats_of(width, words)
        units.append(Unit(WordsToBeats(width, words), {"i": flat(given)}, {"o": expected},
                          name=f"beats of {words} words of {width} bits"))
    check_units(units, deadline=4000)


def test_faults():
    for make in (BeatsToWords, WordsToBeats):
        with pytest.raises(ValueError, match="at least 1, not 0 and 3"):
            make(0, 3)
        with pytest.raises(ValueError, match="at least 1, not 3 and 0"):
            make(3, 0)
