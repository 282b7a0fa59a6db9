"""Q6_K: where its bits lie, and its quantiser against a plain one."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.gguf_q6_k import Q6_KFormat
from tests.support.quantisers import assert_no_worse, coded, samples

Q = Q6_KFormat()


def plain(x):
    """The extreme of 16 at -32, then scales on eight bits, then round to nearest."""
    parts = x.reshape(len(x), 16, 16)
    place = np.abs(parts).argmax(axis=2)[..., None]
    scales = np.take_along_axis(parts, place, axis=2)[..., 0] / -32
    d = (np.abs(scales).max(axis=1) / 127).astype(np.float16).astype(np.float64)[:, None]
    step = d * np.rint(scales / d).clip(-128, 127)
    safe = np.where(step == 0, np.inf, step)[..., None]
    return (step[..., None] * np.rint(parts / safe).clip(-32, 31)).reshape(x.shape)


def test_no_worse_than_plain_rounding(rng):
    x = samples(rng, 16, -5)
    got, other = coded(Q, x), plain(x)
    assert_no_worse(got, other, x)
    assert np.square(got - x).sum() < 0.87 * np.square(other - x).sum()


def test_plain_errors_are_bounded(rng):
    """So ours are, whose whole block is no worse: half a step, one at 32, and eight bits."""
    x = samples(rng, 16, -5)
    steps = np.abs(x).reshape(200, 16, 16).max(axis=2) / 32
    eight = steps.max(axis=1, keepdims=True) / 127
    bound = (np.maximum(steps / 2 + 16 * eight, steps) + 16 * eight) * 1.01
    assert (np.abs(plain(x) - x).reshape(200, 16, 16).max(axis=2) <= bound).all()
    got = np.abs(coded(Q, x) - x)
    assert (got <= np.sqrt(16 * np.square(bound).sum(axis=1))[:, None]).all()


def test_round_trip(rng):
    """Hardly anything is lost when what decode gave is encoded again."""
    x = samples(rng, 16, -5)
    once = coded(Q, x)
    again = coded(Q, once)
    assert_no_worse(again, plain(once), once)
    lost = np.square(again - once).sum(axis=1)
    assert (lost == 0).sum() > 100
    assert lost.sum() < 2e-3 * np.square(once - x).sum()


def test_round_trip_of_any_bytes(rng):
    data = rng.integers(0, 256, (200, 210), dtype=np.uint8)
    data[:, 209] &= 0xBF  # below 2, of both signs
    once = Q.decode(Q.unpack(data)).reshape(200, 256).astype(np.float64)
    again = coded(Q, once)
    assert_no_worse(again, plain(once), once)
    assert np.square(again - once).sum() < 3e-4 * np.square(once).sum()


def test_where_the_bits_lie():
    """One code and one scale at a time, by the layout's own words."""
    zero = {name: np.zeros_like(field) for name, field in Q.encode(np.zeros(256)).items()}
    for k in (0, 31, 32, 63, 64, 96, 127, 128, 200, 255):
        codes = np.zeros((1, 256), int)
        codes[0, k] = 0b101001
        data = Q.pack({**zero, "codes": codes})[0]
        wanted = np.zeros(210, int)
        part, place = divmod(k, 128)
        wanted[64 * part + place % 64] = 0b1001 << (4 if place >= 64 else 0)
        wanted[128 + 32 * part + place % 32] = 0b10 << place // 32 * 2
        assert data.tolist() == wanted.tolist()
    for k in range(16):
        scales = np.zeros((1, 16), int)
        scales[0, k] = -3
        assert Q.pack({**zero, "scales": scales})[0].nonzero()[0].tolist() == [192 + k]
    assert Q.pack({**zero, "d": np.array([0x1234])})[0, 208:].tolist() == [0x34, 0x12]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 60000.0, -2e8])
def test_constant_blocks(value):
    got = Q.decode(Q.encode(np.full(256, value)))
    np.testing.assert_allclose(got, value, rtol=2**-10)


def test_ends_of_the_range():
    reach = 65504.0 * 127 * 32
    x = np.tile([reach, -reach / 32 * 31], 128)
    np.testing.assert_array_equal(Q.decode(Q.encode(x)), x)
    with pytest.raises(ValueError, match=r"^q6_k has scales of FP16, at most 65504"):
        Q.encode(x * 1.001)
