# amaranth: UnusedElaboratable=no
"""Multiply-add-shift against the golden model: every accumulator, or every step and its sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.arith.multiply import MULTIPLIERS
from hw.rescale.multiply_add_shift import MultiplyAddShift
from sw_model.formats import IntFormat, covering
from sw_model.ops.rescale import multiply_add_shift
from sw_model.specs import MultiplyAddShiftSpec
from tests.support.units import Interval, Unit, check_units, padded

INT8 = IntFormat(8)
#: Free running, and both sides pausing.
STALLS = ((0.0, 0.0), (0.4, 0.4))


def spec_for(multipliers, offsets, shift, *, source=INT8, target=INT8, low=None, high=None,
             **rest):
    return MultiplyAddShiftSpec(
        source=source, target=target, shift=shift,
        low=target.min if low is None else low, high=target.max if high is None else high,
        multiplier=covering(int(np.min(multipliers)), int(np.max(multipliers))),
        offset=covering(int(np.min(offsets)), int(np.max(offsets))),
        signs=np.shape(offsets)[1], **rest)


def golden(spec, acc, multipliers, offsets):
    return np.clip(multiply_add_shift(acc, np.array(multipliers), np.array(offsets), spec.shift),
                   spec.low, spec.high)


def constant_unit(spec, lanes, acc, multiplier, offsets):
    """Every lane multiplies by the same constant."""
    words = padded(acc.reshape(1, -1), lanes)
    unit = MultiplyAddShift(spec, lanes, (multiplier, offsets))
    expected = golden(spec, words.data, [multiplier], [offsets])
    return Unit(unit, {"i": words.data}, {"o": np.ma.MaskedArray(expected, words.mask)},
                latency=unit.latency, interval=Interval(1), name=f"{spec} {multiplier} {offsets}")


def channel_unit(spec, lanes, acc, multipliers, offsets, extras=None, multiplier="inferred"):
    """``acc`` (vectors, channels), each channel with its own parameters."""
    unit = MultiplyAddShift(spec, lanes, multiplier=multiplier)
    result = golden(replace(spec, low=spec.target.min, high=spec.target.max), acc, multipliers,
                    offsets) if extras is None else np.stack([
        golden(replace(spec, shift=spec.shift + extra), acc[:, [k]], multipliers[k:k + 1],
               offsets[k:k + 1])[:, 0] for k, extra in enumerate(extras)], axis=1)
    expected = padded(np.clip(result, spec.low, spec.high), lanes)
    layout = MultiplyAddShift.parameter_layout(spec, lanes)
    channels = [{"multiplier": int(m)} | {f"offset_{s}": int(b) for s, b in enumerate(row)}
                | ({} if extras is None else {"shift": int(extras[k])})
                for k, (m, row) in enumerate(zip(multipliers, offsets, strict=True))]
    words = -(-len(channels) // lanes)
    channels += [channels[0]] * (words * lanes - len(channels))
    row = [Value.cast(layout.const(channels[w * lanes:(w + 1) * lanes])).value
           for w in range(words)]
    return Unit(unit, {"i": padded(acc, lanes).data, "parameters": row * len(acc)},
                {"o": expected}, latency=unit.latency, interval=Interval(1),
                name=f"{multiplier} {spec}")


def steps_of(spec, multiplier, offsets):
    """Accumulators at the range's ends, round zero, and on both sides of each step."""
    low, high = spec.source.min, spec.source.max
    places = {low, low + 1, high - 1, high, -1, 0, 1}
    if multiplier:
        for bound in set(offsets):
            for level in range(spec.low, spec.high + 2):
                # The step lies between this accumulator and the next.
                near = ((level << spec.shift) - bound) // multiplier
                places |= {near, near + 1}
    return np.array(sorted(place for place in places if low <= place <= high))


def test_every_8_bit_accumulator_times_constants():
    everything = np.arange(-128, 128)
    units = []
    for multiplier, offsets, low, high in [
            (0, (37,), -128, 127), (1, (0,), -128, 127), (-1, (0,), -100, 101),
            (85, (64,), -128, 127), (-77, (64, 63), -20, 5), (127, (-4096, 4095), 0, 127),
            (-128, (1 << 13,), -128, -3), (-64, (0, -1), 7, 7)]:
        spec = spec_for([multiplier], [offsets], 7, low=low, high=high)
        units.append(constant_unit(spec, 4, everything, multiplier, offsets))
    spec = spec_for([11], [(9,)], 0, target=IntFormat(16), source=IntFormat(8, signed=False))
    units.append(constant_unit(spec, 3, np.arange(256), 11, (9,)))
    spec = spec_for([5], [(-900,)], 20, target=IntFormat(2))
    units.append(constant_unit(spec, 1, everything, 5, (-900,)))
    check_units(units)


def test_every_8_bit_accumulator_times_parameters(rng):
    units = []
    for kind in MULTIPLIERS:
        for sets, signs, least, most in [
                (1, 1, 0, 255), (2, 2, 0, 31), (1, 1, -1, 1), (3, 2, -2000, 1000)]:
            m = rng.integers(least, most + 1, sets)
            m[0] = most
            b = rng.integers(-900, 900, (sets, signs))
            spec = spec_for([*m, least, most], b, 6, low=-99, high=100)
            units.append(channel_unit(spec, 8, every(rng, sets), np.repeat(m, 8),
                                      np.repeat(b, 8, axis=0), multiplier=kind))
        m, b, extras = rng.integers(-99, 99, 3), rng.integers(-99, 99, (3, 2)), [0, 1, 5]
        units.append(channel_unit(spec_for(m, b, 3, extra_shift=5), 8, every(rng, 3),
                                  np.repeat(m, 8), np.repeat(b, 8, axis=0),
                                  np.repeat(extras, 8), kind))
    check_units(units, stalls=STALLS)


def every(rng, sets):
    """Every 8-bit accumulator for each of ``sets``, spread over eight channels."""
    return np.concatenate([rng.permutation(np.arange(-128, 128)).reshape(-1, 8)
                           for _ in range(sets)], axis=1)


def test_12_bit_accumulators(rng):
    acc = np.arange(-2048, 2048)
    source = IntFormat(12)
    units = [constant_unit(spec_for([m], [b], 15, source=source), 16, acc, m, b)
             for m, b in [(1021, (1 << 14, (1 << 14) - 1)), (-2731, (77777,))]]
    # Lane k sees the accumulators of its own channel, a sixteenth of them.
    m, b = rng.integers(1, 3000, 16), rng.integers(0, 1 << 15, (16, 2))
    spec = spec_for(m, b, 15, source=source)
    units.append(channel_unit(spec, 16, rng.permutation(acc).reshape(-1, 16), m, b))
    check_units(units, stalls=STALLS)


def test_steps_of_wide_accumulators(rng):
    units = []
    for width, shift, factor, offsets in [
            # Layers of ad01_int8 as compiled; the third has an offset for each sign.
            (22, 29, 1599611, (-68449990812,)),
            (18, 12, 565, (-521649,)),
            (21, 32, 5712833, (414468432217, 414460215505)),
            (32, 40, 2**31 - 1, (2**39, 2**39 - 1))]:
        spec = spec_for([factor], [offsets], shift, source=IntFormat(width))
        narrow = replace(spec, operand=spec.operand_for([factor], [offsets]))
        assert narrow.operand.width < width
        acc = np.concatenate([steps_of(spec, factor, offsets), rng.integers(
            spec.source.min, spec.source.max, 100, endpoint=True)])
        acc = acc[:acc.size // 8 * 8].reshape(-1, 8)
        units.append(constant_unit(narrow, 8, acc, factor, offsets))
        for kind, chosen in zip(MULTIPLIERS, (spec, narrow), strict=True):
            units.append(channel_unit(chosen, 8, acc[::5], [factor] * 8, [offsets] * 8,
                                      multiplier=kind))
    check_units(units, stalls=STALLS)


def test_what_does_not_fit():
    spec = spec_for([5], [(9,)], 3)
    with pytest.raises(TypeError, match=r"^spec must be a MultiplyAddShiftSpec, not 3$"):
        MultiplyAddShift(3, 1)
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        MultiplyAddShift(spec, 0)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        MultiplyAddShift(spec, 1, multiplier="x")
    with pytest.raises(ValueError, match=r"^constants must hold 1 offsets, not 2$"):
        MultiplyAddShift(spec, 1, (5, (9, 9)))
    with pytest.raises(ValueError, match=r"multiplier is 8, but uint3 holds 0 to 7"):
        MultiplyAddShift(spec, 1, (8, (9,)))
    with pytest.raises(ValueError, match=r"^constants have no extra shift, but the spec has$"):
        MultiplyAddShift(replace(spec, extra_shift=1), 1, (5, (9,)))
