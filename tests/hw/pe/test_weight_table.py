# amaranth: UnusedElaboratable=no
"""Tables of weights: batches of activations between loads, and what is refused."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from hw.pe.base import DotSpec
from hw.pe.weight_table import WeightTable
from sw_model.formats import parse_format
from tests.hw.pe.test_kinds import EXHAUSTIVE, FORMATS, LANES, bits_of, codes_in, spec_of
from tests.support.dots import codes_of
from tests.support.enabled import EnabledCase, check_enabled
from tests.support.parts import in_parts
from tests.support.stepped import Stepped

CASES = [("int8", "int4", 8, 4), ("uint4", "int8", 5, 4), ("ternary", "bipolar", 4, 4),
         ("uint1", "uint3", 3, 4), ("int1", "int2", 9, 4), ("fixed<6,2>", "ternary", 16, 4),
         ("int2", "int2", 1, 4), ("int4", "int4", 7, 2), ("uint3", "int4", 7, 3),
         ("int3", "ternary", 12, 5), ("int3", "int3", 13, 6)]

#: Pairs of formats that it takes, those with as many cycles next to each other.
PAIRS = sorted(((a, w) for a, w in itertools.product(FORMATS, repeat=2)
                if WeightTable.refusal(spec_of(a, w, 1)) is None),
               key=lambda pair: spec_of(*pair, 1).activations.width)
EVERY = [(a, w, lanes, 4) for a, w in PAIRS for lanes in LANES]

#: Those of which all pairs of codes are tried, the fewest codes first.
SMALL = sorted((pair for pair in PAIRS if codes_in(*pair) <= 1 << EXHAUSTIVE),
               key=lambda pair: codes_in(*pair))

#: Other groups, of as many lanes as one has, one more, and less.
GROUPS = [(a, w, lanes, group) for a, w in (("int4", "int3"), ("uint1", "bipolar"))
          for group in range(2, 9) for lanes in (1, group, group + 1)]

#: What one test compiles and simulates at most, as :func:`size_of` counts: a minute or two.
LARGEST = 10_000


def size_of(case):
    """Bits of the sums of weights, and as many cycles as take as long."""
    a, w, lanes, _ = case
    form = spec_of(a, w, 1).activations
    return lanes * (bits_of(a, w) + 8) + 5 * form.width


def batches(spec, group, loads, activations, weights, rng):
    """Vectors one after the other, as soon as they are taken or a little later.

    ``loads`` says which of them come with weights, or have weights before them where there is
    time; ``weights`` are of as many vectors. Whatever is not taken is any codes.
    """
    unit = WeightTable(spec, group=group)
    count = len(activations)
    pauses = np.where(rng.random(count) < 0.2, rng.integers(1, 4, count), 0)
    starts = np.cumsum(unit.interval + pauses) - unit.interval
    cycles = starts[-1] + unit.latency + 1
    early = starts - np.where(rng.random(count) < 0.5, pauses, 0)
    start, load = np.zeros((2, cycles, 1), bool)
    a, w = (rng.choice(codes_of(form), (cycles, spec.lanes))
            for form in (spec.activations, spec.weights))
    start[starts], a[starts] = True, activations
    load[early[loads]], w[early[loads]] = True, weights[loads]
    # The last load before a start, or with it, counts.
    kept = w[np.maximum.accumulate(np.where(load[:, 0], np.arange(cycles), 0))[starts]]
    expected, known = np.zeros((cycles, 1), np.int64), np.zeros(cycles, bool)
    ends = starts + unit.latency - 1
    expected[ends, 0] = (spec.activations.to_fixed(activations).astype(np.int64)
                         * spec.weights.to_fixed(kept).astype(np.int64)).sum(axis=1)
    known[ends] = True
    return EnabledCase(unit, {"load": load, "start": start, "a": a, "w": w}, expected, Stepped,
                       known)


def drawn(a, w, lanes, group, rng, count=500):
    """Extremes and any codes; batches of three on average."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    loads = rng.random(count) < 0.3
    loads[[0, 1, 2, 4]] = True
    operands = []
    for form, turn in ((spec.activations, 1), (spec.weights, 2)):
        table = rng.choice(codes_of(form), (count, lanes))
        ends = np.array([form.min, form.max])
        for row in range(8):
            table[row] = ends[row // turn % 2]
        some = rng.random(count) < 0.2
        table[some] = rng.choice(ends, table[some].shape)
        operands.append(table)
    return batches(spec, group, loads, *operands, rng)


def every_pair(a, w, rng):
    """One lane: each weight loaded once, all activations after it."""
    spec = spec_of(a, w, 1)
    x, y = codes_of(spec.activations), codes_of(spec.weights)
    loads = np.tile(np.arange(len(x)) == 0, len(y))
    return batches(spec, 4, loads, np.tile(x, len(y))[:, None], np.repeat(y, len(x))[:, None], rng)


def test_batches(need, tmp_path, rng):
    """Some vectors with each load, with pauses and without."""
    need("verilator")
    check_enabled([*(drawn(*case, rng, 60) for case in CASES), every_pair("int3", "int3", rng)],
                  tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("cases", in_parts(EVERY, size_of, LARGEST),
                         ids=lambda cases: "{}-{}-{}".format(*cases[0]))
def test_every_pair_of_formats(cases, need, tmp_path, rng):
    need("verilator")
    check_enabled([drawn(*case, rng) for case in cases], tmp_path / "build")


@pytest.mark.full
def test_every_group(need, tmp_path, rng):
    need("verilator")
    check_enabled([drawn(*case, rng) for case in GROUPS], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("pairs", in_parts(SMALL, lambda pair: codes_in(*pair),
                                           2 << EXHAUSTIVE), ids=lambda pairs: "-".join(pairs[0]))
def test_every_pair_of_codes(pairs, need, tmp_path, rng):
    """One lane of each pair of formats, of up to 16 bits together."""
    need("verilator")
    check_enabled([every_pair(*pair, rng) for pair in pairs], tmp_path / "build")


@pytest.mark.parametrize(("a", "w"), [("bipolar", "int4"), ("e2m1", "int4"), ("int8", "e2m1")])
def test_what_it_refuses(a, w):
    words = ("tables of weights take activations that are integers, fixed point or ternary, and "
             f"weights that are these or bipolar, not {a} (activations) and {w} (weights)")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        WeightTable(DotSpec(parse_format(a), parse_format(w), 4))
