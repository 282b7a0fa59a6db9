"""Steps of NVIDIA's 4-bit quantisers: equal to the format's encoder everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, TernaryFormat, parse_format
from sw_model.formats.blocks import NVFormat, parse_block_format
from sw_model.specs.nv_steps import NVSteps

CASES = [("int8", "nvfp4", 0.25), ("uint7", "nvint4", 2.0**-9), ("int9", "nvfp4<ue5m3>", None),
         ("fixed<9,4>", "nvint4<ue5m3>", None), ("uint1", "nvfp4", 1.0), ("int6", "nvfp4", 1e9),
         ("int6", "nvint4", 1e-9), ("fixed<7,150>", "nvfp4<ue5m3>", None),
         ("fixed<6,30>", "nvint4<ue5m3>", None)]


def made(source, form, tensor_scale):
    given = None if tensor_scale is None else float(np.float32(tensor_scale))
    return NVSteps(parse_format(source), parse_block_format(form), given)


def reached(steps, values):
    """How many of the ascending ``steps`` each value reaches."""
    return (np.asarray(values)[..., None] >= np.asarray(steps)).sum(axis=-1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_every_pair_of_magnitudes(case):
    """A block's largest and another element, of either sign, by counting steps."""
    steps = made(*case)
    codes = np.arange(steps.source.min, steps.source.max + 1)
    peaks, others = (each.ravel() for each in np.meshgrid(codes, codes))
    blocks = np.zeros((len(peaks), 16), np.int64)
    blocks[:, 3], blocks[:, 9] = peaks, others
    given = None if steps.tensor_scale is None else np.float32(steps.tensor_scale)
    fields = steps.form.encode(steps.source.decode(blocks), given)
    scales = reached(steps.scales, np.abs(blocks).max(axis=1))
    np.testing.assert_array_equal(fields["scales"][:, 0], scales)
    for place in (3, 9):
        values = blocks[:, place]
        rows = np.array(steps.codes)[scales]
        magnitudes = (np.abs(values)[:, None] >= rows).sum(axis=1)
        reals = np.copysign(steps.form.element.decode(magnitudes), values)
        np.testing.assert_array_equal(steps.form.element.decode(fields["codes"][:, 0, place]),
                                      reals)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_rows_ascend(case):
    steps = made(*case)
    assert list(steps.scales) == sorted(steps.scales)
    assert all(1 <= step <= steps.largest for step in steps.scales)
    assert len(steps.codes) == len(steps.scales) + 1
    tops = [*steps.scales, steps.largest + 1]
    for row, top in zip(steps.codes, tops, strict=True):
        assert len(row) == 7
        assert list(row) == sorted(row)
        assert row[0] >= 1
        assert row[-1] <= top


def test_worked():
    """Powers of two are their own scales times 2 (of 6); seven halves are the ties."""
    steps = made("uint8", "nvfp4", 1.0)
    scales = steps.form.scale.decode(np.arange(len(steps.scales) + 1))
    # 192 / 6 is the scale 32; the ties lie at .25, .75, 1.25, 1.75, 2.5, 3.5 and 5 times 32, of
    # which the even code is above the second, fourth and sixth only.
    row = steps.codes[scales.tolist().index(32)]
    assert row == (9, 24, 41, 56, 81, 112, 161)


NV, NV5 = parse_block_format("nvfp4"), NVFormat(IntFormat(4), parse_format("ue5m3"))


@pytest.mark.parametrize(("arguments", "error", "message"), [
    (("int8", NV, 1.0), TypeError, r"^source must be a Format, not 'int8'$"),
    ((TernaryFormat(), NV, 1.0), TypeError, r"^source must be an IntFormat or FixedFormat, not "),
    ((IntFormat(54), NV5), ValueError, r"^source must have at most 53 bits, not 54$"),
    ((IntFormat(8), IntFormat(4)), TypeError, r"^form must be an NVFormat, not IntFormat"),
    ((IntFormat(8), NV), ValueError, r"^nvfp4 needs a tensor_scale$"),
    ((IntFormat(8), NV5, 1.0), ValueError, r"^nvint4<ue5m3> has no tensor_scale$"),
    ((IntFormat(8), NV, 0.1), ValueError, r"^tensor_scale must be a number of float32, not 0\.1$"),
    ((IntFormat(8), NV, 0.0), ValueError, r"^tensor_scale must be positive and finite, not 0"),
    ((FixedFormat(8, -130), NV5), ValueError, r"lies outside the range of float32$")])
def test_steps_that_do_not_exist(arguments, error, message):
    with pytest.raises(error, match=message):
        NVSteps(*arguments)
