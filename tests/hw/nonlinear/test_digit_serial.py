# amaranth: UnusedElaboratable=no
"""Exact quotients and roots, a digit a cycle, against the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.nonlinear.digit_serial import Divide, DividePairs, Isqrt
from sw_model.formats import IntFormat
from sw_model.ops.divide import divide, isqrt
from sw_model.specs import DivideSpec, IsqrtSpec
from tests.support.emulated import emulator_of
from tests.support.units import Interval, Unit, check_units
from verif.manifest import Stream


def unsigned(width):
    return IntFormat(width, signed=False)


def stream_of(name, member, way, bits, lanes=1):
    return Stream(name=name, direction=way, tensor=name, format=f"uint{bits}", lanes=lanes,
                  vector=lanes)


def emulated(units, stimulus, folder):
    """What each unit gives for its words (words, lanes), free and stalled alike."""
    streams, inputs = [], {}
    for k, (unit, words) in enumerate(zip(units, stimulus, strict=True)):
        for name, way in (("i", "in"), ("o", "out")):
            shape = getattr(unit, name).payload.shape()
            lanes = getattr(shape, "length", 1)
            bits = len(Value.cast(getattr(unit, name).payload)) // lanes
            streams.append(stream_of(f"u{k}__{name}", unit, way, bits, lanes))
        inputs[f"u{k}__i"] = words
    emulator = emulator_of(units, streams, folder)
    runs = [emulator.run({name: np.resize(words, (count, words.shape[1]))
                          for name, words in inputs.items()}, idle=stalls, stall=stalls, seed=3)
            for count, stalls in ((max(map(len, stimulus)), 0.0), (200, 0.4))]
    found = []
    for k, words in enumerate(stimulus):
        free, stalled = (run.outputs[f"u{k}__o"] for run in runs)
        free, stalled = (each.reshape(len(each), -1) for each in (free, stalled))
        count = min(200, len(words))
        np.testing.assert_array_equal(stalled[:count], free[:count])
        found.append(free[:len(words)])
    return found


def test_every_root(tmp_path):
    """Of all codes of up to 12 bits, odd widths and even."""
    widths = (1, 2, 3, 5, 8, 11, 12)
    stimulus = [np.arange(1 << width)[:, None] for width in widths]
    roots = emulated([Isqrt(IsqrtSpec(unsigned(width))) for width in widths], stimulus, tmp_path)
    for x, found in zip(stimulus, roots, strict=True):
        np.testing.assert_array_equal(found, isqrt(x))


@pytest.mark.full
def test_every_root_of_16_bits(tmp_path):
    x = np.arange(1 << 16)[:, None]
    (found,) = emulated([Isqrt(IsqrtSpec(unsigned(16)))], [x], tmp_path)
    np.testing.assert_array_equal(found, isqrt(x))


def test_wide_roots(rng, tmp_path):
    """Squares, what lies beside them, and both ends, on two lanes."""
    widths, stimulus = (31, 32, 40, 63), []
    for width in widths:
        roots = np.concatenate([rng.integers(0, int(2**(width / 2)) - 1, 500),
                                [1 << k for k in range(width // 2)]])
        x = np.concatenate([roots**2, roots**2 + 2 * roots, np.maximum(roots**2 - 1, 0),
                            [(1 << width) - 1, 0]])
        stimulus.append(np.stack([x, rng.permutation(x)], axis=1))
    found = emulated([Isqrt(IsqrtSpec(unsigned(width)), 2) for width in widths], stimulus,
                     tmp_path)
    for x, each in zip(stimulus, found, strict=True):
        np.testing.assert_array_equal(each, isqrt(x))


def packed(spec, numerator, denominator):
    return (numerator | denominator << spec.numerator.width)[:, None]


def test_every_quotient(tmp_path):
    """Of all pairs of narrow numbers, wider and narrower denominators, zeros among them."""
    specs = [DivideSpec(unsigned(n), unsigned(d)) for n, d in ((6, 6), (7, 3), (3, 7), (1, 1),
                                                               (1, 4), (8, 1))]
    stimulus, expected = [], []
    for spec in specs:
        n, d = (each.ravel() for each in np.meshgrid(
            np.arange(spec.numerator.max + 1), np.arange(spec.denominator.max + 1)))
        stimulus.append(packed(spec, n, d))
        expected.append(packed(spec, *divide(n, d, spec)))
    for found, wanted in zip(emulated([Divide(spec) for spec in specs], stimulus, tmp_path),
                             expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_wide_quotients(rng, tmp_path):
    specs = [DivideSpec(unsigned(n), unsigned(d)) for n, d in ((32, 16), (31, 32), (40, 20),
                                                               (20, 40))]
    stimulus, expected = [], []
    for spec in specs:
        tops = spec.numerator.max, spec.denominator.max
        n, d = (rng.integers(0, top, 1500, endpoint=True) >> rng.integers(
            0, top.bit_length(), 1500) for top in tops)
        n[:4], d[:4] = (tops[0], tops[0], 0, tops[0]), (1, tops[1], tops[1], 0)
        stimulus.append(packed(spec, n, d))
        expected.append(packed(spec, *divide(n, d, spec)))
    for found, wanted in zip(emulated([Divide(spec) for spec in specs], stimulus, tmp_path),
                             expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_streams(rng):
    """Stalls, resets in mid-word, latency and interval; a word may follow at once."""
    units = []
    for width, lanes in ((12, 2), (7, 1), (2, 1)):
        unit = Isqrt(IsqrtSpec(unsigned(width)), lanes)
        assert (unit.latency, unit.interval, unit.step) == (-(-width // 2),) * 3
        x = rng.integers(0, (1 << width) - 1, (25, lanes), endpoint=True)
        units.append(Unit(unit, {"i": x}, {"o": isqrt(x)}, latency=unit.latency,
                          interval=Interval(unit.interval), name=f"root {width}"))
    for n, d in ((9, 5), (1, 3)):
        unit = Divide(spec := DivideSpec(unsigned(n), unsigned(d)))
        assert (unit.latency, unit.interval, unit.step) == (n, n, n)
        a, b = (rng.integers(0, (1 << width) - 1, 25, endpoint=True) for width in (n, d))
        units.append(Unit(
            unit, {"i": packed(spec, a, b)[:, 0].tolist()},
            {"o": packed(spec, *divide(a, b, spec))[:, 0].tolist()}, latency=unit.latency,
            interval=Interval(unit.interval), name=f"quotient {n} {d}"))
    spec = DivideSpec(unsigned(6), unsigned(6))
    unit = DividePairs(spec)
    assert (unit.latency, unit.interval, unit.step, unit.spec) == (6, 6, 6, spec)
    pairs = rng.integers(0, 63, (25, 2), endpoint=True)
    units.append(Unit(unit, {"i": pairs}, {"o": np.stack(divide(*pairs.T, spec), axis=1)},
                      latency=unit.latency, interval=Interval(unit.interval)))
    check_units(units)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be an IsqrtSpec, not 3$"):
        Isqrt(3)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        Isqrt(IsqrtSpec(unsigned(4)), 0)
    with pytest.raises(TypeError, match=r"^spec must be a DivideSpec, not 3$"):
        Divide(3)
    with pytest.raises(ValueError, match=r"^numerator and denominator must be of one format, not "
                                         r"uint8 and uint4$"):
        DividePairs(DivideSpec(unsigned(8), unsigned(4)))
