"""Scales of elementwise formats: what is exact stays so, and the error is that of definition."""

from __future__ import annotations

import numpy as np
import pytest

from gen.explore.scaled import Scaled
from sw_model.formats import parse_format


@pytest.mark.parametrize("text", ["int8", "e2m1", "posit<8,0>", "ternary", "bipolar",
                                  "khot<6,0,2>"])
def test_multiples_of_a_scale_are_exact(text):
    form = parse_format(text)
    codes = np.arange(form.min, form.max + 1)
    if hasattr(form, "legal"):
        codes = codes[form.legal()]
    reals = form.decode(codes)
    # The same magnitude on both sides, so that the largest is the format's.
    reals = reals[np.isfinite(reals) & (np.abs(reals) <= min(abs(reals[np.isfinite(reals)].min()),
                                                             reals[np.isfinite(reals)].max()))]
    tensor = np.stack([reals, reals]) * 0.375
    for channels in (False, True):
        one = Scaled(form, channels)
        np.testing.assert_array_equal(one.restored(tensor), tensor)
        assert one.bits(tensor) == one.width + 32 * (1 + channels) / tensor.size
        assert one.width == (1.6 if text == "ternary" else form.width)


def test_channels_have_their_own_scale():
    rng = np.random.default_rng(1)
    tensor = rng.normal(0, 1, (4, 64)) * np.array([[1e-3], [1.0], [30.0], [0.0]])
    together, apart = (Scaled(parse_format("int8"), channels) for channels in (False, True))
    assert (together.restored(tensor)[0] == 0).all()
    error = np.abs(apart.restored(tensor) - tensor).max(axis=1)
    assert (error <= np.abs(tensor).max(axis=1) / 127).all()
    assert (apart.restored(tensor)[3] == 0).all()


def test_the_share_is_the_best_of_those_tried():
    rng = np.random.default_rng(2)
    tensor = rng.normal(0, 1, (1, 4000))
    tensor[0, 7] = 20.0
    form = parse_format("int4")

    def error(scale):
        return np.square(form.decode(form.encode(tensor / scale)) * scale - tensor).mean()

    found = np.square(Scaled(form).restored(tensor) - tensor).mean()
    tried = [error(float(np.float32(20 / 7) * np.float32(k / 20))) for k in range(20, 7, -1)]
    assert found == min(tried) < 0.7 * tried[0]


def test_what_is_not_looked_at_counts_in_the_end():
    tensor = np.zeros((1, 100_000))
    tensor[0, 1] = 127 / 32
    np.testing.assert_array_equal(Scaled(parse_format("int8")).restored(tensor), tensor)


def test_floats_of_16_bits_have_no_scale():
    one = Scaled(parse_format("bf16"))
    assert (one.plain, one.name, one.bits(np.ones((3, 3)))) == (True, "bf16", 16)
    tensor = np.array([[1.0, 1 + 2**-9, -3e38]])
    assert one.restored(tensor)[0, :2].tolist() == [1.0, 1.0]
