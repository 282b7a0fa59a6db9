"""The search for a rounding to even, against trial and against NumPy's own rounding."""

from __future__ import annotations

import numpy as np
import pytest

from gen.passes import compile_graph
from gen.passes.half_even import fit_half_even, round_half_even
from gen.passes.multiply_add_shift import fit_line
from sw_model.formats import IntFormat
from sw_model.ops import MatMul, Rescale, RescaleMode
from tests.support.graphs import sweep_network
from tests.support.staircases import stairs


def rounded(x: np.ndarray, multiplier: int, shift: int, zero_point: int) -> np.ndarray:
    """By float64, which is exact here."""
    return np.rint(x * (multiplier / 2**shift)).astype(np.int64) + zero_point


def test_rounding():
    product = np.arange(-300, 301)
    for shift in range(8):
        np.testing.assert_array_equal(round_half_even(product, shift),
                                      rounded(product, 1, shift, 0))


def test_smallest_shift_and_multiplier_by_trial(rng):
    found = 0
    for _ in range(60):
        low, size = int(rng.integers(-30, 5)), int(rng.integers(2, 40))
        x = np.arange(low, low + size)
        zero_point = int(rng.integers(-3, 4))
        values = np.clip(rounded(x, int(rng.integers(-20, 21)), int(rng.integers(1, 7)),
                                 zero_point), -6, 6)
        if rng.random() < 0.3:
            values = np.sort(rng.integers(-6, 6, size))
        fit = fit_half_even(stairs(values, low), values.min(), values.max(), zero_point)
        for shift in range(7 if fit is None else fit[1] + 1):
            m = np.arange(-800, 801)
            tried = np.rint(np.outer(m, x) / 2**shift) + zero_point
            fits = m[(np.clip(tried, values.min(), values.max()) == values).all(axis=1)].tolist()
            if fit is not None and shift == fit[1]:
                assert abs(int(fit[0][0])) == min(map(abs, fits))
                assert int(fit[0][0]) in fits
                found += 1
            else:
                assert not fits, (values, low, zero_point, shift, fit)
    assert 20 <= found <= 55


def test_lanes_share_a_multiplier_where_they_can():
    x = np.arange(-100, 100)
    alike = stairs(np.stack([rounded(x, 3, 4, 1)] * 2), -100)
    assert [a.tolist() for a in fit_half_even(alike, -99, 99, 1)[:1]] == [[3]]
    other = stairs(np.stack([rounded(x, 3, 4, 1), rounded(x, -1, 1, 1), np.ones_like(x)]), -100)
    multiplier, shift = fit_half_even(other, -99, 99, 1)
    assert (multiplier.tolist(), shift) == ([3, -8, 0], 4)


def test_scales_of_powers_of_two_have_no_line_but_a_rounding():
    x = np.arange(-500, 500)
    stair = stairs(rounded(x, 1, 4, 0), -500)
    assert fit_line(stair, stair.least, stair.greatest) is None
    multiplier, shift = fit_half_even(stair, stair.least, stair.greatest, 0)
    assert (multiplier.tolist(), shift) == ([1], 4)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [13, 20])
def test_a_qonnx_layer_with_scales_of_powers_of_two(signed, bits):
    """Accumulators that the proof looks at one by one, and too many for that."""
    b, acc, x = sweep_network(3, bits, bias=[0, 1, -700])
    real = b.dequantise("d", acc, 2.0**-9)
    real = real if signed else b.relu("relu", real)
    last = b.quantise("q", real, 2.0**-5, IntFormat(8, signed=signed), narrow=signed)
    graph = b.build(last)
    compiled = compile_graph(graph)
    np.testing.assert_array_equal(compiled.graph.run({"x": x})[0][last],
                                  graph.run({"x": x})[0][last])
    assert [type(n) for n in compiled.graph.nodes] == [MatMul, Rescale]
    node = compiled.graph.nodes[1]
    assert node.mode is RescaleMode.EXACT_HALF_EVEN
    assert compiled.report[0]["form"] == "half_even"
    assert (compiled.report[0]["multiplier_bits"], compiled.report[0]["shift"]) == (1, 4)
    assert (node.low, node.high) == ((-127, 127) if signed else (0, 255))
