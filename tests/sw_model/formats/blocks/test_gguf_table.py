"""IQ4_NL's quantiser, and how GGUF's MXFP4 differs from OCP's."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.gguf_table import GgufMxfp4Format, IQ4_NLFormat
from tests.support.gguf_oracle import quantised

TABLE = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113])
NL, MX = IQ4_NLFormat(), GgufMxfp4Format()

E2M1 = [0, .5, 1, 1.5, 2, 3, 4, 6]


def squared(got, wanted):
    return np.square(got.astype(np.float64) - wanted).reshape(len(wanted), -1).sum(axis=-1)


def plain_iq4_nl(x):
    """Round to nearest, the extreme at -127."""
    extreme = np.take_along_axis(x, np.abs(x).argmax(axis=1)[:, None], axis=1)
    scale = (extreme / -127).astype(np.float16).astype(np.float64)
    nearest = np.abs(x[..., None] / scale[..., None] - TABLE).argmin(axis=-1)
    return scale * TABLE[nearest]


def test_iq4_nl_is_no_worse_than_plain_rounding(rng):
    x = rng.standard_normal((300, 32)).astype(np.float32).astype(np.float64)
    x[100:200] *= 1e-3
    x[200:] = np.abs(x[200:])
    got = squared(NL.decode(NL.encode(x)), x)
    plain = squared(plain_iq4_nl(x), x)
    assert (got <= plain).all()
    assert got.sum() < 0.95 * plain.sum()


def test_iq4_nl_errors_are_bounded(rng):
    """Plain: half of the table's widest gap, 24, and what lies beyond 113, up to 14, of 127."""
    x = rng.standard_normal((300, 32)).astype(np.float32).astype(np.float64)
    largest = np.abs(x).max(axis=1, keepdims=True)
    plain = np.abs(plain_iq4_nl(x) - x)
    assert (plain <= largest / 127 * 14.1).all()
    got = NL.decode(NL.encode(x)) - x
    # No value is further off than the whole plain block.
    assert (np.abs(got) <= np.sqrt(squared(plain_iq4_nl(x), x))[:, None]).all()


def test_iq4_nl_round_trip(rng):
    """Nothing is lost of what once was decoded, whatever its finite scale."""
    data = rng.integers(0, 256, (300, 18), dtype=np.uint8)
    data[:, 1] &= 0xFB  # no infinities, no NaN
    once = NL.decode(NL.unpack(data))
    np.testing.assert_array_equal(NL.decode(NL.encode(once)), once)


def test_iq4_nl_edges():
    for value in (0.0, -0.0):
        fields = NL.encode(np.full(32, value))
        assert fields["scales"].tolist() == [0]
        assert not NL.decode(fields).any()
    for value in (1.0, -3.0, 65504.0 * 113):
        np.testing.assert_allclose(NL.decode(NL.encode(np.full(32, value))), value, rtol=2**-11)
    assert (NL.decode(NL.encode(np.full(32, -65504.0 * 127))) == -65504.0 * 127).all()
    assert (NL.decode(NL.encode(np.full(32, 65504.0 * 127))) == 65504.0 * 127).all()
    with pytest.raises(ValueError, match=r"need 65528"):
        NL.encode(np.full(32, 65528.0 * 127))


def test_mxfp4_every_byte_of_scale():
    """2**(byte - 127); infinite where float32 ends, and 255 is no NaN."""
    fields = {"codes": np.tile(np.arange(32) % 16, (256, 1)), "scales": np.arange(256)}
    got = MX.decode(fields).reshape(256, 32)
    exact = np.ldexp(np.array([*E2M1, *(-v for v in E2M1)] * 2), np.arange(256)[:, None] - 127)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(got, exact.astype(np.float32))
    assert np.isinf(got).sum(axis=1).nonzero()[0].tolist() == [253, 254, 255]
    assert got[255, :2].tolist() == [0, np.ldexp(1.0, 127)]
    assert not np.isnan(got).any()
    assert not np.signbit(got[:, 8]).any()


def test_mxfp4_ties_go_to_the_smaller_magnitude():
    middles = [.25, .75, 1.25, 1.75, 2.5, 3.5, 5]
    values = np.zeros(32)
    values[:15] = [*middles, *(-m for m in middles), 6]
    wanted = [0, .5, 1, 1.5, 2, 3, 4]
    assert MX.decode(MX.encode(values))[:15].tolist() == [*wanted, *(-w for w in wanted), 6]
    assert not (MX.encode(values)["codes"] == 8).any()
    above = np.nextafter(values.astype(np.float32), np.float32(99))
    above[14] = 6
    assert MX.decode(MX.encode(above))[:7].tolist() == E2M1[1:]
    np.testing.assert_array_equal(MX.pack(MX.encode(above)), quantised(MX, above[None]))


@pytest.mark.parametrize("power", [-149, -140, -126, -125, -124, -1, 0, 100, 127])
def test_mxfp4_scales_of_powers_of_two(power):
    """And of what lies just below them, where a rounded logarithm is one too large."""
    exact = np.ldexp(1.0, power)
    assert MX.encode(np.full(32, exact))["scales"].tolist() == [max(power + 125, 0)]
    below = float(np.nextafter(np.float32(exact), np.float32(0)))
    if power > -126:
        assert MX.encode(np.full(32, below))["scales"].tolist() == [max(power + 124, 0)]
    assert MX.decode(MX.encode(np.full(32, exact)))[0] == (exact if power > -129 else 0)


def test_mxfp4_zero():
    fields = MX.encode(np.full(32, -0.0))
    assert not fields["codes"].any()
    assert not fields["scales"].any()
