# amaranth: UnusedElaboratable=no
"""Every norm against its golden function: edges, stalls, rows without bubbles, every pair."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hw.norm.integer_layer_norm import IntegerLayerNorm
from hw.norm.inverse_root import InverseRoot
from hw.norm.l1_norm import L1Norm
from hw.norm.l2_norm import L2Norm
from hw.norm.layer_norm import LayerNorm
from hw.norm.moments import RowMoments
from hw.norm.rms_norm import RmsNorm
from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops import integer_layer_norm, l1_norm, l2_norm, layer_norm, rms_norm
from sw_model.specs import (
    IntegerLayerNormSpec,
    L1NormSpec,
    L2NormSpec,
    LayerNormSpec,
    RmsNormSpec,
)
from tests.support.row_norms import by_length, edge_rows, emulate, norm_unit
from tests.support.units import check_units

INT8, UINT8, INT16 = IntFormat(8), IntFormat(8, signed=False), IntFormat(16)
NORMS = {"rms": (RmsNorm, RmsNormSpec, rms_norm), "layer": (LayerNorm, LayerNormSpec, layer_norm),
         "l1": (L1Norm, L1NormSpec, l1_norm)}


def norm(kind, rows, lanes, rng, *, paced=False, multiplier="inferred", longest=0, **fields):
    """A unit, and what it must make of rows with random gains and biases."""
    make, spec, golden = NORMS[kind]
    longest = longest or max(map(len, rows))
    made = spec(**{"source": INT8, "target": FixedFormat(16, 8), "longest": longest,
                   "gain": IntFormat(10), "gain_fraction": 8, "bias": IntFormat(9)} | fields)
    parameters = [rng.integers(form.min, form.max, longest, endpoint=True)
                  for form in (made.gain, made.bias) if form is not None]
    expected = by_length(lambda some: golden(
        some, made, *(each[:some.shape[1]] for each in parameters)), rows)
    unit = make(made, lanes, longest, multiplier)
    return norm_unit(unit, rows, expected, parameters, paced=paced, name=f"{kind} {lanes}")


def integer_layer(rows, lanes, rng, *, paced=False, source=INT8, multiplier="inferred",
                  longest=0):
    longest = longest or max(map(len, rows))
    spec = IntegerLayerNormSpec(source=source, longest=longest)
    bias = rng.integers(spec.bias.min, spec.bias.max, longest, endpoint=True)
    expected = by_length(lambda some: integer_layer_norm(some, spec, bias[:some.shape[1]]), rows)
    return norm_unit(IntegerLayerNorm(spec, lanes, multiplier=multiplier), rows, expected, [bias],
                     paced=paced)


def l2(rows, lanes, zero_point, *, rng=None, paced=False, multiplier="inferred", longest=0):
    spec = L2NormSpec(zero_point=zero_point, longest=longest or max(map(len, rows)))
    return norm_unit(L2Norm(spec, lanes, multiplier=multiplier), rows,
                     by_length(partial(l2_norm, spec=spec), rows), paced=paced)


def test_edges(rng):
    rows = edge_rows(rng, 8, -128, 127, 3)
    check_units([*(norm(kind, rows, 3, rng) for kind in NORMS), integer_layer(rows, 3, rng),
                 l2(rows, 3, -3)])


#: By lanes and norm, the words of a row gap if no row is longer.
GAPS = {1: {"rms": 27, "layer": 1, "l1": 26, "integer": 31, "l2": 49},
        2: {"rms": 28, "layer": 1, "l1": 28, "integer": 31, "l2": 49}}


def gap_rows(lanes, rng, gaps, **settings):
    """Each norm for rows of up to its row gap, with rows of so many words, some of which lack an
    element."""
    units = []
    for kind, make in (*((kind, partial(norm, kind, epsilon=2)) for kind in NORMS),
                       ("integer", integer_layer), ("l2", partial(l2, zero_point=3))):
        sizes = np.resize([gaps[kind] * lanes, gaps[kind] * lanes - (lanes > 1)], 8)
        units.append(make([rng.integers(-128, 128, size) for size in sizes], lanes, rng=rng,
                          longest=GAPS[lanes][kind] * lanes, **settings))
        assert units[-1].component.row_gap == GAPS[lanes][kind]
    return units


@pytest.mark.parametrize("lanes", [pytest.param(1, marks=pytest.mark.full), 2])
def test_rows_without_bubbles(lanes, rng):
    """Rows of the row gap follow each other, a word every cycle; shorter ones are right."""
    shorter = {kind: max(gap - 1, 1) for kind, gap in GAPS[lanes].items()}
    check_units([*gap_rows(lanes, rng, GAPS[lanes], paced=True), *gap_rows(lanes, rng, shorter)],
                stalls=[(0.0, 0.0), (0.5, 0.5)])


@pytest.mark.full
def test_wide_and_unsigned_rows(rng):
    """Sums that overflow 32 bits, epsilon, products of logic, no bias, targets that saturate."""
    wide = edge_rows(rng, 33, -2**15, 2**15 - 1, 6)
    raised = [row - row.min() for row in edge_rows(rng, 9, -128, 127, 6)]
    check_units([
        *(norm(kind, wide, 2, rng, source=INT16, epsilon=1000) for kind in NORMS),
        *(norm(kind, raised, 4, rng, source=UINT8, bias=None, target=INT8, epsilon=3,
               multiplier="fabric") for kind in NORMS),
        integer_layer(wide, 2, rng, source=INT16, multiplier="fabric"),
        integer_layer(raised, 4, rng, source=UINT8)])


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4])
def test_more_edges(lanes, rng):
    rows = edge_rows(rng, 17, -128, 127)
    check_units([*(norm(kind, rows, lanes, rng) for kind in NORMS),
                 integer_layer(rows, lanes, rng), l2(rows, lanes, 0),
                 l2(rows, lanes, 127, multiplier="fabric"), l2(rows, lanes, -128)])


@pytest.mark.full
def test_every_pair_of_codes(rng, tmp_path):
    """All rows of two int8 codes, in either order, through every norm, freely and with pauses."""
    pairs = list(rng.permuted(np.stack(np.triu_indices(256), axis=-1) - 128, axis=1))
    emulate([*(norm(kind, pairs, 1, rng) for kind in NORMS), integer_layer(pairs, 1, rng),
             l2(pairs, 1, 0), l2(pairs, 1, -77)], tmp_path / "pairs")


@pytest.mark.full
def test_longest_rows(rng, tmp_path):
    """Rows of 4,096 of the largest numbers: no sum overflows."""
    rows = [np.resize(pattern, 4096) for pattern in (
        [-128], [127], [-128, 127], [0, 0, 0, 127], rng.integers(-128, 128, 4096))]
    emulate([*(norm(kind, rows, 1, rng) for kind in NORMS), integer_layer(rows, 1, rng),
             l2(rows, 1, 127)], tmp_path / "longest")


def test_bad_parameters():
    spec = RmsNormSpec(source=INT8, target=INT8, longest=9)
    with pytest.raises(TypeError, match="spec must be a LayerNormSpec, not RmsNormSpec"):
        LayerNorm(spec, 2)
    with pytest.raises(ValueError, match="longest must be at most 9, not 10"):
        RmsNorm(spec, 2, 10)
    assert RmsNorm(spec, 2, 5).words == 3
    with pytest.raises(ValueError, match=r"moments must be of count, .*, not 'mean'"):
        RowMoments(8, 1, {"mean": INT8})
    with pytest.raises(ValueError, match="source must be unsigned, of at most 31 bits, not int8"):
        InverseRoot(INT8)
