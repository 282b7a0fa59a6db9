"""Trits in bytes, all of them; TQ1_0 and TQ2_0."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from sw_model.formats.blocks.gguf_ternary import (
    TQ1_0Format,
    TQ2_0Format,
    join_trits,
    split_trits,
)
from tests.support.gguf_oracle import assert_same_floats, dequantised


def test_every_word_of_five_trits():
    words = np.array(list(product(range(3), repeat=5)))
    data = join_trits(words.T)
    assert data.tolist() == [-(-256 * number // 243) for number in range(243)]
    np.testing.assert_array_equal(split_trits(data, 5), words.T)
    worked = {(1, 0, 2, 2, 1): 112, (0, 0, 0, 0, 0): 0, (2, 2, 2, 2, 2): 255}
    for word, byte in worked.items():
        assert join_trits(np.array(word)[:, None]).tolist() == [byte]


def test_every_word_of_four_trits():
    """The fifth is 0 where there is none."""
    words = np.array(list(product(range(3), repeat=4)))
    data = join_trits(words.T)
    np.testing.assert_array_equal(split_trits(data, 4), words.T)
    assert not split_trits(data, 5)[4].any()


def test_every_byte_decodes_as_gguf_says():
    """The 13 that no word has as well, in each of the three runs of a block."""
    form = TQ1_0Format()
    data = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 54, axis=1)
    data[:, 52:] = 0x00, 0x3C
    codes = form.unpack(data)["codes"]
    assert_same_floats(form.decode(form.unpack(data)).reshape(256, 256), dequantised(form, data))
    repacked = form.pack({**form.unpack(data), "codes": codes})
    kept = (repacked == data)[:, :48].all(axis=1)
    assert kept.sum() == 243
    np.testing.assert_array_equal(form.unpack(repacked)["codes"], codes)


def test_every_byte_of_tq2_0():
    form = TQ2_0Format()
    data = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 66, axis=1)
    data[:, 64:] = 0x00, 0x3C
    got = form.decode(form.unpack(data)).reshape(256, 256)
    assert_same_floats(got, dequantised(form, data))
    assert set(got.ravel().tolist()) == {-1.0, 0.0, 1.0, 2.0}


@pytest.mark.parametrize("form", [TQ1_0Format(), TQ2_0Format()], ids=str)
def test_halves_go_away_from_zero(form):
    values = np.zeros(256)
    values[:7] = 4, 2, -2, 1.99, -1.99, -4, 3
    assert form.decode(form.encode(values))[:8].tolist() == [4, 4, -4, 0, 0, -4, 4, 0]


@pytest.mark.parametrize("form", [TQ1_0Format(), TQ2_0Format()], ids=str)
def test_ternary_tensors_survive(form, rng):
    values = rng.integers(-1, 2, (100, 256)) * 0.375
    values[:, 0] = 0.375
    np.testing.assert_array_equal(form.decode(form.encode(values)), values)


def test_code_3_is_none_of_tq1_0():
    fields = TQ1_0Format().encode(np.zeros(256))
    with pytest.raises(ValueError, match=r"^codes holds 3, which is no code"):
        TQ1_0Format().pack({**fields, "codes": np.full((1, 256), 3)})
