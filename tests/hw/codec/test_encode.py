# amaranth: UnusedElaboratable=no
"""Every code of a source, encoded by hardware as by the golden model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.codec.encode import Encoder
from sw_model.formats import (
    BipolarFormat,
    CodedFormat,
    Float32Format,
    IntFormat,
    Overflow,
    Rounding,
    parse_format,
)
from tests.hw.codec.test_decode import legal_codes
from tests.support.probe import probe

SOURCES = ["fixed<16,8>", "posit<8,0>"]
MORE_SOURCES = ["fp16", "bf16", "e5m2", "uint12", "int4", "e4m3fn", "ue5m3", "e8m0",
                "posit<16,1>", "posit<12,2>", "bipolar", "ternary", "codebook<-1,0,0.5,2,7>",
                "khot<8,5,2>", "ufixed<9,12>", "fixed<16,0>", "float<5,2,ieee,flush,overflow>",
                "float<8,7,bias=100>"]
TARGETS = ["e2m1", "e3m2", "e2m3", "e4m3fn", "e5m2", "ue4m3", "ue5m3", "float<3,2,flush>",
           "float<2,0>", "float<1,2>", "float<4,3>", "fp16", "bf16", "e8m0", "posit<4,1>",
           "posit<8,0>", "posit<16,1>", "posit<5,2>", "posit<3,2>", "khot<6,3,2>",
           "codebook<-1,0,0.5,2,7>", "codebook<-5,0.3,3.7>",
           "codebook<-3.8,-2.2,-1,0.3,3.2,3.5,3.6>", "int8", "uint4", "fixed<6,3>",
           "fixed<9,-2>", "bipolar", "ternary"]

#: Accumulators: all codes are too many.
WIDE_SOURCES = ["int32", "fixed<40,18>"]
#: Different codes of those that are drawn.
DRAWN = 100_000


def cases(sources, targets, roundings=(Rounding.HALF_EVEN,), overflows=(None,)):
    """Encoders of every legal combination."""
    made = []
    for texts in itertools.product(sources, targets, roundings, overflows):
        source, target = map(parse_format, texts[:2])
        try:
            made.append(Encoder(source, target, rounding=texts[2], overflow=texts[3]))
        except ValueError:
            continue
    return made


def codes_for(source, target):
    """Every code of a narrow source; of a wide one :data:`DRAWN` of all magnitudes, the ends, and
    both neighbours of all values, ties and limits of the target and those codes themselves."""
    if source.width <= 16:
        return legal_codes(source)
    rng = np.random.default_rng(7)
    count = 5 * DRAWN // 2  # many are small, and equal
    drawn = np.unique(rng.integers(source.min, source.max, count, endpoint=True)
                      >> rng.integers(0, source.width, count))
    drawn = rng.permutation(drawn)[:DRAWN]
    assert len(drawn) == DRAWN
    line = np.ldexp(turns(target), -source.lsb)
    line = line[(line > source.min - 2) & (line < source.max + 2)]
    near = (np.floor(line)[:, None] + np.arange(-1, 3)).ravel().astype(np.int64)
    ends = [source.min, source.min + 1, -1, 0, 1, source.max - 1, source.max]
    return np.unique(np.concatenate([drawn, np.clip(near, source.min, source.max), ends]))


def turns(target):
    """Where codes change or could: values, what lies halfway, and where the range ends."""
    if isinstance(target, CodedFormat):
        edges = target.boundaries()
        return np.concatenate([edges.values, edges.limits, edges.range, edges.following])
    halves = np.arange(2 * target.fixed_min - 3, 2 * target.fixed_max + 4)
    return np.ldexp(halves.astype(np.float64), target.lsb - 1)


def expected(encoder):
    """What the golden model says: codes as patterns, and what it would refuse."""
    target = encoder.target
    settings = {"rounding": encoder.rounding, "overflow": encoder.overflow}
    reals = encoder.source.decode(codes_for(encoder.source, target))
    nan, infinite = np.isnan(reals), np.isinf(reals)
    coded = isinstance(target, CodedFormat)
    has_nan = coded and target.nan is not None
    codes = np.zeros(len(reals), np.int64)
    known = ~nan | has_nan
    codes[known] = target.to_bits(target.encode(reals[known], **settings)).astype(np.int64)
    outside = nan & (not has_nan)
    keeps = (encoder.overflow is Overflow.SPECIAL and target.infinity() is not None
             and target.infinity(True) is not None) if coded else False
    outside |= infinite & (not keeps)
    finite = np.flatnonzero(np.isfinite(reals))
    outside[finite] = refused(target, reals[finite], encoder.rounding)
    return codes, outside


def refused(target, reals, rounding):
    """Where encoding with ``Overflow.ERROR`` would raise: at the ends of the line."""
    if isinstance(target, BipolarFormat):
        return np.abs(reals) != 1

    def wrong(real):
        try:
            target.encode([real], rounding=rounding, overflow=Overflow.ERROR)
        except ValueError:
            return True
        return False

    line = np.unique(reals)
    inside = np.searchsorted(line, 0.0) if not wrong(0.0) else next(
        (k for k in range(0, len(line)) if not wrong(line[k])), None)
    if inside is None:
        return np.ones(len(reals), np.bool_)
    inside = min(inside, len(line) - 1)
    low, high = 0, inside
    while low < high:  # the first that is not refused
        middle = (low + high) // 2
        low, high = (middle + 1, high) if wrong(line[middle]) else (low, middle)
    first = low
    low, high = inside, len(line)
    while low < high:  # the first behind it that is
        middle = (low + high) // 2
        low, high = (low, middle) if wrong(line[middle]) else (middle + 1, high)
    return (reals < line[first]) | (reals > line[low - 1])


def check(encoders, folder):
    patterns = [e.source.to_bits(codes_for(e.source, e.target)).astype(np.int64)
                for e in encoders]
    for encoder, fields in zip(encoders, probe(encoders, patterns, folder), strict=True):
        name = (f"{encoder.source} to {encoder.target}, {encoder.rounding.value}, "
                f"{encoder.overflow.value}")
        codes, outside = expected(encoder)
        np.testing.assert_array_equal(fields["o"], codes, name)
        np.testing.assert_array_equal(fields["outside"], outside, name)


def test_every_pair_of_formats(need, tmp_path):
    need("verilator")
    encoders = [*cases(SOURCES, TARGETS), *cases(["bf16"], ["e4m3fn", "e2m1", "posit<8,0>"])]
    assert len(encoders) == len(SOURCES) * len(TARGETS) + 3
    check(encoders, tmp_path / "build")


def test_accumulators(need, tmp_path):
    """Wide sums: limits and their neighbours, the ends, and a hundred thousand others."""
    need("verilator")
    targets = ["e2m1", "e4m3fn", "posit<8,0>", "e8m0", "int8", "codebook<-5,0.3,3.7>"]
    encoders = cases(WIDE_SOURCES, targets)
    assert len(encoders) == len(WIDE_SOURCES) * len(targets)
    check(encoders, tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("source", WIDE_SOURCES)
@pytest.mark.parametrize("wide", [False, True], ids=["narrow", "wide"])
def test_accumulators_to_all(need, tmp_path, source, wide):
    need("verilator")
    targets = [text for text in TARGETS if (parse_format(text).width == 16) == wide]
    assert len(targets) == (3 if wide else len(TARGETS) - 3)
    encoders = cases([source], targets)
    assert len(encoders) == len(targets)
    check(encoders, tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("source", MORE_SOURCES)
def test_more_sources(need, tmp_path, source):
    need("verilator")
    encoders = cases([source], TARGETS)
    assert len(encoders) == len(TARGETS)
    check(encoders, tmp_path / "build")


@pytest.mark.parametrize("source", ["fixed<12,6>", pytest.param("e5m2", marks=pytest.mark.full)])
def test_every_rounding_and_overflow(need, tmp_path, source):
    need("verilator")
    encoders = cases([source],
                     ["e2m1", "e4m3fn", "ue4m3", "float<3,2,flush>", "float<2,0>", "e8m0", "int6",
                      "fixed<5,1>", "ternary", "codebook<-1,0,0.5,2,7>",
                      "codebook<-5,0.7,1.3,2.7>", "posit<5,1>"],
                     Rounding, (Overflow.SATURATE, Overflow.SPECIAL))
    # Three targets have specials, six do not; codebooks know six roundings, posits one.
    assert len(encoders) == 3 * 8 * 2 + 6 * 8 + 2 * 6 + 2
    assert {encoder.rounding for encoder in encoders} == set(Rounding)
    check(encoders, tmp_path / "build")


@pytest.mark.parametrize(("source", "target", "settings", "message"), [
    (IntFormat(8), Float32Format(), {}, "target must be a format with hardware, not Float32"),
    (IntFormat(8), IntFormat(4), {"overflow": Overflow.WRAP}, "overflow must be saturate or spec"),
    (IntFormat(8), parse_format("posit<8,0>"), {"rounding": Rounding.FLOOR},
     "posit<8,0> rounds by half_even only, not floor"),
    (IntFormat(8), parse_format("e2m1"), {"overflow": Overflow.SPECIAL},
     "e2m1 has neither infinities nor NaN to overflow to"),
    (IntFormat(54), IntFormat(8), {}, "source must have at most 53 bits, not 54"),
    (parse_format("fixed<16,-300>"), IntFormat(8), {}, "more than 200 binary places apart"),
    (IntFormat(8), parse_format("codebook<1,2>"), {"rounding": Rounding.TOWARD_ZERO},
     "rounds in hardware by half_even, .* not toward_zero"),
])
def test_what_there_is_not(source, target, settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Encoder(source, target, **settings)
