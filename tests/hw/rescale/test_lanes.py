# amaranth: UnusedElaboratable=no
"""Lanes of the rescales on every code of 8 or 16 bits, in one compiled top."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from amaranth import Shape

from hw.rescale.framework import framework_lane
from hw.rescale.k_hot import KHotRescale, KHotRescaleLane
from hw.rescale.rescale_add import RescaleAddLane
from hw.rescale.shift import ShiftRescaleLane
from hw.rescale.stochastic import StochasticShiftLane
from sw_model.formats import FixedFormat, IntFormat, KHotFormat, Overflow, Rounding, covering
from sw_model.ops import (
    RescaleMode,
    dyadic_scale,
    k_hot_rescale,
    rescale,
    rescale_add,
    shift_rescale,
)
from sw_model.specs import (
    FrameworkRescaleSpec,
    KHotSpec,
    RescaleAddSpec,
    ShiftSpec,
    StochasticShiftSpec,
)
from sw_model.specs.rescale import EXACT_ROUNDINGS
from tests.support.enabled import EnabledCase, check_enabled

INT8, INT16, INT32 = IntFormat(8), IntFormat(16), IntFormat(32)
EVERY = np.arange(-(2**15), 2**15)[:, None]
EVERY_8 = np.arange(-128, 128)


def packed(layout, fields):
    """Words of a struct from arrays (vectors,) of its fields."""
    total = 0
    for name, field in layout:
        width = Shape.cast(field.shape).width
        total = total | (fields[name] & (1 << width) - 1) << field.offset
    return np.asarray(total)[:, None]


def shifts(rng):
    """Every rounding by one shift and by any of several, both ways."""
    for rounding, shift in zip(Rounding, (-1, 0, 1, 3, 8, 9, 15, 17), strict=True):
        spec = ShiftSpec(source=INT16, target=INT8, shift_low=shift, shift_high=shift,
                         rounding=rounding)
        yield EnabledCase(ShiftRescaleLane(spec), {"i": EVERY},
                          shift_rescale(EVERY, np.array([shift]), spec))
        spec = replace(spec, shift_low=-2, shift_high=13, low=-100, high=90)
        each = rng.integers(-2, 14, (len(EVERY), 1))
        yield EnabledCase(ShiftRescaleLane(spec), {"i": EVERY, "parameters": each + 2},
                          shift_rescale(EVERY.T, each[:, 0], spec).T)


def casts():
    """QFX's between fixed points, signed and not, to fewer bits and to more."""
    for (source, target), rounding, overflow in itertools.product(
            ((FixedFormat(16, 6), FixedFormat(9, 3)), (FixedFormat(9, 2), FixedFormat(12, 6)),
             (FixedFormat(15, 5, signed=False), FixedFormat(6, 3)),
             (FixedFormat(16, 5), FixedFormat(6, 3, signed=False))),
            (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.FLOOR),
            (Overflow.SATURATE, Overflow.WRAP)):
        spec = ShiftSpec.cast(source, target, rounding=rounding, overflow=overflow)
        codes = np.arange(source.min, source.max + 1)[:, None]
        yield EnabledCase(ShiftRescaleLane(spec), {"i": codes},
                          shift_rescale(codes, np.array([spec.shift_low]), spec))


def k_hots():
    """Every code of 8 bits by every factor, and by constants of each sign."""
    for hot, rounding, overflow in ((1, Rounding.FLOOR, Overflow.WRAP),
                                    (3, Rounding.HALF_EVEN, Overflow.SATURATE),
                                    (4, Rounding.HALF_UP, Overflow.SATURATE)):
        spec = KHotSpec(source=FixedFormat(8, 4), factor=KHotFormat(7, 5, hot),
                        target=FixedFormat(8, 4), rounding=rounding, overflow=overflow)
        factors = np.flatnonzero(spec.factor.legal())
        codes, each = (part.ravel() for part in np.meshgrid(EVERY_8, factors))
        lane = KHotRescaleLane(spec, None)
        sent = [KHotRescale.parameters_of(spec, int(factor)) for factor in each]
        fields = {name: np.array([one[name] for one in sent]) for name in sent[0]}
        yield EnabledCase(
            lane, {"i": codes[:, None],
                   "parameters": packed(lane.signature.members["parameters"].shape, fields)},
            k_hot_rescale(codes, each, spec)[:, None])
        for factor in (0, *factors[[1, -1]].tolist(), *spec.factor.encode([-0.71, 1.4]).tolist()):
            yield EnabledCase(KHotRescaleLane(spec, factor), {"i": EVERY_8[:, None]},
                              k_hot_rescale(EVERY_8[:, None], np.array([factor]), spec))


def framework(spec, codes, multiplier, exponent, *, constant=False):
    """By scales of vectors (vectors,), or the first alone."""
    mode = RescaleMode(spec.mode)
    if constant:
        multiplier, exponent = (np.full(len(codes), part[0]) for part in (multiplier, exponent))
        lane = framework_lane(spec)(spec, (int(multiplier[0]), int(exponent[0])), "inferred")
        operands = {"i": codes}
    else:
        lane = framework_lane(spec)(spec, None, "inferred")
        operands = {"i": codes, "parameters": packed(
            lane.signature.members["parameters"].shape,
            {"multiplier": multiplier, "shift": spec.exponent_high - exponent})}
    result = rescale(codes.T, multiplier, exponent, mode).T + spec.zero_point
    return EnabledCase(lane, operands, np.clip(result, spec.low, spec.high).astype(np.int64))


def spec_of(mode, multiplier, exponents, source=INT16):
    return FrameworkRescaleSpec(
        source=source, target=INT8, mode=mode, zero_point=3, low=-120, high=127,
        multiplier=covering(min(multiplier), max(multiplier)), exponent_low=min(exponents),
        exponent_high=max(exponents))


def exact_modes(rng):
    """Every rounding of the exact product, by scales of both signs that make ties."""
    for mode in EXACT_ROUNDINGS:
        factors, exponents = [3, -5, 1, -8, 99], [-9, -12, -7, -10, 0]
        pick = rng.integers(0, 5, len(EVERY))
        m, e = np.array(factors)[pick], np.array(exponents)[pick]
        spec = spec_of(mode, factors, exponents)
        yield framework(spec, EVERY, m, e)
        yield framework(spec, EVERY, np.array([-5]), np.array([-12]), constant=True)


def two_steps(rng):
    """ruy's two roundings, also where it shifts left before, or not at all."""
    factors, exponents = [2**30, 3 << 29, 2**31 - 1, 1690499128], [-31, -38, -40, -29, -43]
    spec = spec_of("tflite_ruy", [0, *factors], exponents)
    yield framework(spec, EVERY, rng.choice(factors, len(EVERY)),
                    rng.choice(exponents, len(EVERY)))
    for factor, exponent in ((2**30, -38), (3 << 29, -31), (2**30, -29)):
        yield framework(spec, EVERY, np.array([factor]), np.array([exponent]), constant=True)


def floats(rng):
    """Products that round, of 16 bits all; of 32 bits ties of a float32, and near halves."""
    for mode, bits in FrameworkRescaleSpec.PRECISIONS.items():
        factors = [2 ** (bits - 1), 2**bits - 1,
                   *rng.integers(2 ** (bits - 1), 2**bits, 4).tolist()]
        exponents = [-bits - 8, -bits - 6, -bits - 9]
        spec = spec_of(mode, [0, *factors], exponents)
        yield framework(spec, EVERY, rng.choice(factors, len(EVERY)),
                        rng.choice(exponents, len(EVERY)))
        yield framework(spec, EVERY, np.array(factors[2:]), np.array(exponents), constant=True)
        for source in (INT32, IntFormat(26), IntFormat(32, signed=False)):
            exponents = [-bits - source.width + 8 + far for far in (0, 2, 5)]
            spec = spec_of(mode, [0, *factors], exponents, source)
            m, e = (rng.choice(each, 40_000) for each in (factors, exponents))
            halves = rng.integers(-260, 261, 40_000) / 2
            near = np.rint(halves / np.ldexp(m.astype(np.float64), e)) + rng.integers(-2, 3, 40_000)
            high = source.max >> 3
            ties = rng.integers(high // 2, high, 40_000) * 8 + 4 + rng.integers(-1, 2, 40_000)
            codes = np.where(rng.random(40_000) < 0.5, near, ties)
            codes = np.clip(codes, source.min, source.max).astype(np.int64)[:, None]
            codes[:2, 0] = source.min, source.max
            yield framework(spec, codes, m, e)
            yield framework(spec, codes, m[3:], e[3:], constant=True)


def sums():
    """Every pair of 8-bit codes: dyadic, and of two other roundings with zero points."""
    a, b = (part.reshape(-1, 1) for part in np.meshgrid(EVERY_8, EVERY_8))
    branch = FrameworkRescaleSpec(
        source=INT8, target=INT16, mode="tflite_double", zero_point=7, low=-999, high=999,
        multiplier=IntFormat(31, signed=False), exponent_low=-34, exponent_high=-31)
    mixed = RescaleAddSpec(a=branch, b=replace(branch, mode="tflite_ruy", zero_point=-3),
                           target=INT8, low=-100, high=127)
    cases = [(mixed, ((3 << 29, -32), (2**30, -33)))]
    for reals in ((0.5, 0.3125), (1.7, 0.0123)):
        numbers = [dyadic_scale(real) for real in reals]
        spec = RescaleAddSpec.dyadic((INT8, INT8), INT8, multipliers=tuple(
            [int(m)] for m, _ in numbers), shifts=tuple([int(c)] for _, c in numbers))
        cases.append((spec, tuple((int(m), -int(c)) for m, c in numbers)))
    for spec, scales in cases:
        arrays = tuple((np.array([m]), np.array([e])) for m, e in scales)
        yield EnabledCase(RescaleAddLane(spec, scales, "inferred"), {"i0": a, "i1": b},
                          rescale_add(a, b, arrays, spec))


def stochastic(rng):
    """Every 8-bit code with every draw of 8 bits."""
    codes, random = (part.reshape(-1, 1) for part in np.meshgrid(EVERY_8, np.arange(256)))
    for low, high in ((3, 3), (8, 8), (11, 11), (0, 12)):
        spec = StochasticShiftSpec(source=INT8, target=IntFormat(6), shift_low=low,
                                   shift_high=high, bits=8, seeds=(1,))
        shift = rng.integers(low, high + 1, codes.shape)
        # The fraction has as many bits as are random.
        fraction = np.floor(codes / 2.0**shift * 256) / 256
        wanted = np.clip(np.floor(fraction + random / 256), -32, 31).astype(np.int64)
        operands = {"i": codes, "random": random}
        if high > low:
            operands["parameters"] = shift - low
        yield EnabledCase(StochasticShiftLane(spec), operands, wanted)


#: Of so many parts one is always tried.
PARTS = 4


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.full)
                                       for part in range(1, PARTS))])
def test_every_code(part, need, rng, tmp_path):
    need("verilator")
    cases = [*shifts(rng), *casts(), *k_hots(), *exact_modes(rng), *two_steps(rng), *floats(rng),
             *sums(), *stochastic(rng)]
    check_enabled(cases[part::PARTS], tmp_path / "build")
