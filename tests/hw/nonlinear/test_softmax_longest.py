# amaranth: UnusedElaboratable=no
"""Softmax of the longest rows, every way: sums of the largest exponentials do not overflow."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hw.nonlinear.shiftmax import Shiftmax
from hw.nonlinear.softmax_online import OnlineSoftmax
from hw.nonlinear.softmax_single_pass import SinglePassSoftmax
from hw.nonlinear.softmax_tflite import TfliteSoftmax
from hw.nonlinear.softmax_two_pass import TwoPassSoftmax
from hw.nonlinear.softmax_unified import UnifiedSoftmax
from sw_model.formats import IntFormat
from sw_model.ops import (
    online_softmax,
    shiftmax,
    single_pass_softmax,
    softmax,
    softmax_parameters,
    two_pass_softmax,
    unified_softmax,
)
from sw_model.specs import (
    ShiftmaxSpec,
    SinglePassSoftmaxSpec,
    TfliteSoftmaxSpec,
    TwoPassSoftmaxSpec,
)
from tests.support.row_norms import emulate
from tests.support.rows import row_unit
from tests.support.softmaxes import UINT16, online, unified

INT8, SCALE = IntFormat(8), 1 / 16


def rows_of(longest, rng):
    """All equal, which makes the largest sum; one hot, first and last; rising and falling, so that
    every element, or one alone, is a new maximum; anything; and short rows between."""
    hot = np.full((2, longest), -128)
    hot[0, 0] = hot[1, -1] = 127
    rising = np.sort(np.arange(longest) % 256 - 128)
    return [np.full(longest, 127), np.array([-128]), np.full(longest, -128), *hot, rising,
            rising[::-1], np.zeros(2, np.int64), rng.integers(-128, 128, longest)]


def units_of(rows):
    longest = max(map(len, rows))
    multiplier, shift, diff_min = softmax_parameters(SCALE)
    tflite = TfliteSoftmaxSpec(multiplier=multiplier, shift=shift, diff_min=diff_min,
                               target=IntFormat(16))
    one, two = (kind.from_scale(INT8, SCALE, target=UINT16) for kind in (
        SinglePassSoftmaxSpec, TwoPassSoftmaxSpec))
    wide, narrow = online(SCALE, UINT16), unified(SCALE, UINT16)
    published, repaired = (make(INT8, SCALE) for make in (
        ShiftmaxSpec.published, ShiftmaxSpec.repaired))
    made = [
        (TfliteSoftmax(tflite, 1, longest), lambda row: softmax(
            row.astype(np.int8), multiplier=multiplier, shift=shift, diff_min=diff_min,
            width=16)),
        *((Shiftmax(spec, 1, longest), partial(shiftmax, spec=spec))
          for spec in (published, repaired)),
        (SinglePassSoftmax(one, 1, longest), partial(single_pass_softmax, spec=one)),
        (TwoPassSoftmax(two, 1, longest), partial(two_pass_softmax, spec=two)),
        (OnlineSoftmax(wide, 1, longest), partial(online_softmax, spec=wide)),
        (UnifiedSoftmax(narrow, 1, longest), partial(unified_softmax, spec=narrow))]
    return [row_unit(unit, rows, [golden(row) for row in rows], paced=False, latency=False)
            for unit, golden in made]


@pytest.mark.full
def test_longest_rows(rng, tmp_path):
    emulate(units_of(rows_of(4095, rng)), tmp_path / "longest")
