"""Q4_K: where its bits lie, and its quantiser against a plain one."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.gguf_q4_k import Q4_KFormat, least_squares
from tests.support.quantisers import assert_no_worse, coded, samples

Q = Q4_KFormat()


def half(x):
    return np.asarray(x).astype(np.float16).astype(np.float64)


def plain(x):
    """Range over 15 and least value, then both on six bits, then round to nearest."""
    parts = x.reshape(len(x), 8, 32)
    low = np.minimum(parts.min(axis=2), 0)
    scales, minima = (np.maximum(parts.max(axis=2), low) - low) / 15, -low
    d, dmin = half(scales.max(axis=1) / 63)[:, None], half(minima.max(axis=1) / 63)[:, None]
    scale = d * np.rint(scales / d).clip(0, 63)
    minimum = dmin * np.rint(minima / np.where(dmin == 0, 1, dmin)).clip(0, 63)
    safe = np.where(scale == 0, np.inf, scale)[..., None]
    codes = np.rint((parts + minimum[..., None]) / safe).clip(0, 15)
    return (scale[..., None] * codes - minimum[..., None]).reshape(x.shape)


def test_no_worse_than_plain_rounding(rng):
    x = samples(rng, 32, -6)
    got, other = coded(Q, x), plain(x)
    assert_no_worse(got, other, x)
    assert np.square(got - x).sum() < 0.95 * np.square(other - x).sum()


def test_least_squares(rng):
    """No other scale and minimum, neither negative, has a smaller error for the same codes."""
    x = rng.standard_normal((300, 32)) + rng.standard_normal((300, 1)) * 2
    codes = rng.integers(0, 16, x.shape).astype(float)
    codes[::3] = np.rint((x[::3] - x[::3].min(axis=1, keepdims=True)) * 3).clip(0, 15)
    codes[1::30] = 5
    codes[2::30] = 0
    scales, minima = least_squares(x, codes)
    assert scales.min() == minima.min() == 0 < min(scales.max(), minima.max())

    def error(s, m):
        return np.square(s[:, None] * codes - m[:, None] - x).sum(axis=1)

    least = error(scales, minima)
    for ds in (-.3, -1e-3, 0, 1e-3, .3):
        for dm in (-.3, -1e-3, 0, 1e-3, .3):
            s, m = np.maximum(scales + ds, 0), np.maximum(minima + dm, 0)
            same = (codes == codes[:, :1]).all(axis=1)  # then the minimum is not sought
            assert (error(s, np.where(same, 0, m)) >= least - 1e-9).all()


def test_plain_errors_are_bounded(rng):
    """So ours are, whose whole block is no worse: half a step, and six bits of both."""
    x = samples(rng, 32, -6)
    parts = x.reshape(200, 8, 32)
    low = np.minimum(parts.min(axis=2), 0)
    steps, lows = (np.maximum(parts.max(axis=2), low) - low) / 15, -low
    six = steps.max(axis=1, keepdims=True) / 63, lows.max(axis=1, keepdims=True) / 63
    bound = ((steps + six[0]) / 2 + 15 * six[0] / 2 + six[1] / 2) * 1.01
    plain_errors = np.abs(plain(x) - x).reshape(200, 8, 32).max(axis=2)
    assert (plain_errors <= bound).all()
    got = np.abs(coded(Q, x) - x)
    assert (got <= np.sqrt(32 * np.square(bound).sum(axis=1))[:, None]).all()


def test_round_trip(rng):
    """Hardly anything is lost when what decode gave is encoded again."""
    x = samples(rng, 32, -6)
    once = coded(Q, x)
    again = coded(Q, once)
    assert_no_worse(again, plain(once), once)
    lost = np.square(again - once).sum(axis=1)
    assert (lost == 0).sum() > 100
    assert lost.sum() < 2e-3 * np.square(once - x).sum()


def test_round_trip_of_any_bytes(rng):
    """Six bits of scales and minima are found again within half a bit each."""
    data = rng.integers(0, 256, (200, 144), dtype=np.uint8)
    data[:, [1, 3]] &= 0x3F  # positive, below 2
    once = Q.decode(Q.unpack(data)).reshape(200, 256).astype(np.float64)
    again = coded(Q, once)
    assert_no_worse(again, plain(once), once)
    assert np.square(again - once).sum() < 3e-4 * np.square(once).sum()


def test_where_the_bits_lie():
    """One code, one scale and one minimum at a time, by the layout's own words."""
    zero = {name: np.zeros_like(field) for name, field in Q.encode(np.zeros(256)).items()}
    for k in (0, 1, 31, 32, 63, 64, 100, 255):
        codes = np.zeros((1, 256), int)
        codes[0, k] = 9
        data = Q.pack({**zero, "codes": codes})[0]
        pair, low = divmod(k, 64)
        assert data.nonzero()[0].tolist() == [16 + 32 * pair + low % 32]
        assert data.max() == (9 if low < 32 else 9 << 4)
    for name, first, shift in (("scales", 4, 0), ("minima", 8, 4)):
        for k in range(8):
            six = np.zeros((1, 8), int)
            six[0, k] = 0b101101
            data = Q.pack({**zero, name: six})[0]
            wanted = np.zeros(144, int)
            if k < 4:
                wanted[first + k] = 0b101101
            else:
                wanted[12 + k - 4], wanted[first + k - 4] = 0b1101 << shift, 0b10 << 6
            assert data.tolist() == wanted.tolist()
    data = Q.pack({**zero, "d": np.array([0x1234]), "dmin": np.array([0x5678])})[0]
    assert data[:4].tolist() == [0x34, 0x12, 0x78, 0x56]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 60000.0, -4e6, 6e7])
def test_constant_blocks(value):
    got = Q.decode(Q.encode(np.full(256, value)))
    np.testing.assert_allclose(got, value, rtol=2**-10)


def test_ends_of_the_range():
    reach = 65504.0 * 63
    x = np.tile([-reach, 14 * reach], 128)
    np.testing.assert_array_equal(Q.decode(Q.encode(x)), x)
    with pytest.raises(ValueError, match=r"^q4_k has scales of FP16, at most 65504"):
        Q.encode(x * 1.001)
    with pytest.raises(ValueError, match=r"^q4_k has scales of FP16, at most 65504"):
        Q.encode(np.full(256, -1.001 * reach))
