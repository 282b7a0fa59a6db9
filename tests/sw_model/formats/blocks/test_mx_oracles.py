"""MX blocks against gfloat and microxcaling."""

from __future__ import annotations

import numpy as np
import pytest
from gfloat import BlockFormatInfo, compute_scale_amax, quantize_block
from gfloat.formats import (
    format_info_mxfp4_e2m1,
    format_info_mxfp6_e2m3,
    format_info_mxfp6_e3m2,
    format_info_mxfp8_e4m3,
    format_info_mxfp8_e5m2,
    format_info_mxint8,
)

from sw_model.formats import NAMED, Rounding
from sw_model.formats.blocks import MX_INT8, MXFormat
from sw_model.formats.blocks.scale_rule import floor_log2

FLOATS = {"e5m2": format_info_mxfp8_e5m2, "e4m3fn": format_info_mxfp8_e4m3,
          "e3m2": format_info_mxfp6_e3m2, "e2m3": format_info_mxfp6_e2m3,
          "e2m1": format_info_mxfp4_e2m1}

#: Keys of microxcaling's recorded answers.
RECORDED = {"fp8_e5m2": MXFormat(NAMED["e5m2"]), "fp8_e4m3": MXFormat(NAMED["e4m3fn"]),
            "fp6_e3m2": MXFormat(NAMED["e3m2"]), "fp6_e2m3": MXFormat(NAMED["e2m3"]),
            "fp4_e2m1": MXFormat(NAMED["e2m1"]), "int8": MXFormat(MX_INT8)}


def quantised(form, values):
    return form.decode(form.encode(values))


def gfloats(info: BlockFormatInfo, blocks):
    return np.array([quantize_block(info, block, compute_scale_amax) for block in blocks])


def random_blocks(rng, count):
    """Blocks of all magnitudes that E8M0 holds, with some elements of other magnitudes."""
    scales = 2.0 ** rng.integers(-140, 128, (count, 1))
    return rng.normal(size=(count, 32)) * scales * 2.0 ** rng.integers(-4, 1, (count, 32))


@pytest.mark.parametrize("name", FLOATS)
def test_floats_equal_gfloat(rng, name):
    blocks = random_blocks(rng, 200)
    np.testing.assert_array_equal(quantised(MXFormat(NAMED[name]), blocks),
                                  gfloats(FLOATS[name], blocks))


@pytest.mark.parametrize("name", FLOATS)
def test_edges_equal_gfloat(name):
    """Zeros of both signs, ties of small integers, powers of two, extremes."""
    signs = np.resize([1.0, -1.0], 32)
    blocks = np.stack([
        np.zeros(32), signs * 0.0, np.arange(32) * signs, np.arange(32) / 4, 2.0 ** np.arange(32),
        signs * 2.0**-126, signs * 2.0**-149, np.arange(32) * 2.0**-149,
        signs * np.finfo(np.float32).max, np.linspace(1, 2, 32, endpoint=False)])
    got, wanted = quantised(MXFormat(NAMED[name]), blocks), gfloats(FLOATS[name], blocks)
    np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(wanted))


def test_asymmetric_int8_equals_gfloat(rng):
    blocks = random_blocks(rng, 1000)
    np.testing.assert_array_equal(quantised(MXFormat(MX_INT8, symmetric=False), blocks),
                                  gfloats(format_info_mxint8, blocks))


def test_symmetric_int8_differs_from_gfloat_in_the_least_code_alone(rng):
    """gfloat uses -128, which is -2: the symmetric format has -127 in its place.

    Uniform values are often close enough to -2 times a power of two.
    """
    blocks = rng.uniform(-1, 1, (1000, 32))
    fields = MXFormat(MX_INT8, symmetric=False).encode(blocks)
    least = fields["codes"].reshape(blocks.shape) == -128
    got, wanted = quantised(MXFormat(MX_INT8), blocks), gfloats(format_info_mxint8, blocks)
    assert least.any()
    np.testing.assert_array_equal(got != wanted, least)
    np.testing.assert_array_equal(got[least] * 128, wanted[least] * 127)


def test_gfloat_reads_a_magnitude_just_below_a_power_of_two_as_that():
    """In float32 its logarithm is rounded up, so such blocks are no test of this format."""
    block = np.zeros(32, np.float32)
    block[0] = np.nextafter(np.float32(8), np.float32(0))
    assert MXFormat(NAMED["e2m1"]).encode(block)["scales"].tolist() == [127]
    assert compute_scale_amax(2.0, block) == 2.0
    assert compute_scale_amax(2.0, block.astype(np.float64)) == 1.0


@pytest.fixture(scope="module")
def recorded(data_dir):
    with np.load(data_dir / "vectors" / "microxcaling_mx32.ref.npz") as file:
        return {name: file[name] for name in ("x", *RECORDED)}


@pytest.mark.parametrize("name", RECORDED)
def test_microxcaling(recorded, name):
    assert recorded["x"].shape == (8, 64)
    np.testing.assert_array_equal(quantised(RECORDED[name], recorded["x"]), recorded[name])


@pytest.mark.parametrize("name", RECORDED)
def test_the_recorded_blocks_hold_no_ties(recorded, name):
    """microxcaling rounds half away from zero: all values count only while none is halfway."""
    form = RECORDED[name]
    scales = np.repeat(form.encode(recorded["x"])["scales"].astype(int), 32, axis=-1)
    scaled = np.clip(recorded["x"].astype(np.float64) * 2.0 ** (127 - scales),
                     -form.largest, form.largest)
    even, away = (form.element.encode(scaled, rounding=rounding)
                  for rounding in (Rounding.HALF_EVEN, Rounding.HALF_AWAY))
    np.testing.assert_array_equal(even, away)


def test_the_logarithm_reads_no_recorded_block_wrongly(recorded):
    """microxcaling takes log2 in float32, one too large just below many powers of two."""
    amax = np.abs(recorded["x"]).reshape(-1, 32).max(axis=-1)
    assert amax.dtype == np.float32
    np.testing.assert_array_equal(np.floor(np.log2(amax)), floor_log2(amax.astype(np.float64)))


def test_what_would_be_kept_apart():
    """The two checks above do see what they look for."""
    form = RECORDED["fp4_e2m1"]
    ties = np.array([0.75, 1.25, 5.0])
    assert (form.element.encode(ties) != form.element.encode(
        ties, rounding=Rounding.HALF_AWAY)).tolist() == [False, True, True]
    below = np.nextafter(np.float32(8), np.float32(0))
    assert np.floor(np.log2(below)) == floor_log2(np.float64(below)) + 1
