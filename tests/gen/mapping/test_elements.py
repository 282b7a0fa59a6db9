"""Estimates of rows of every kind: as synthesised, and as the samples are that are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench import prices as bench
from boards.component import resources
from boards.devices import device
from gen.mapping.elements import fits, luts, multipliers, rows_price, significand
from gen.mapping.prices import ERROR
from hw.pe import PE_KINDS, DotSpec
from hw.pe.rows import rows_of
from sw_model.formats import parse_format

ECP5 = device("ecp5-25k")


def spec_of(a, w, lanes):
    return DotSpec(parse_format(a), parse_format(w), lanes)


def test_every_kind_is_there_with_all_its_samples():
    assert set(fits()) == set(bench.KINDS) == set(PE_KINDS) - {"parallel"}
    for kind, fit in fits().items():
        assert [(s.activations, s.weights, s.lanes, s.rows) for s in fit.samples] == bench.wanted(
            kind)


@pytest.mark.parametrize("kind", bench.KINDS)
def test_factors_are_fitted_to_the_samples(kind):
    fit = fits()[kind]
    assert bench.fit(fit.samples) == fit
    off = [luts(kind, bench.spec_of(each), each.rows) / each.luts - 1 for each in fit.samples]
    assert np.mean(np.abs(off)) < ERROR
    assert abs(np.mean(off)) < ERROR / 2


@pytest.mark.parametrize("kind", bench.KINDS)
def test_multipliers_are_counted(kind):
    for each in fits()[kind].samples:
        assert multipliers(kind, bench.spec_of(each), each.rows) == each.multipliers, each


@pytest.mark.parametrize(("kind", "place"), [("binary", 0), ("lut", 0), ("packed", 0)])
def test_samples_are_what_synthesis_gives(kind, place):
    """The quickest to make; :func:`test_one_sample_of_each_kind` makes more."""
    kept = fits()[kind].samples[place]
    assert bench.sample(kind, kept.activations, kept.weights, kept.lanes, kept.rows) == kept


@pytest.mark.full
@pytest.mark.parametrize("kind", bench.KINDS)
def test_one_sample_of_each_kind(kind):
    kept = fits()[kind].samples[-1]
    assert bench.sample(kind, kept.activations, kept.weights, kept.lanes, kept.rows) == kept


@pytest.mark.parametrize(("family", "a", "w"), [
    ("ice40", "int6", "int4"), ("ice40", "int5", "int5"), ("xilinx", "int8", "int8"),
    ("xilinx", "int6", "int4"), ("ecp5", "e2m1", "e2m1")])
def test_multipliers_of_packed_rows_by_family(family, a, w):
    """As many as the rows that a plan of the family gets, and as synthesis makes of these."""
    spec = spec_of(a, w, 8)
    for rows in (1, 2):
        found = rows_of(PE_KINDS["packed"], spec, rows, family=family)
        assert resources(found, [family])[family].dsps == multipliers("packed", spec, rows, family)


def test_significands():
    assert [(significand(parse_format(name)).bits, significand(parse_format(name)).places)
            for name in ("int8", "bipolar", "e4m3fn", "posit<8,0>")] == [
                (8, 0), (1, 0), (4, 14), (6, 12)]


def test_more_is_never_cheaper(rng):
    for kind in bench.KINDS:
        pairs = [(s.activations, s.weights) for s in fits()[kind].samples]
        for _ in range(20):
            a, w = pairs[rng.integers(len(pairs))]
            rows, lanes = (int(n) for n in rng.integers(1, 20, 2))
            least = rows_price(kind, spec_of(a, w, lanes), rows, ECP5)
            for more in (spec_of(a, w, lanes + 3), rows), (spec_of(a, w, lanes), rows + 2):
                assert all(x <= y for x, y in zip(least, rows_price(kind, *more, ECP5),
                                                  strict=True))


def test_without_multipliers():
    """Lookup tables take their place."""
    bare = replace(ECP5, dsps=0)
    for kind, dsps in (("exact", 32), ("mixed", 16), ("packed", 16), ("bit_weight", 0)):
        spec = spec_of("int8", "int4", 16)
        rich, plain = rows_price(kind, spec, 2, ECP5), rows_price(kind, spec, 2, bare)
        assert (rich[0], plain[0]) == (dsps, 0)
        assert (plain[1] > rich[1]) == (dsps > 0)
