"""The line search against exhaustive search over every M, B and S, and against design.md 6.2."""

from __future__ import annotations

import numpy as np
import pytest

from gen.passes.chain import LaneFunction
from gen.passes.multiply_add_shift import Line, fit_line
from gen.passes.staircase import Staircase, staircase
from sw_model.formats import IntFormat
from sw_model.ops import RescaleMode
from tests.support.graphs import NetworkBuilder
from tests.support.staircases import stairs

#: For the exhaustive search: |M| up to this, and B in proportion.
MOST = 40


def best_line(values: np.ndarray, low: int, shift: int, *, signs: int) -> int | None:
    """Smallest |M| for which some B (or one for each sign of x) gives ``values``, by trial."""
    x = np.arange(low, low + len(values))
    m = np.arange(-MOST, MOST + 1)[:, None, None]
    reach = MOST * int(np.abs(x).max()) + (8 << shift)
    b = np.arange(-reach, reach + 1)[:, None]
    equal = np.clip((x * m + b) >> shift, values.min(), values.max()) == values
    parts = [equal] if signs == 1 else [equal[..., x >= 0], equal[..., x < 0]]
    fits = np.all([p.all(axis=-1).any(axis=-1) for p in parts], axis=0)
    return int(np.abs(m[fits, 0, 0]).min()) if fits.any() else None


def evaluate(line: Line, x: np.ndarray, stair: Staircase) -> np.ndarray:
    """The line's values at ``x``, shape (positions, lanes), by the definition."""
    offset = np.where(x < 0, line.offset[:, -1], line.offset[:, 0])
    return np.clip((x * line.multiplier + offset) >> line.shift, stair.least, stair.greatest)


def test_smallest_shift_and_multiplier(rng):
    found = {1: 0, 2: 0, None: 0}
    for _ in range(60):
        low, size = int(rng.integers(-7, 2)), int(rng.integers(2, 9))
        rise = rng.choice([0, 0, 1, 1, 2], size=size - 1)
        values = np.concatenate([[int(rng.integers(-2, 2))], rise]).cumsum()
        values = np.clip(values, None, values[0] + 3)[::rng.choice([-1, 1])]
        line = fit_line(stairs(values, low), values.min(), values.max())
        signs = None if line is None else line.offset.shape[1]
        found[signs] += 1
        if line is not None:
            x = np.arange(low, low + size)[:, None]
            np.testing.assert_array_equal(
                evaluate(line, x, stairs(values, low))[:, 0], values, f"{line}")
        for shift in range(4):
            for tried in (1, 2):
                best = best_line(values, low, shift, signs=tried)
                if line is None or tried < signs or (tried == signs and shift < line.shift):
                    assert best is None, (values, low, shift, tried, line)
                elif tried == signs and shift == line.shift:
                    assert best == abs(int(line.multiplier[0])), (values, low, line)
    assert min(found.values()) >= 3, found


def test_irregular_steps_have_no_line():
    assert fit_line(stairs(np.array([0, 1, 2, 2, 2, 2, 2, 3]), 1), 0, 3) is None
    assert fit_line(stairs(np.array([0, 1, 0]), 1), 0, 1) is None


def test_the_clamp_gives_freedom_at_the_ends():
    values = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    loose = fit_line(stairs(values, -4), 0, 1)
    assert (loose.shift, loose.multiplier.tolist(), loose.offset.tolist()) == (0, [1], [[1]])
    tight = fit_line(stairs(values, -4), -8, 8)
    assert (tight.shift, tight.multiplier.tolist()) == (2, [1])


def test_one_line_for_all_lanes_before_one_for_each():
    def lanes(*each: np.ndarray) -> Staircase:
        return stairs(np.stack(each), -8)
    x = np.arange(-8, 8)
    shared = fit_line(lanes(x >> 1, x >> 1), -8, 8)
    assert (shared.multiplier.shape, shared.offset.shape) == ((1,), (1, 1))
    shifted = fit_line(lanes(x >> 1, (x + 1) >> 1), -8, 8)
    assert (shifted.multiplier.shape, shifted.offset.shape) == ((1,), (2, 1))
    falling = fit_line(lanes(x >> 1, -x >> 1), -8, 8)
    assert falling.multiplier.tolist() == [1, -1]
    assert falling.offset.shape[1] == 1
    stair = lanes(x >> 1, -x >> 1)
    np.testing.assert_array_equal(evaluate(falling, x[:, None], stair),
                                  np.stack([x >> 1, -x >> 1], axis=1))


def test_dense_steps_far_from_zero():
    x = np.arange(10**9, 10**9 + 50)
    line = fit_line(stairs(x - 10**9, 10**9), 0, 49)
    assert (line.multiplier.tolist(), line.shift) == ([1], 0)
    np.testing.assert_array_equal(
        evaluate(line, x[:, None], stairs(x - 10**9, 10**9))[:, 0], x - 10**9)


def rescale_function(scale: float, mode: RescaleMode) -> LaneFunction:
    builder = NetworkBuilder()
    acc = builder.input("acc", (1,), IntFormat(32))
    builder.rescale("r", acc, [scale], mode)
    (node,) = builder.nodes
    return LaneFunction.of_node(node, [builder.tensors[name] for name in node.inputs])


@pytest.mark.parametrize(("mode", "one", "two"), [
    (RescaleMode.TFLITE_DOUBLE, 0, 60), (RescaleMode.TFLITE_SINGLE, 60, 0),
    (RescaleMode.FLOAT64_HALF_AWAY, 60, 0), (RescaleMode.EXACT_HALF_EVEN, 60, 0),
    (RescaleMode.FLOOR, 60, 0), (RescaleMode.FLOAT32_HALF_EVEN, 50, 0)])
def test_sixty_random_scales(rng, mode, one, two):
    """At least so many fit with one offset, and so many with one or two."""
    offsets, bits = [], []
    for reach in (10 ** rng.uniform(3, 6, 60)).astype(int):
        scale = float(np.float32(127.5 / reach * rng.uniform(0.3, 1.5)))
        function = rescale_function(scale, mode)
        stair = staircase(function, np.array([-reach]), np.array([reach]))
        line = fit_line(stair, -128, 127)
        if line is None:
            continue
        offsets.append(line.offset.shape[1])
        bits.append(int(line.multiplier[0]).bit_length())
        x = np.unique(np.concatenate([rng.integers(-reach, reach + 1, 2000),
                                      stair.positions[0], stair.positions[0] - 1]))[:, None]
        np.testing.assert_array_equal(evaluate(line, x, stair), function(x), f"{mode} {scale}")
    assert offsets.count(1) >= one
    assert len(offsets) >= max(one, two)
    assert np.median(bits) <= 21
