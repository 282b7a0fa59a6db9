"""The integer running maximum: worked values, guard bits, order, and parts of rows merged."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from sw_model.formats import IntFormat, Rounding
from sw_model.ops import extended_exponential, merge_states, online_softmax, online_state
from sw_model.specs import ExtendedExponentialSpec, TwoPassSoftmaxSpec
from tests.support.softmaxes import UINT8, online, some_rows

INT12 = IntFormat(12)


def state(rows, power, **settings):
    """Sums as reals relative to the maximum."""
    most, total = online_state(rows, power, **settings)
    return most, total / 2.0 ** (power.fraction + settings.get("guard", 0))


def test_worked_sum():
    power = ExtendedExponentialSpec.from_scale(INT12, 1.0, index_bits=8, fraction=20)
    most, total = state(np.array([1000, 1001, 999, 500]), power, guard=8)
    assert most.tolist() == [1444]
    np.testing.assert_allclose(total, [1.6538026], atol=1e-5)


def test_nothing_is_lost_with_enough_guard_bits(rng):
    """Then the sum is exact, in every order and for every tile."""
    rows = some_rows(rng, (200, 33), 40)
    power = ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16)
    guard = power.exponent.max - power.exponent.min
    mantissa, exponent = extended_exponential(rows, power)
    want = (mantissa << guard >> exponent.max(axis=-1, keepdims=True) - exponent).sum(axis=-1)
    for tile in (1, 4, 33, 64):
        most, total = online_state(rows[:, rng.permutation(33)], power, tile=tile, guard=guard)
        np.testing.assert_array_equal(total[:, 0], want)
        np.testing.assert_array_equal(most, exponent.max(axis=-1, keepdims=True))


def test_guard_bits_make_the_sum_exact(rng):
    """Each guard bit halves what is lost; without them it is up to a unit for each element."""
    rows = some_rows(rng, (300, 256), 50)
    power = ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16)
    _, exact = state(rows, power, guard=40)
    worst = []
    for guard in (0, 4, 8):
        lost = exact - state(rows, power, guard=guard)[1]
        assert (lost >= 0).all()
        worst.append(lost.max())
        assert lost.max() <= 2 * 256 * 2.0 ** -(15 + guard)
    assert worst[1] < worst[0] / 12
    assert worst[2] < worst[1] / 12


def test_parts_merged_are_the_whole(rng):
    rows, values = some_rows(rng, (50, 48), 30), rng.integers(-128, 128, (50, 48))
    power = ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16)

    def weighted(part):
        """A state with attention's sum of values beside it."""
        most, total = online_state(rows[:, part], power, guard=24)
        mantissa, exponent = extended_exponential(rows[:, part], power)
        terms = ((mantissa << 24) >> most - exponent) * values[:, part]
        return most, total, terms.sum(axis=-1, keepdims=True)

    whole = weighted(slice(None))
    merged = merge_states(weighted(slice(0, 20)), weighted(slice(20, None)))
    np.testing.assert_array_equal(merged[0], whole[0])
    np.testing.assert_array_equal(merged[1], whole[1])
    assert np.abs(merged[2] - whole[2]).max() <= 1
    np.testing.assert_array_equal(
        np.concatenate(merge_states(merged, merged)),
        np.concatenate((whole[0], 2 * merged[1], 2 * merged[2])))


def test_merging_in_any_order_loses_a_unit_for_each_part(rng):
    rows = some_rows(rng, (100, 64), 40)
    power = ExtendedExponentialSpec.from_scale(IntFormat(8), 1 / 16)
    most, total = online_state(rows, power, tile=64)
    parts = [online_state(rows[:, start:start + 8], power, tile=8) for start in range(0, 64, 8)]
    for order in (range(8), range(7, -1, -1), rng.permutation(8)):
        merged = parts[order[0]]
        for k in order[1:]:
            merged = merge_states(merged, parts[k])
        np.testing.assert_array_equal(merged[0], most)
        # Every term lost less than a unit, and so did every sum when it was shifted.
        assert np.abs(merged[1] - total).max() <= 64 + 2 * 8


def test_attention_over_256_keys():
    """Errors in units of int8 values, and what the order of keys changes."""
    rng = np.random.default_rng(1)
    power = ExtendedExponentialSpec(source=IntFormat(18), multiplier=1 << 12)
    scores = np.round(rng.normal(0, 3 * 4096, (100, 256))).astype(np.int64)
    values = rng.integers(-128, 128, scores.shape)
    weights = 2.0 ** ((scores - scores.max(axis=-1, keepdims=True)) / 4096)
    real = (weights * values).sum(axis=-1) / weights.sum(axis=-1)
    mantissa, exponent = extended_exponential(scores, power)
    for guard, most, order in ((0, 0.21, 0.125), (8, 0.0042, 0.0013)):
        terms = mantissa << guard
        parts = [(exponent[:, k], terms[:, k], terms[:, k] * values[:, k]) for k in range(256)]
        forward, backward = (reduce(merge_states, each) for each in (parts, parts[::-1]))
        one, other = (state[2] / state[1] for state in (forward, backward))
        assert np.abs(one - real).max() <= most
        assert np.abs(one - other).max() <= order


def test_sums_too_wide():
    with pytest.raises(ValueError, match="a row's sum exceeds 62 bits"):
        online_softmax(np.zeros((1, 1 << 15), np.int64), online(1 / 16, guard=32))


@pytest.mark.parametrize(("changes", "message"), [
    ({"target": IntFormat(8)}, "target must be an unsigned integer of at most 24 bits, not int8"),
    ({"target": IntFormat(25, signed=False)}, "target must be an unsigned .* not uint25"),
    ({"tile": 0}, "tile must be at least 1, not 0"),
    ({"guard": 33}, "guard must be 0 to 32, not 33"),
    ({"newton_steps": 3}, "newton_steps must be 0, 1 or 2, not 3$"),
    ({"target": IntFormat(24, signed=False), "reciprocal_fraction": 8},
     "target must have fewer bits than numerator and reciprocal together, 15 [+] 8, not 24")])
def test_specs_refuse(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        online(1 / 16, **changes)
    with pytest.raises(TypeError, match=r"^power must be an ExtendedExponentialSpec, not 3$"):
        type(online(1 / 16))(power=3, target=UINT8)


@pytest.mark.parametrize(("changes", "message"), [
    ({"numerator_bits": 8}, "numerator_bits must be 9 to 60, not 8"),
    ({"numerator_bits": 61}, "numerator_bits must be 9 to 60, not 61"),
    ({"tile": 0}, "tile must be at least 1, not 0"),
    ({"rounding": Rounding.CEILING}, "rounding must be Rounding.FLOOR or Rounding.HALF_UP")])
def test_two_pass_specs_refuse(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        TwoPassSoftmaxSpec.from_scale(IntFormat(8), 1 / 16, **{"target": UINT8} | changes)
