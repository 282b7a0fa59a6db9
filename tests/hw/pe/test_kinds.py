# amaranth: UnusedElaboratable=no
"""Every kind of processing element with every format that it takes, and every number of lanes."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from hw.pe import PE_KINDS, DotSpec
from sw_model.formats import parse_format
from tests.support import parts
from tests.support.dots import check_dots, every_pair, extremes

#: Formats of a tensor's elements; blocks and pairs are made of the same.
FORMATS = ["uint1", "int1", "int2", "uint2", "int3", "int4", "uint4", "int5", "int8", "uint8",
           "int16", "fixed<6,2>", "bipolar", "ternary", "e2m1", "e2m3", "e3m2", "e4m3fn", "e5m2",
           "float<2,1,ieee>", "ufloat<4,3,fn>", "fp16", "bf16", "posit<4,1>", "posit<8,0>",
           "posit<16,1>", "codebook<-1,0,0.5,2>", "khot<8,5,2>"]
LANES = (1, 4, 16)

#: The cover has cases of up to this, as :func:`size_of` counts, with more lanes than one.
SMALL = 300

#: Most bits of both operands of which all pairs of codes are tried.
EXHAUSTIVE = 16

#: What one test compiles and simulates at most, as :func:`size_of` counts: a minute or two.
LARGEST = 15_000

#: Formats by name.
form_of = cache(parse_format)


@cache
def legal_pairs(kind):
    """Pairs of formats that a kind takes."""
    return [(a, w) for a, w in itertools.product(FORMATS, repeat=2)
            if PE_KINDS[kind].refusal(spec_of(a, w, 1)) is None]


@cache
def spec_of(a, w, lanes):
    return DotSpec(form_of(a), form_of(w), lanes)


@cache
def bits_of(a, w):
    """Of a product."""
    return max(map(abs, spec_of(a, w, 1).product_range)).bit_length()


def codes_in(a, w):
    """Pairs of codes."""
    return 1 << form_of(a).width + form_of(w).width


def size_of(kind, a, w, lanes):
    """What there is to compile, roughly: bits of the products, and as much as of eight besides;
    for a table a twentieth of its entries."""
    entries = codes_in(a, w) // 20 if kind == "table" else 0
    return lanes * (bits_of(a, w) + 8 + entries)


def size_of_all(kind, a, w, lanes):
    """The same, and as many pairs of codes to simulate as take as long."""
    return size_of(kind, a, w, lanes) + codes_in(a, w) // 50


def is_native(kind, a, w):
    """Whether an element takes the codes themselves, without decoders in front of it."""
    spec = spec_of(a, w, 1)
    return PE_KINDS[kind].core(spec) == spec


def small_pairs(kind):
    """Those of which all pairs of codes are tried, the fewest codes first."""
    pairs = sorted(legal_pairs(kind), key=lambda pair: (codes_in(*pair), pair))
    return [(a, w, 1) for a, w in pairs if codes_in(a, w) <= 1 << EXHAUSTIVE]


def every_size(kind):
    """Legal pairs with every number of lanes.

    Pairs whose grids are alike come one after the other: their elements are one module.
    """
    cases = [(a, w, lanes) for lanes in LANES for a, w in legal_pairs(kind)]
    return sorted(cases, key=lambda case: repr(PE_KINDS[kind].core(spec_of(*case))))


def in_parts(cases_of, size):
    """Every kind with some of its cases at a time, of at most :data:`LARGEST` by ``size``."""
    return [pytest.param(kind, part, id=f"{kind}-{k}") for kind in PE_KINDS
            for k, part in enumerate(parts.in_parts(
                cases_of(kind), lambda case, kind=kind: size(kind, *case), LARGEST))]


def cover(kind):
    """Pairs with lanes: every format of both operands, every number of lanes, few cases."""
    pairs = sorted(legal_pairs(kind), key=lambda pair: bits_of(*pair))
    wanted = {(side, pair[side]) for pair in pairs for side in (0, 1)}
    chosen, lanes = [], itertools.cycle(LANES)
    while wanted:
        best = max(pairs, key=lambda pair: len(wanted & set(enumerate(pair))))
        wanted -= set(enumerate(best))
        small = size_of(kind, *best, max(LANES)) <= SMALL
        chosen.append((*best, next(lanes) if small else 1))
    return chosen + [(*pairs[0], count) for count in LANES
                     if count not in {case[2] for case in chosen}]


def test_every_kind_takes_some():
    assert all(legal_pairs(kind) for kind in PE_KINDS)
    assert len(legal_pairs("exact")) == len(FORMATS) ** 2


def test_the_cover_is_whole():
    for kind in PE_KINDS:
        cases = cover(kind)
        for side in (0, 1):
            assert {case[side] for case in cases} == {pair[side] for pair in legal_pairs(kind)}
        assert {case[2] for case in cases} == set(LANES)


@pytest.mark.parametrize("part", range(4))
def test_pairwise(part, need, tmp_path, rng):
    """Extremes and any codes, without stalls and with them."""
    need("verilator")
    check_dots([extremes(PE_KINDS[kind], a, w, lanes, rng, 60)
                for kind in list(PE_KINDS)[part::4] for a, w, lanes in cover(kind)],
               tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize(("kind", "cases"), in_parts(small_pairs, size_of_all))
def test_every_pair_of_codes(kind, cases, need, tmp_path):
    """One lane of each legal pair of formats, of up to 16 bits together."""
    need("verilator")
    check_dots([every_pair(PE_KINDS[kind], a, w) for a, w, _ in cases], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize(("kind", "cases"), in_parts(every_size, size_of))
def test_every_pair_of_formats(kind, cases, need, tmp_path, rng):
    """Each legal pair with one lane and more."""
    need("verilator")
    check_dots([extremes(PE_KINDS[kind], a, w, lanes, rng, 500) for a, w, lanes in cases],
               tmp_path / "build")
