"""Rows scaled by their largest magnitude: rational numbers, and BitLinear's own formula."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import AbsMaxQuantise, absmax_quantise
from sw_model.specs import AbsMaxSpec

INT8, INT16 = IntFormat(8), IntFormat(16)


def exact(row, most):
    peak = max(abs(int(x)) for x in row)
    return [round(Fraction(int(x) * most, peak)) if peak else 0 for x in row], peak


def test_every_magnitude_below_every_peak():
    """All 8-bit codes; 7 bits of code."""
    for peak in range(129):
        row = np.arange(-peak, min(peak, 127) + 1)
        codes, found = absmax_quantise(row, AbsMaxSpec(INT8, INT8))
        assert (codes.tolist(), found.tolist()) == (exact(row, 127)[0], [peak])


def test_every_16_bit_code():
    """Below the largest peak, and below one that makes many ties."""
    for peak in (2**15, 254, 2540):
        row = np.arange(-peak, min(peak, 2**15 - 1) + 1)
        codes, _ = absmax_quantise(row, AbsMaxSpec(INT16, INT8))
        assert codes.tolist() == exact(row, 127)[0]


def test_seeded_rows(rng):
    """50,000 rows of other formats: never off by one, peaks in any place."""
    for source, target, count in ((IntFormat(40), INT8, 20_000), (INT16, IntFormat(16), 20_000),
                                  (IntFormat(24, signed=False), IntFormat(4), 10_000)):
        spec = AbsMaxSpec(source, target)
        rows = rng.integers(source.min, source.max, (count, 5), endpoint=True)
        rows[::2] //= rng.integers(1, source.max, (len(rows[::2]), 1))
        codes, peaks = absmax_quantise(rows, spec)
        assert spec.peak.min <= peaks.min() <= peaks.max() <= spec.peak.max
        for row, found, (peak,) in zip(rows, codes.tolist(), peaks.tolist(), strict=True):
            assert (found, peak) == exact(row, spec.most)


def test_equals_bit_linear(rng):
    """Float64 with its epsilons, 50,000 rows; where no product is a tie, which those break."""
    x = rng.integers(-3000, 3000, (50_000, 6))
    x[np.abs(x).max(axis=1) == 0] = 1
    real = x * 2.0**-6
    scaled = real / np.sqrt(np.mean(real**2, axis=1, keepdims=True) + 1e-8)
    factor = 127 / np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-5)
    wanted = np.clip(np.rint(scaled * factor), -128, 127)
    codes, peak = absmax_quantise(x, AbsMaxSpec(INT16, INT8))
    tie = (254 * np.abs(x) + peak) % (2 * peak) == 0
    np.testing.assert_array_equal(np.where(tie, 0, codes), np.where(tie, 0, wanted))
    assert 0 < tie.sum() < 300


def test_known_rows():
    """The worked example in quarters: -63.5 is a tie, which goes to the even -64."""
    codes, peak = absmax_quantise(np.array([2, -4, 8, 1]), AbsMaxSpec(INT8, INT8))
    assert (codes.tolist(), peak.tolist()) == ([32, -64, 127, 16], [8])


def test_node(rng):
    spec = AbsMaxSpec(INT16, INT8)
    node = AbsMaxQuantise(name="q", inputs=("x",), outputs=("y", "peak"), spec=spec)
    x = Tensor("x", (3, 4), INT16)
    assert node.infer([x]) == (((3, 4), INT8), ((3, 1), IntFormat(16, signed=False)))
    rows = rng.integers(-99, 99, (2, 3, 4))
    rows[0, 0] = 0
    codes, peak = node.run([x], [rows])
    assert (codes.dtype, peak.dtype, peak.shape) == (np.int8, np.uint16, (2, 3, 1))
    np.testing.assert_array_equal(codes, absmax_quantise(rows, spec)[0])
    for wrong, message in ((Tensor("x", (3,), INT8), "input must be int16, not int8"),
                           (Tensor("x", (), INT16), "needs an axis of at least one element")):
        with pytest.raises(NodeError, match=message):
            node.infer([wrong])


@pytest.mark.parametrize(("source", "target", "message"), [
    (IntFormat(41), INT8, r"^source must have at most 40 bits, not 41$"),
    (INT8, IntFormat(8, signed=False), r"^target must be signed and have at most 16 bits, "),
    (INT8, IntFormat(17), r"^target must be signed and have at most 16 bits, not int17$"),
])
def test_what_does_not_fit(source, target, message):
    with pytest.raises(ValueError, match=message):
        AbsMaxSpec(source, target)
