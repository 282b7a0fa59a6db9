# amaranth: UnusedElaboratable=no
"""The weight-stationary array against integer matrices, and its cycles against the formula."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from hw.array.gemm import GemmSpec
from hw.array.weight_stationary import WeightStationary
from hw.pe import PE_KINDS
from hw.verilog import to_verilog
from sw_model.formats import BipolarFormat, IntFormat
from tests.support.gemm import KINDS, check_gemms, gemm_spec, masked, products
from tests.support.units import Interval, check_units


def order(spec):
    """The words of matrices and their product: every tile along K for each of columns."""
    rows, columns, lanes = spec.rows, spec.columns, spec.lanes

    def words(a, w, result):
        w = np.pad(w, ((0, 0), (0, -w.shape[1] % columns)))
        i, weights, o = [], [], []
        for left in range(0, w.shape[1], columns):
            for top in range(0, len(w), rows * lanes):
                for k in range(top, top + rows * lanes, lanes):
                    weights.append(w[k:k + lanes, left:left + columns].T.ravel())
                i += list(a[:, top:top + rows * lanes])
            o.append(masked(result[:, left:left + columns], columns))
        return {"i": i, "weights": weights, "o": np.ma.concatenate(o)}

    return words


def array(rng, *parameters, double_buffered=True):
    spec, sizes = gemm_spec(*parameters), parameters[6:]
    return products(WeightStationary(spec, double_buffered=double_buffered), sizes,
                    order(spec), rng, pairs=spec.rows * spec.lanes)


def test_sizes(rng, need, tmp_path):
    """Dividing and not, one of everything, one row of activations and many."""
    need("verilator")
    sizes = [(1, 1, 1, (1, 3, 2)), (2, 3, 2, (5, 9, 4)), (1, 4, 1, (1, 5, 9)),
             (3, 1, 1, (2, 7, 3)), (3, 2, 2, (4, 6, 4)), (2, 2, 1, (1, 1, 1))]
    check_gemms([array(rng, "parallel", "int8", "int4", *size, double_buffered=double_buffered)
                 for size in sizes for double_buffered in (True, False)], tmp_path / "build")


def test_kinds_of_elements(rng, need, tmp_path):
    need("verilator")
    gemms = [array(rng, *kind, 2, 3, 2, (3, 8, 4), double_buffered=bool(k % 2))
             for k, kind in enumerate(KINDS)]
    assert {kind for kind, _, _ in KINDS} == set(PE_KINDS)
    assert {gemm.component.step for gemm in gemms} >= {1, 2, 3}
    check_gemms(gemms, tmp_path / "build")


def test_formulas():
    """Those of the published systems, with the drain as the docstring has it."""
    spec = gemm_spec("parallel", "int8", "int8", 4, 3, 1, (9, 11, 7))
    tiles, stream, drain = 3 * 3, 9 + (4 + 3 - 2), 3 + 2
    once, loaded = (WeightStationary(spec, double_buffered=double).cycles(spec.jobs[0])
                    for double in (True, False))
    assert once == tiles * stream + 4 + drain
    assert loaded == tiles * (stream + 4) + drain


@pytest.mark.parametrize("interval", [1, 4])
def test_utilisation(interval):
    """Of the multipliers of all cells in steady state, every division rounded up: products over
    those that they could take meanwhile."""
    pe, weights = {1: ("parallel", "int8"), 4: ("weight_serial", "int4")}[interval]
    for (rows, columns, lanes), (m, k, n) in itertools.product(
            [(4, 3, 2), (8, 8, 1), (2, 5, 4)], [(9, 11, 7), (64, 96, 32), (1, 30, 1), (1, 64, 40)]):
        spec = gemm_spec(pe, "int8", weights, rows, columns, lanes, (m, k, n))
        passes, across = ceil(k / (rows * lanes)), ceil(n / columns)
        found = Fraction(m * k * n * interval, WeightStationary(spec).interval(spec.jobs[0])
                         * rows * columns * lanes)
        filled = (Fraction(k, passes * rows * lanes) * Fraction(n, across * columns)
                  * Fraction(m * interval, m * interval + rows + columns - 2))
        assert found == filled


def test_depthwise_keeps_few_cells_busy():
    """Of 3 x 3 windows a channel has nine weights, and a column of its own."""
    for rows, columns, m in itertools.product((9, 16, 32), (4, 16), (8, 4096)):
        spec = gemm_spec("parallel", "int8", "int8", rows, columns, 1, (m, 9, 1))
        found = Fraction(m * 9, WeightStationary(spec).interval(spec.jobs[0]) * rows * columns)
        limit = Fraction(9, rows) * Fraction(1, columns)
        assert found == limit * Fraction(m, m + rows + columns - 2)
        assert found < limit


def test_one_vector_keeps_few_cells_busy():
    spec = gemm_spec("parallel", "int8", "int8", 6, 4, 2, (1, 48, 8))
    assert Fraction(48 * 8, WeightStationary(spec).interval(spec.jobs[0]) * 6 * 4 * 2) == Fraction(
        1, 6 + 4 - 1)


def test_streams(rng, need):
    """Tables of jobs, consumers that wait for valid, resets in mid-stream."""
    need("icarus")
    one = [array(rng, *kind, 3, 2, 2, (4, 5, 2)) for kind in (KINDS[0], KINDS[6])]
    units = [gemm.unit(latency=gemm.component.latency,
                       interval=Interval(gemm.component.interval(gemm.job), 4, "o"))
             for gemm in one]
    units += [array(rng, "parallel", "int8", "int4", *size, (4, 6, 3), (1, 5, 1), (7, 3, 2),
                    double_buffered=double_buffered).unit()
              for size in ((3, 2, 1), (1, 1, 1)) for double_buffered in (True, False)]
    check_units(units)


@pytest.mark.full
def test_many_sizes(rng, need, tmp_path):
    need("verilator")
    gemms = []
    for kind in rng.integers(len(KINDS), size=30):
        rows, columns, lanes = (int(size) for size in rng.integers(1, 6, 3))
        job = (int(rng.integers(1, 14)), rows * lanes * int(rng.integers(1, 5)),
               int(rng.integers(1, 14)))
        gemms.append(array(rng, *KINDS[kind], rows, columns, lanes, job,
                           double_buffered=bool(rng.integers(2))))
    check_gemms(gemms, tmp_path / "build")


def test_each_cell_once():
    """A grid is one module of a cell, and one of a row."""
    spec = gemm_spec("parallel", "int8", "int8", 8, 8, 1, (8, 8, 8))
    verilog = to_verilog(WeightStationary(spec), "array")
    for kind in ("weight_cell", "weight_row"):
        assert len(re.findall(rf"^module {kind}_[0-9a-f]{{8}}\(", verilog, re.MULTILINE)) == 1
    assert len(re.findall(r"^  weight_row_[0-9a-f]{8} row_\d", verilog, re.MULTILINE)) == 8


def test_wrong_parameters():
    with pytest.raises(TypeError, match="spec must be a GemmSpec, not 3"):
        WeightStationary(3)
    good = gemm_spec("parallel", "int8", "int8", 3, 2, 2, (2, 4, 2))
    with pytest.raises(ValueError, match=r"^accumulator int10 holds -512 to 511, but 4 products"):
        WeightStationary(GemmSpec(**{**vars(good), "accumulator": IntFormat(10)}))
    bipolar = BipolarFormat()
    with pytest.raises(ValueError, match="inner must be a multiple of 6 where neither"):
        WeightStationary(GemmSpec(**{**vars(good), "activations": bipolar, "weights": bipolar}))
    with pytest.raises(ValueError, match="must be integers"):
        WeightStationary(gemm_spec("parallel", "e2m1", "int8", 3, 2, 2, (2, 4, 2)))
