# amaranth: UnusedElaboratable=no
"""Elements with their accumulator, plain and carry-save: the same sums to the bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.base import DotSpec
from hw.pe.carry_save import CarrySaveAccumulate
from sw_model.formats import CodedFormat, IntFormat, parse_format
from tests.hw.pe.test_kinds import EXHAUSTIVE, FORMATS, LANES, bits_of, codes_in, form_of, spec_of
from tests.support.dots import codes_of, every_pair
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.parts import in_parts
from tests.support.stepped import Stepped

KINDS = [MultiplyAccumulate, CarrySaveAccumulate]

#: Formats that they take.
TAKEN = [text for text in FORMATS if not isinstance(form_of(text), CodedFormat)]

#: All pairs of them, with every number of lanes, and how many dot products the accumulator holds
#: at least.
EVERY = [(a, w, lanes, count)
         for count, (a, w) in zip(itertools.cycle((1, 2, 7)), itertools.product(TAKEN, repeat=2),
                                  strict=False)
         for lanes in LANES]

#: Each format on either side once, with each number of lanes; wide ones with few.
COVER = [(a, w, lanes, count)
         for (a, w), lanes, count in zip(zip(TAKEN, TAKEN[5:] + TAKEN[:5], strict=True),
                                         itertools.cycle((1, 4)), itertools.cycle((1, 2, 7)),
                                         strict=False)]

#: What one test compiles at most, as :func:`size_of` counts: a minute or two.
LARGEST = 10_000


def size_of(case):
    """Bits of the products and the accumulators."""
    a, w, lanes, _ = case
    return (lanes + 1) * (bits_of(a, w) + 8)


def accumulator_of(spec, count):
    """The narrowest that holds ``count`` dot products."""
    low, high = (count * end for end in spec.result_range)
    return IntFormat(1 + max((~low if low < 0 else 0).bit_length(), high.bit_length()))


def sums(make, spec, accumulator, a, w, clear):
    """Codes of shape (cycles, lanes), and whether each cycle clears."""
    unit = make(spec, accumulator)
    products = (spec.activations.to_fixed(a).astype(np.int64)
                * spec.weights.to_fixed(w).astype(np.int64)).sum(axis=1)
    cycles = np.arange(len(clear))
    start = np.maximum.accumulate(np.where(clear, cycles, 0))
    totals = np.cumsum(np.where(clear, 0, products))
    totals -= totals[start]
    sure = totals[cycles - start <= unit.limit]
    assert accumulator.min <= sure.min()
    assert sure.max() <= accumulator.max
    late = unit.latency - 1
    return EnabledCase(unit, {"clear": clear[:, None], "a": a, "w": w},
                       np.roll(totals, late)[:, None], Stepped, cycles >= late)


def drawn(make, a, w, lanes, count, rng, cycles=500):
    """Sums of no dot product, one, and so on up to more than the accumulator is sure to hold; the
    first ones as long as it is, of extremes alone. Cycles that clear have operands too."""
    spec = spec_of(a, w, lanes)
    accumulator = accumulator_of(spec, count)
    limit = make(spec, accumulator).limit
    assert limit >= count
    lengths = [min(limit, 12)] * 8 + list(range(12)) + rng.integers(
        0, 3 * min(limit, 12), cycles).tolist()
    clear = np.zeros(cycles + 1, bool)
    clear[np.minimum(np.cumsum([0, *(1 + length for length in lengths)]), cycles)] = True
    number = np.cumsum(clear[:cycles]) - 1
    operands = []
    for form, turn in ((spec.activations, 1), (spec.weights, 2)):
        table = rng.choice(codes_of(form), (cycles, lanes))
        ends = np.array([form.min, form.max])
        table[number < 8] = ends[number[number < 8] // turn % 2, None]
        some = rng.random(cycles) < 0.1
        table[some] = rng.choice(ends, table[some].shape)
        operands.append(table)
    return sums(make, spec, accumulator, *operands, clear[:cycles])


def every_product(make, a, w, rng):
    """One lane, all pairs of codes in any order, in sums of about a hundred."""
    pairs = every_pair(make, a, w)
    order = rng.permutation(len(pairs.a))
    a, w = pairs.a[order], pairs.w[order]
    clear = np.zeros(len(a), bool)
    some = np.flatnonzero(rng.random(len(a)) < 0.01)
    a, w = (np.insert(codes, some, codes[some], axis=0) for codes in (a, w))
    clear = np.insert(clear, [0, *some], True)
    a, w = (np.insert(codes, 0, codes[0], axis=0) for codes in (a, w))
    return sums(make, pairs.spec, accumulator_of(pairs.spec, 3), a, w, clear)


def test_the_cover_is_whole():
    for side in (0, 1):
        assert {case[side] for case in COVER} == set(TAKEN)


def test_sums(need, tmp_path, rng):
    """Stalled and not; sums wrap as two's complement does."""
    need("verilator")
    check_enabled([*(drawn(CarrySaveAccumulate, *case, rng) for case in COVER),
                   *(drawn(MultiplyAccumulate, *case, rng) for case in COVER[::4]),
                   *(every_product(make, "int4", "int4", rng) for make in KINDS)],
                  tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("cases", in_parts(EVERY, size_of, LARGEST),
                         ids=lambda cases: "{}-{}-{}".format(*cases[0]))
def test_every_pair_of_formats(make, cases, need, tmp_path, rng):
    need("verilator")
    check_enabled([drawn(make, *case, rng) for case in cases], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("make", KINDS)
def test_every_pair_of_codes(make, need, tmp_path, rng):
    """One lane of each pair of formats, of up to 16 bits together."""
    need("verilator")
    check_enabled([every_product(make, a, w, rng) for a, w in itertools.product(TAKEN, repeat=2)
                   if codes_in(a, w) <= 1 << EXHAUSTIVE], tmp_path / "build")


def test_what_they_refuse():
    int8, e2m1 = parse_format("int8"), parse_format("e2m1")
    with pytest.raises(ValueError, match=r"^weights of sums of products must be integers, fixed "
                                         r"point, bipolar or ternary, not e2m1 \(activations int8, "
                                         r"weights e2m1\)$"):
        CarrySaveAccumulate(DotSpec(int8, e2m1, 1), IntFormat(20))
    words = ("accumulator must hold -48768 to 49152, a dot product of activations int8 and weights "
             "int8 in 3 lanes, not int16")
    with pytest.raises(ValueError, match=f"^{words}$"):
        MultiplyAccumulate(DotSpec(int8, int8, 3), IntFormat(16))
    assert [MultiplyAccumulate(DotSpec(int8, int8, 1), IntFormat(bits)).limit
            for bits in (16, 20, 32)] == [1, 31, 131071]
    with pytest.raises(ValueError, match=r"^accumulator must be signed, not uint20$"):
        MultiplyAccumulate(DotSpec(int8, int8, 1), IntFormat(20, signed=False))
    for text in ("fixed<20,4>", "e4m3fn", "posit<16,1>", "bipolar"):
        with pytest.raises(TypeError, match=r"^accumulator must be an IntFormat, not "):
            CarrySaveAccumulate(DotSpec(int8, int8, 1), parse_format(text))
