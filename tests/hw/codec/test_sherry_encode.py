# amaranth: UnusedElaboratable=no
"""Sherry's encoder: every four of narrow numbers, and many of wider ones."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.sherry_encode import SherryEncoder
from sw_model.formats import FixedFormat, IntFormat, TernaryFormat
from sw_model.formats.blocks.sherry import SherryFormat, join_four
from tests.support.layouts import words_of
from tests.support.probe import probe

SOURCES = [IntFormat(4), IntFormat(3), IntFormat(2), IntFormat(4, signed=False), FixedFormat(16, 8),
           IntFormat(12)]


#: Different fours of wider sources.
DRAWN = 100_000


def fours(source, rng):
    """All, or many of which two or more are often equal, opposite, or nearly so."""
    if source.width <= 4:
        numbers = np.arange(source.min, source.max + 1)
        return np.stack(np.meshgrid(*[numbers] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    codes = rng.integers(source.min, source.max + 1, (2 * DRAWN, 4))
    codes[::2] >>= rng.integers(0, source.width, (DRAWN, 4))
    codes[::3, 1:3] = codes[::3, :1] * rng.choice([-1, 1], (len(codes[::3]), 2))
    codes[1::3, 3] = -codes[1::3, 2]
    codes[::4] += rng.integers(-1, 2, (len(codes[::4]), 4))
    codes = rng.permutation(np.unique(np.clip(codes, source.min, source.max), axis=0))[:DRAWN]
    assert len(codes) == DRAWN
    ends = np.array(list(np.ndindex(3, 3, 3, 3))) % 3
    return np.concatenate([np.array([source.min, 0, source.max])[ends], codes])


def test_every_four(need, rng, tmp_path):
    need("verilator")
    components = [SherryEncoder(source) for source in SOURCES]
    given = [fours(source, rng) for source in SOURCES]
    given = [codes[:len(codes) // 8 * 8] for codes in given]
    found = probe(components, [words_of(component.i.shape(), codes)
                               for component, codes in zip(components, given, strict=True)],
                  tmp_path / "build")
    form = SherryFormat(32)
    for source, codes, seen in zip(SOURCES, given, found, strict=True):
        ternary = form.encode(source.decode(codes).reshape(-1))["codes"].reshape(-1, 4)
        np.testing.assert_array_equal(seen["o"], join_four(ternary), str(source))


def test_another_source():
    with pytest.raises(TypeError, match=r"^source must be an IntFormat or FixedFormat, not Tern"):
        SherryEncoder(TernaryFormat())
