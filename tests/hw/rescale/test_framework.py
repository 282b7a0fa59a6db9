# amaranth: UnusedElaboratable=no
"""The frameworks' roundings against the golden model; more modes are in test_lanes.py."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.framework import FrameworkRescale
from sw_model.formats import IntFormat, covering
from sw_model.ops.rescale import RescaleMode, rescale
from sw_model.specs import FrameworkRescaleSpec
from tests.support.units import Interval, Unit, check_units, padded

INT8 = IntFormat(8)
STALLS = ((0.0, 0.0), (0.4, 0.4))


def golden(spec, acc, multipliers, exponents, zero_points):
    """By the golden model; multipliers and exponents of channels."""
    result = rescale(acc, multipliers, exponents, RescaleMode(spec.mode)).astype(np.int64)
    result += spec.zero_point if zero_points is None else zero_points
    return np.clip(result, spec.low, spec.high)


def unit_of(spec, lanes, acc, multipliers, exponents, kind, zero_points=None):
    """``acc`` (vectors, channels), with parameters for each channel, or one for all."""
    multipliers, exponents = (np.broadcast_to(part, acc.shape[1])
                              for part in (multipliers, exponents))
    expected = padded(golden(spec, acc, multipliers, exponents, zero_points), lanes)
    stimulus = {"i": padded(acc, lanes).data}
    if kind == "constants":
        unit = FrameworkRescale(spec, lanes, (int(multipliers[0]), int(exponents[0])))
    else:
        unit = FrameworkRescale(spec, lanes, multiplier=kind)
        layout = FrameworkRescale.parameter_layout(spec, lanes)
        channels = [{"multiplier": int(m)}
                    | ({"shift": spec.shift_of(int(e))} if spec.shifts > 1 else {})
                    | ({} if zero_points is None else {"zero_point": int(zero_points[k])})
                    for k, (m, e) in enumerate(zip(multipliers, exponents, strict=True))]
        assert len(channels) % lanes == 0
        stimulus["parameters"] = len(acc) * [
            Value.cast(layout.const(channels[k:k + lanes])).value
            for k in range(0, len(channels), lanes)]
    return Unit(unit, stimulus, {"o": expected}, latency=unit.latency, interval=Interval(1),
                name=f"{kind} {spec}")


def spec_for(mode, multipliers, exponents, *, source=INT8, zero_point=3, low=-120, high=127):
    return FrameworkRescaleSpec(
        source=source, target=INT8, mode=mode, zero_point=zero_point, low=low, high=high,
        multiplier=covering(int(np.min(multipliers)), int(np.max(multipliers))),
        exponent_low=int(np.min(exponents)), exponent_high=int(np.max(exponents)))


#: Exponents of channels, where every accumulator of 8 bits is tried.
EXPONENTS = {
    # With 30 and 31 bits of multiplier: rounded twice, once, and shifted left before.
    "tflite_double": [[-33] * 4, [-38, -32, -34, -33], [-32, -31, -30, -28], [-31] * 4],
    "tflite_single": [[-33] * 4, [-38, -32, -34, -30]],
    "exact_half_even": [[-6] * 4, [-9, -2, -5, -1], [-3, 0, 2, -1], [1] * 4, [-40] * 4],
    "floor": [[-6] * 4, [-9, -2, -5, -1], [0] * 4],
}


@pytest.mark.parametrize("mode", EXPONENTS)
def test_every_8_bit_accumulator(rng, mode):
    units = []
    for exponents, kind in zip(EXPONENTS[mode] * 2, itertools.cycle(
            ("constants", "inferred", "constants", "fabric", "inferred")), strict=False):
        if mode.startswith("tflite"):
            # Powers of two make ties, and 2**31 - 1 is the greatest there is.
            m = rng.choice([2**30, 3 << 29, 2**31 - 1, *rng.integers(2**30, 2**31, 3)], 4)
        else:
            m = rng.integers(-99, 100, 4) | 1 << int(rng.integers(0, 4))
        spec = spec_for(mode, m, exponents)
        if kind == "constants":
            acc, m, exponents = np.arange(-128, 128).reshape(-1, 8), m[:1], exponents[:1]
        else:
            # Eight lanes share each pair of multiplier and exponent, and all accumulators.
            acc = np.concatenate([rng.permutation(np.arange(-128, 128)).reshape(-1, 8)
                                  for _ in m], axis=1)
            m, exponents = np.repeat(m, 8), np.repeat(exponents, 8)
        units.append(unit_of(spec, 8, acc, m, exponents, kind))
    check_units(units, stalls=STALLS)


def test_int16_accumulators_and_floats(rng):
    """48 bits by 15, to 16; a float32's pipeline."""
    source, target = IntFormat(48), IntFormat(16)
    spec = FrameworkRescaleSpec(
        source=source, target=target, mode="tflite_single", zero_point=0, low=target.min,
        high=target.max, multiplier=IntFormat(15, signed=False), exponent_low=-46,
        exponent_high=-17)
    acc = rng.integers(source.min, source.max, (100, 4), endpoint=True)
    acc[:40] >>= rng.integers(10, 40, (40, 4))
    acc[:2] = [[source.min] * 4, [source.max] * 4]
    m, exponents = np.array([32767, 16384, 25795, 20000]), np.array([-46, -17, -21, -40])
    floats = spec_for("float32_half_even", [2**23], [-40], source=IntFormat(32))
    check_units([unit_of(spec, 4, acc, m, exponents, "inferred"),
                 unit_of(spec, 4, acc, m[3], exponents[3], "constants"),
                 unit_of(floats, 4, acc >> 16, 2**23, -40, "fabric")], stalls=STALLS)


def test_zero_points_of_channels(rng):
    """One unit for layers of several zero points, rounding, and target signed or not."""
    units = []
    for target, mode in [(INT8, "tflite_double"), (IntFormat(8, signed=False), "floor"),
                         (IntFormat(6, signed=False), "exact_half_even")]:
        m = rng.integers(2**29, 2**30, 16)
        exponents = rng.choice([-33, -31, -34], 16)
        spec = FrameworkRescaleSpec(
            source=INT8, target=target, mode=mode, zero_point=None, low=target.min,
            high=target.max - 1, multiplier=covering(0, int(m.max())), exponent_low=-34,
            exponent_high=-31)
        zeros = rng.integers(target.min, target.max, 16, endpoint=True)
        acc = rng.permuted(np.repeat(np.arange(-128, 128)[:, None], 2, axis=1)).reshape(-1, 16)
        units.append(unit_of(spec, 8, acc, m, exponents, "inferred", zeros))
    check_units(units, stalls=STALLS)


def interesting(rng, spec, multiplier, exponent, count):
    """Ends, places where the scaled value is near a half or an integer, and random ones."""
    low, high = spec.source.min, spec.source.max
    scale = abs(multiplier) * 2.0**exponent
    halves = rng.integers(2 * (spec.low - spec.zero_point) - 4,
                          2 * (spec.high - spec.zero_point) + 4, count // 4)
    near = np.clip(np.rint(halves / 2 / scale), low, high).astype(np.int64)
    places = np.concatenate([[low, low + 1, max(low, -1), 0, 1, high - 1, high],
                             *(np.clip(near + d, low, high) for d in (-1, 0, 1))])
    return np.concatenate([places, rng.integers(low, high, count - places.size % count,
                                                endpoint=True)])[:count]


def test_wide_accumulators(rng):
    units = []
    for source, mode, multiplier, exponent in [
            (IntFormat(32), "tflite_double", 1638001719, -39),
            (IntFormat(32), "tflite_double", 2**30, -55),
            (IntFormat(22), "tflite_double", 2**31 - 1, -44),
            (IntFormat(20, signed=False), "tflite_double", 1105921578, -41),
            (IntFormat(32), "tflite_single", 2**30, -52),
            (IntFormat(21), "tflite_single", 1462485049, -43),
            (IntFormat(32), "exact_half_even", 2**53 - 1, -77),
            (IntFormat(24), "exact_half_even", -3, -18),
            (IntFormat(32), "floor", -(2**52 + 12345), -74)]:
        spec = spec_for(mode, [multiplier], [exponent, exponent - 3], source=source)
        for kind in ("constants", "inferred"):
            acc = interesting(rng, spec, multiplier, exponent, 256).reshape(-1, 8)
            units.append(unit_of(spec, 8, acc, multiplier, exponent, kind))
    full = FrameworkRescaleSpec.full(target=INT8, zero_point=-128, low=-128, high=127,
                                     exponent_low=-50, exponent_high=-31)
    acc = interesting(rng, full, 1442659867, -36, 256).reshape(-1, 4)
    units.append(unit_of(full, 4, acc, [1442659867, 2**30, 2**31 - 1, 1185020333],
                         [-36, -50, -45, -33], "fabric"))
    check_units(units, stalls=STALLS)


def test_the_clamp_before_the_zero_point():
    """A target as wide as the framework's own 32 bits shows where results are clamped."""
    source, target = IntFormat(8), IntFormat(34)
    spec = FrameworkRescaleSpec(
        source=source, target=target, mode="exact_half_even", zero_point=1000, low=target.min,
        high=target.max, multiplier=covering(1, 1), exponent_low=27, exponent_high=27)
    acc = np.arange(-128, 128).reshape(-1, 4)
    check_units([unit_of(spec, 4, acc, 1, 27, kind) for kind in ("constants", "inferred")],
                stalls=STALLS)


def test_what_does_not_fit():
    spec = spec_for("floor", [5], [-3])
    with pytest.raises(TypeError, match=r"^spec must be a FrameworkRescaleSpec, not 3$"):
        FrameworkRescale(3, 1)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        FrameworkRescale(spec, 0)
    with pytest.raises(ValueError, match=r"multiplier is 8, but uint3 holds 0 to 7"):
        FrameworkRescale(spec, 1, (8, -3))
    with pytest.raises(ValueError, match=r"^exponent must be -3 to -3, not -4$"):
        FrameworkRescale(spec, 1, (5, -4))
    with pytest.raises(ValueError, match=r"^constants need a zero point, but the spec has none$"):
        FrameworkRescale(replace(spec, zero_point=None), 1, (5, -3))
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        FrameworkRescale(spec, 1, multiplier="x")
