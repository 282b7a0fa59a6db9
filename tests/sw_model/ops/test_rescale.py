"""Every rounding mode against exact rational arithmetic, and the fast paths against plain ones."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import MultiplyAddShift, Rescale, RescaleMode, multiply_add_shift, rescale
from sw_model.ops.rescale_fast import fast
from sw_model.ops.rescale_modes import PLAIN, reduce_multiplier
from tests.support.exact import rounded

TFLITE = [mode for mode in RescaleMode if mode.is_tflite]
LIMIT = 2**31
HALF = Fraction(1, 2)


def half_away(value: Fraction) -> int:
    return math.floor(value + HALF) if value >= 0 else -math.floor(-value + HALF)


def to_float32(value: Fraction) -> Fraction:
    """``value`` rounded to 24 significant bits, half to even (no subnormals in these tests)."""
    if value == 0:
        return value
    bits = abs(value.numerator).bit_length() - value.denominator.bit_length()
    power = Fraction(2) ** (bits - 24 + (abs(value) >= Fraction(2) ** bits))
    return round(value / power) * power


def oracle(acc: int, multiplier: int, exponent: int, mode: RescaleMode) -> int:
    """The definition of ``mode`` on one accumulator, in rational numbers alone."""
    scale = multiplier * Fraction(2) ** exponent
    match mode:
        case RescaleMode.TFLITE_DOUBLE:
            shift = exponent + 31
            high = math.floor(Fraction(acc * 2 ** max(shift, 0) * multiplier, 2**31) + HALF)
            result = half_away(Fraction(high, 2 ** max(-shift, 0)))
        case RescaleMode.TFLITE_RUY:
            shift = exponent + 31
            high = math.floor(Fraction(acc * 2 ** max(shift, 0) * multiplier, 2**31) + HALF)
            result = math.floor(Fraction(high, 2 ** max(-shift, 0)) + HALF)
        case RescaleMode.TFLITE_SINGLE:
            result = math.floor(acc * scale + HALF)
        case RescaleMode.FLOAT64_HALF_AWAY:
            result = half_away(Fraction(float(acc) * float(scale)))
        case RescaleMode.FLOAT32_HALF_EVEN:
            result = round(to_float32(to_float32(Fraction(acc)) * to_float32(scale)))
        case _:
            assert mode.rounding is not None
            result = rounded(acc * scale, mode.rounding)
    return max(-LIMIT, min(LIMIT, result))


def expected(acc: np.ndarray, multiplier: np.ndarray, exponent: np.ndarray, mode: RescaleMode
             ) -> np.ndarray:
    m, e = np.broadcast_to(multiplier, acc.shape), np.broadcast_to(exponent, acc.shape)
    return np.array([oracle(int(a), int(b), int(c), mode)
                     for a, b, c in zip(acc.flat, m.flat, e.flat, strict=True)]).reshape(acc.shape)


def draw_scales(rng: np.random.Generator, mode: RescaleMode, channels: int
                ) -> tuple[np.ndarray, np.ndarray]:
    """Scales of 2**-20 to 1/2, as wide as the mode's multipliers are; some powers of two."""
    bits = 31 if mode in TFLITE else 53
    multiplier = rng.integers(2 ** (bits - 1), 2**bits, channels)
    multiplier[::3] = 2 ** (bits - 1)
    if mode not in TFLITE:
        multiplier[1::2] *= -1
    return multiplier, rng.integers(-20, 0, channels) - bits


@pytest.mark.parametrize("mode", RescaleMode)
@pytest.mark.parametrize("bits", [8, 20, 24, 31])
@pytest.mark.parametrize("channels", [1, 5])
def test_equals_rational_arithmetic(mode, bits, channels, rng):
    multiplier, exponent = draw_scales(rng, mode, channels)
    acc = rng.integers(-(2**bits), 2**bits, (60, 5), dtype=np.int32)
    np.testing.assert_array_equal(rescale(acc, multiplier, exponent, mode),
                                  expected(acc, multiplier, exponent, mode))


@pytest.mark.parametrize("mode", RescaleMode)
@pytest.mark.parametrize("right", [1, 2, 3, 7])
def test_ties(mode, right):
    """A power of two makes every ``2**right``-th accumulator a tie, of either sign and parity."""
    acc = np.arange(-130, 131, dtype=np.int32)[:, None]
    multiplier, exponent = np.array([2**30]), np.array([-30 - right])
    np.testing.assert_array_equal(rescale(acc, multiplier, exponent, mode),
                                  expected(acc, multiplier, exponent, mode))


def test_known_ties():
    """The table in gemmlowp's terms: scale 1/8; three eighths round to 1 when rounded twice."""
    acc = np.array([[-12, -4, -3, 3, 4, 12]], np.int32)
    scale = np.array([2**30]), np.array([-33])
    assert rescale(acc, *scale, RescaleMode.TFLITE_DOUBLE).tolist() == [[-2, -1, 0, 1, 1, 2]]
    assert rescale(acc, *scale, RescaleMode.TFLITE_SINGLE).tolist() == [[-1, 0, 0, 0, 1, 2]]
    assert rescale(acc, *scale, RescaleMode.TFLITE_RUY).tolist() == [[-1, 0, 0, 1, 1, 2]]
    assert rescale(acc, *scale, RescaleMode.FLOAT64_HALF_AWAY).tolist() == [[-2, -1, 0, 0, 1, 2]]
    assert rescale(acc, *scale, RescaleMode.EXACT_HALF_EVEN).tolist() == [[-2, 0, 0, 0, 0, 2]]
    assert rescale(acc, *scale, RescaleMode.FLOOR).tolist() == [[-2, -1, -1, 0, 0, 1]]


@pytest.mark.parametrize("mode", RescaleMode)
def test_extremes(mode):
    """The ends of 32 bits by the largest, the smallest and no scale at all."""
    acc = np.array([-(2**31), 1 - 2**31, -1, 0, 1, 2**31 - 1], np.int32)[:, None]
    bits = 31 if mode in TFLITE else 53
    for multiplier, exponent in ((2**bits - 1, -bits), (2**bits - 1, -bits - 31),
                                 (2 ** (bits - 1), -62), (1, -31), (0, -31)):
        scale = np.array([multiplier]), np.array([exponent])
        np.testing.assert_array_equal(rescale(acc, *scale, mode), expected(acc, *scale, mode))


@pytest.mark.parametrize("exponent", [40, 120])
@pytest.mark.parametrize("mode", [mode for mode in RescaleMode if mode not in TFLITE])
def test_results_beyond_32_bits_and_beyond_float32_are_clamped(mode, exponent):
    acc = np.array([[-(2**31), -5, 5, 2**31 - 1]], np.int32)
    result = rescale(acc, np.array([3]), np.array([exponent]), mode)
    assert result.tolist() == [[-(2.0**31), -(2.0**31), 2.0**31, 2.0**31]]


def test_half_away_just_below_a_half():
    """The float64 below 1/2 rounds to 0, though 1/2 added to it rounds to 1."""
    acc = np.array([[1, -1, 3]], np.int32)
    below = np.array([2**53 - 1]), np.array([-54])
    result = rescale(acc, *below, RescaleMode.FLOAT64_HALF_AWAY)
    np.testing.assert_array_equal(result, [[0, 0, half_away(Fraction(3 * math.nextafter(0.5, 0)))]])


@pytest.mark.parametrize("mode", PLAIN)
def test_fast_path_equals_plain_integers(mode, rng):
    """On both sides of the bound at which float64 stops being exact, and far below it."""
    bits = 31 if mode in TFLITE else 26
    multiplier = rng.integers(2 ** (bits - 1), 2**bits, 40)
    exponent = rng.integers(-16, -3, 40) - bits
    reach = 2**53 // int(multiplier.max())
    # Half a unit must fit as well, which costs the single rounding up to a hundredth.
    for largest, is_fast in ((reach // 64, True), (reach - reach // 64, True), (2 * reach, False)):
        acc = rng.integers(-largest, largest + 1, (400, 40))
        # Next to the boundaries of rounding, where an inexact step would show.
        near = rng.integers(-127, 128, acc.shape) + rng.choice([0, 0.5], acc.shape)
        closest = np.rint(near / np.ldexp(multiplier.astype(float), exponent)).astype(np.int64)
        acc[::2] = np.clip(closest + rng.integers(-1, 2, acc.shape), -largest, largest)[::2]
        acc[0, 0] = largest
        assert (fast(largest, multiplier, exponent, mode) is not None) == is_fast
        np.testing.assert_array_equal(
            rescale(acc.astype(np.int32), multiplier, exponent, mode),
            PLAIN[mode](acc.ravel(), np.tile(multiplier, 400), np.tile(exponent, 400))
            .reshape(acc.shape))


@pytest.mark.parametrize(("mode", "boundary"), [
    (mode, HALF if mode.value.startswith("exact") else Fraction(0))
    for mode in RescaleMode if mode.rounding])
def test_products_that_float64_rounds_onto_a_boundary(mode, boundary, rng):
    """Scales for which a product lies next to a boundary by less than float64 resolves."""
    misjudged = 0
    for _ in range(200):
        acc, level = int(rng.integers(2**18, 2**20)) * 2 + 1, int(rng.integers(1, 127)) + boundary
        shift = 53 + math.floor(math.log2(acc / level))
        multiplier = round(level * Fraction(2) ** shift / acc)
        scale = np.array([multiplier]), np.array([-shift])
        exact = Fraction(acc * multiplier, 2**shift)
        misjudged += exact != level and float(acc) * math.ldexp(multiplier, -shift) == level
        both = np.array([[acc], [-acc]], np.int32)
        np.testing.assert_array_equal(rescale(both, *scale, mode), expected(both, *scale, mode))
    assert misjudged > 50


def test_left_shift(rng):
    """Scales above one are shifted left before the multiplication."""
    multiplier, exponent = np.array([2**30 + 12345]), np.array([-31 + 6])
    acc = rng.integers(-(2**20), 2**20, (200, 1), dtype=np.int32)
    for mode in TFLITE:
        np.testing.assert_array_equal(rescale(acc, multiplier, exponent, mode),
                                      expected(acc, multiplier, exponent, mode))


def test_left_shift_beyond_32_bits():
    scale = np.array([2**30]), np.array([-31 + 8])
    with pytest.raises(OverflowError, match="leaves 32 bits in TFLite's left shift"):
        rescale(np.array([[2**23]]), *scale, RescaleMode.TFLITE_DOUBLE)
    assert rescale(np.array([[-(2**23)]]), *scale, RescaleMode.TFLITE_DOUBLE) == -(2**30)
    with pytest.raises(OverflowError, match="scale of 2\\*\\*30 or more"):
        rescale(np.array([[1]]), np.array([2**30]), np.array([0]), RescaleMode.TFLITE_SINGLE)


def test_any_number_of_axes_and_of_blocks(rng):
    """More elements than a block, channels that do not divide it, no sample at all."""
    multiplier, exponent = draw_scales(rng, RescaleMode.TFLITE_DOUBLE, 7)
    acc = rng.integers(-5000, 5000, (12, 300, 7), dtype=np.int32)
    result = rescale(acc, multiplier, exponent, RescaleMode.TFLITE_DOUBLE)
    plain = PLAIN[RescaleMode.TFLITE_DOUBLE](acc.astype(np.int64), multiplier, exponent)
    np.testing.assert_array_equal(result, plain)
    empty = rescale(acc[:0], multiplier, exponent, RescaleMode.TFLITE_DOUBLE)
    assert empty.shape == (0, 300, 7)


def rescale_node(mode=RescaleMode.TFLITE_DOUBLE, multiplier=2**30, exponent=-33, low=-128, high=127,
                 acc_shape=(3,)):
    node = Rescale(name="r", inputs=("acc", "m", "e"), outputs=("y",), format=IntFormat(8),
                   mode=mode, zero_point=5, low=low, high=high)
    constants = (Tensor("m", (1,), IntFormat(64), value=np.array([multiplier])),
                 Tensor("e", (1,), IntFormat(32), value=np.array([exponent])))
    return node, (Tensor("acc", acc_shape, IntFormat(32)), *constants)


def test_node_adds_the_zero_point_then_clamps():
    node, tensors = rescale_node(low=-2, high=30)
    assert node.infer(tensors) == (((3,), IntFormat(8)),)
    acc = np.array([[-100, -12, 3], [24, 4000, -60]], np.int32)
    (result,) = node.run(tensors, (acc, tensors[1].value, tensors[2].value))
    assert result.dtype == np.int8
    assert result.tolist() == [[-2, 3, 6], [8, 30, -2]]


@pytest.mark.parametrize(("change", "message"), [
    ({"multiplier": 2**31}, "multiplier must be 0 to 2147483647 for tflite_double"),
    ({"multiplier": -1, "mode": RescaleMode.TFLITE_SINGLE}, "multiplier must be 0 to"),
    ({"multiplier": 2**53, "mode": RescaleMode.FLOOR}, "multiplier must be -9007199254740991 to"),
    ({"exponent": -63}, "exponent must be -62 to -1"),
    ({"exponent": 901, "mode": RescaleMode.FLOOR}, "exponent must be -1000 to 900"),
    ({"high": 128}, "clamp -128 to 128 does not fit int8"),
    ({"acc_shape": ()}, "no axis of channels"),
])
def test_node_refuses(change, message):
    node, tensors = rescale_node(**change)
    with pytest.raises(NodeError, match=message):
        node.infer(tensors)


def test_node_names_itself_when_the_shift_overflows():
    node, tensors = rescale_node(exponent=-3)
    acc = np.array([[2**30, 0, 0]], np.int32)
    with pytest.raises(NodeError, match=r"node 'r' .*leaves 32 bits"):
        node.run(tensors, (acc, tensors[1].value, tensors[2].value))


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("channels", [1, 6])
def test_multiply_add_shift_equals_python_integers(columns, channels, rng):
    acc = rng.integers(-(2**31), 2**31, (50, 6))
    multiplier = rng.integers(-(2**20), 2**20, channels)
    offset = rng.integers(-(2**40), 2**40, (channels, columns))
    result = multiply_add_shift(acc, multiplier, offset, 17)
    for row, column in np.ndindex(*acc.shape):
        a, c = int(acc[row, column]), column % channels
        b = int(offset[c, -1 if a < 0 else 0])
        assert int(result[row, column]) == (a * int(multiplier[c]) + b) >> 17


def test_multiply_add_shift_refuses_what_leaves_64_bits():
    with pytest.raises(OverflowError, match="can leave 64 bits"):
        multiply_add_shift(np.array([[2**31 - 1]]), np.array([2**32]), np.array([[2**62]]), 3)
    # The least integer's absolute value is itself again.
    for acc, multiplier, offset in ((-(2**63), 1, 0), (1, -(2**63), 0), (-1, 1, -(2**63))):
        with pytest.raises(OverflowError, match="can leave 64 bits"):
            multiply_add_shift(np.array([[acc]]), np.array([multiplier]), np.array([[offset]]), 3)


def test_multiply_add_shift_of_scalars_and_of_nothing():
    node = MultiplyAddShift(name="n", inputs=("acc", "M", "B"), outputs=("y",),
                            format=IntFormat(4), shift=1, low=-8, high=7)
    tensors = (Tensor("acc", (), IntFormat(8)),
               Tensor("M", (1,), IntFormat(3), value=np.array([3])),
               Tensor("B", (1, 1), IntFormat(3), value=np.array([[1]])))
    assert node.infer(tensors) == (((), IntFormat(4)),)
    constants = (tensors[1].value, tensors[2].value)
    assert node.run(tensors, (np.array([1, -1, 4]), *constants))[0].tolist() == [2, -1, 6]
    assert node.run(tensors, (np.empty(0, np.int8), *constants))[0].shape == (0,)


def test_multiply_add_shift_node_clamps():
    node = MultiplyAddShift(name="n", inputs=("acc", "M", "B"), outputs=("y",),
                            format=IntFormat(4), shift=2, low=-3, high=7)
    tensors = (Tensor("acc", (2,), IntFormat(16)),
               Tensor("M", (1,), IntFormat(8), value=np.array([3])),
               Tensor("B", (1, 2), IntFormat(8), value=np.array([[1, 2]])))
    assert node.infer(tensors) == (((2,), IntFormat(4)),)
    (result,) = node.run(tensors, (np.array([[1, 100], [-3, -100]]), tensors[1].value,
                                   tensors[2].value))
    assert result.tolist() == [[1, 7], [-2, -3]]


def published_int16(x: int, multiplier: int, shift: int) -> int:
    """TFLite's MultiplyByQuantizedMultiplier for 64-bit accumulators, in Python's integers."""
    reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    total = 15 - shift
    return (x * reduced + (1 << (total - 1))) >> total


def test_int16_operators(rng):
    """48-bit accumulators by 15 bits of multiplier: ends, ties, 50,000 others."""
    node = Rescale(name="r", inputs=("acc", "m", "e"), outputs=("y",), format=IntFormat(16),
                   mode=RescaleMode.TFLITE_SINGLE, zero_point=0, low=-(2**15), high=2**15 - 1)
    for multiplier, shift in ((2**30, -8), (2**31 - 1, -31), (0x7FFF0000, -3), (0x7FFEFFFF, 0),
                              (1690499128, -20), (1105921578, -12)):
        m, e = reduce_multiplier(np.array([multiplier]), np.array([shift - 31]))
        assert (m[0], e[0]) == (int(m[0]), shift - 15)
        halves = rng.integers(-(2**16), 2**16, 200) * 2**16 * 2.0 ** (-shift) / (multiplier >> 15)
        acc = np.concatenate([
            [-(2**47), 2**47 - 1, -1, 0, 1], rng.integers(-(2**47), 2**47, 4000),
            rng.integers(-(2**30), 2**30, 4500),
            *(np.clip(halves + d, -(2.0**47), 2.0**47 - 1).astype(np.int64) for d in (-1, 0, 1))])
        wanted = [max(-(2**15), min(2**15 - 1, published_int16(int(a), multiplier, shift)))
                  for a in acc]
        tensors = (Tensor("acc", (1,), IntFormat(48)), Tensor("m", (1,), IntFormat(16), value=m),
                   Tensor("e", (1,), IntFormat(8), value=e))
        assert node.infer(tensors) == (((1,), IntFormat(16)),)
        (result,) = node.run(tensors, (acc[:, None], m, e))
        assert result[:, 0].tolist() == wanted
    wide = (tensors[0], Tensor("m", (1,), IntFormat(32), value=np.array([2**15])), tensors[2])
    with pytest.raises(NodeError, match="int48 is wider than 32 bits"):
        node.infer(wide)
