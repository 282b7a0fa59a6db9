"""Codes and beats, against the definition one bit after the other."""

from __future__ import annotations

import numpy as np
import pytest

from boards.beats import from_beats, to_beats
from tests.support.register_maps import a_map, a_stream

STREAMS = (
    a_stream("a", "in", "uint1", lanes=1, vector=33), a_stream("b", "in", "uint4", lanes=6,
                                                               vector=64),
    a_stream("c", "out", "int9", lanes=1), a_stream("d", "in", "int8", lanes=4, vector=16),
    a_stream("e", "out", "int17", lanes=2, vector=5, vectors=3),
    a_stream("f", "in", "int8", lanes=13, vector=40, vectors=2),
    a_stream("g", "out", "bipolar", lanes=31, vector=62), a_stream("h", "in", "int32", lanes=1),
    a_stream("i", "in", "int3", lanes=11, vector=12),
)


def slowly(stream, sample):
    """Beats of one sample as integers, from its codes."""
    width, words = stream.number_format.width, []
    for vector in sample.reshape(stream.vectors, stream.vector):
        for start in range(0, stream.vector, stream.lanes):
            codes = vector[start:start + stream.lanes]
            words.append(sum((int(code) & (1 << width) - 1) << width * k
                             for k, code in enumerate(codes)))
    if stream.width > 32:
        return [word >> 32 * k & 0xFFFF_FFFF for word in words
                for k in range(-(-stream.width // 32))]
    each = 32 // stream.width
    return [sum(word << stream.width * k for k, word in enumerate(words[start:start + each]))
            for start in range(0, len(words), each)]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
@pytest.mark.parametrize("samples", [1, 7])
def test_there_and_back(stream, samples, rng):
    form = stream.number_format
    codes = rng.integers(form.min, form.max + 1, (samples, stream.vectors * stream.vector))
    codes[0, :2] = form.min, form.max
    beats = to_beats(stream, codes)
    assert beats.dtype == np.uint32
    assert beats.shape == (samples, [*a_map(stream).inputs, *a_map(stream).outputs][0].beats)
    assert beats.tolist() == [slowly(stream, sample) for sample in codes]
    assert (from_beats(stream, beats) == codes).all()


def test_what_lies_beside_words_is_ignored(rng):
    stream = STREAMS[2]
    codes = rng.integers(-256, 256, (3, 10))
    noisy = to_beats(stream, codes) | np.uint32(0b11111 << 27)
    assert (from_beats(stream, noisy) == codes).all()
