# amaranth: UnusedElaboratable=no
"""The output-stationary array against integer matrices, and its cycles against the formula."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from math import ceil

import numpy as np
import pytest

from hw.array.gemm import GemmJob, GemmSpec
from hw.array.output_stationary import OutputStationary
from hw.pe import PE_KINDS
from hw.verilog import to_verilog
from sw_model.formats import BipolarFormat, IntFormat
from tests.support.gemm import KINDS, check_gemms, gemm_spec, masked, products
from tests.support.units import Interval, check_units

#: Kinds whose sums are kept in carry-save form in ``make test``: numbers and two numbers, signed,
#: unsigned, behind decoders, every few cycles.
KEPT = [("parallel", "int8", "int8"), ("carry_save_tree", "int5", "uint4"),
        ("carry_save_tree", "uint3", "uint5"), ("carry_save_tree", "e2m1", "int4"),
        ("exact", "e2m1", "e2m1"), ("csd", "int8", "int8")]


def order(spec):
    """The words of matrices and their product: every tile of columns for each of rows."""
    rows, columns, lanes = spec.rows, spec.columns, spec.lanes

    def words(a, w, result):
        a = np.pad(a, ((0, -len(a) % rows), (0, 0)))
        w = np.pad(w, ((0, 0), (0, -w.shape[1] % columns)))
        i, weights, o = [], [], []
        for top in range(0, len(a), rows):
            for left in range(0, w.shape[1], columns):
                for k in range(0, len(w), lanes):
                    i.append(a[top:top + rows, k:k + lanes].ravel())
                    weights.append(w[k:k + lanes, left:left + columns].T.ravel())
                o.append(masked(result[top:top + rows, left:left + columns], columns))
        return {"i": i, "weights": weights, "o": np.ma.concatenate(o)}

    return words


def array(rng, *parameters, **options):
    spec, sizes = gemm_spec(*parameters), parameters[6:]
    return products(OutputStationary(spec, **options), sizes, order(spec), rng, pairs=spec.lanes)


def test_sizes(rng, need, tmp_path):
    """Dividing and not, one of everything, tiles shorter than their drain and longer."""
    need("verilator")
    sizes = [(1, 1, 1, (3, 4, 2)), (2, 3, 2, (5, 7, 4)), (4, 2, 1, (7, 1, 5)),
             (5, 2, 2, (8, 6, 1)), (1, 4, 3, (3, 8, 9)), (3, 3, 4, (1, 1, 1))]
    gemms = [array(rng, "parallel", "int8", "int4", *size) for size in sizes]
    gemms += [array(rng, "parallel", "int8", "int4", *size, overlapped=False)
              for size in sizes[:3]]
    gemms += [array(rng, "parallel", "int8", "int4", *size, carry_save=True) for size in sizes]
    check_gemms(gemms, tmp_path / "build")


def test_kinds_of_elements(rng, need, tmp_path):
    need("verilator")
    gemms = [array(rng, *kind, 3, 2, 2, (4, 6, 3)) for kind in KINDS]
    assert {kind for kind, _, _ in KINDS} == set(PE_KINDS)
    assert {gemm.component.step for gemm in gemms} >= {1, 2, 3}
    gemms += [array(rng, *kind, 2, 2, 2, (3, 6, 3), carry_save=True) for kind in KEPT]
    check_gemms(gemms, tmp_path / "build")


def test_formulas():
    """Those of the published systems, with the drain as the docstring has it."""
    spec = gemm_spec("parallel", "int8", "int8", 4, 3, 2, (9, 11, 7))
    drain = 1 + 2
    latency = 2 - 1  # two lanes: a product and a sum, of which one cycle is the word's
    assert OutputStationary(spec).cycles(spec.jobs[0]) == 3 * 3 * 6 + (4 + 3 - 2) + drain + latency
    assert OutputStationary(spec, overlapped=False).cycles(spec.jobs[0]) == (
        3 * 3 * (6 + 4 + 3 - 2) + drain + latency)
    assert spec.accumulator.width in range(17, 25)  # three sections of the adder at the edge
    assert OutputStationary(spec, carry_save=True).cycles(spec.jobs[0]) == (
        OutputStationary(spec).cycles(spec.jobs[0]) + 3)
    # Tiles of fewer words than there are rows wait for the results of the one before.
    short = gemm_spec("parallel", "int8", "int8", 4, 3, 2, (9, 3, 7))
    assert OutputStationary(short).interval(short.jobs[0]) == 3 * 3 * max(2, 4)
    # Eight tiles of four cycles, and the two words of the last one.
    assert OutputStationary(short).cycles(short.jobs[0]) == (
        8 * 4 + 2 + (4 + 3 - 2) + drain + latency)
    shown = gemm_spec("parallel", "int8", "int4", 8, 8, 2, (64, 96, 32))
    assert OutputStationary(shown).cycles(shown.jobs[0]) == 8 * 4 * 48 + 14 + 8 + 3


def test_utilisation():
    """Of the multipliers of all cells in steady state: the pairs of a product over those that
    they could take meanwhile, every division rounded up."""
    for (rows, columns, lanes), (m, k, n) in itertools.product(
            [(4, 3, 2), (8, 8, 1), (2, 5, 4)], [(9, 11, 7), (8, 64, 8), (64, 96, 32), (1, 30, 1)]):
        spec = gemm_spec("parallel", "int8", "int8", rows, columns, lanes, (m, k, n))
        words = ceil(k / lanes)
        found = Fraction(m * k * n, OutputStationary(spec).interval(spec.jobs[0])
                         * rows * columns * lanes)
        filled = (Fraction(m, ceil(m / rows) * rows) * Fraction(n, ceil(n / columns) * columns)
                  * Fraction(k, words * lanes))
        assert found == filled * Fraction(words, max(words, rows))


def test_streams(rng, need):
    """Tables of jobs, consumers that wait for valid, resets in mid-stream."""
    need("icarus")
    one = [array(rng, *kind, 3, 2, 2, (4, 6, 3), carry_save=carry_save)
           for kind, carry_save in ((KINDS[0], False), (KINDS[6], False), (KEPT[1], True))]
    many = [array(rng, "parallel", "int8", "int4", *size, (4, 6, 3), (1, 2, 1), (7, 3, 2),
                  carry_save=carry_save)
            for size, carry_save in (((3, 2, 2), False), ((2, 3, 1), True), ((1, 1, 1), False),
                                     ((1, 1, 1), True))]
    units = [gemm.unit(after=2, latency=gemm.component.latency,
                       interval=Interval(gemm.component.interval(gemm.job), 8, "o"))
             for gemm in one]
    units += [gemm.unit() for gemm in many]
    check_units(units)


def test_jobs_of_several_depths(rng, need, tmp_path):
    """Tiles of few words behind long ones of another product, whose results are on their way."""
    need("verilator")
    gemms = [array(rng, "parallel", "int8", "int4", 3, 1, 1, (3, 3, 1), (3, 1, 1))]
    for _ in range(12):
        rows, columns = (int(size) for size in rng.integers(1, 6, 2))
        jobs = rng.integers(1, 9, (int(rng.integers(2, 4)), 3))
        kind = KINDS[int(rng.integers(len(KINDS)))] if len(gemms) % 3 == 0 else KINDS[0]
        gemms.append(array(rng, *kind, rows, columns, 1, *(tuple(map(int, job)) for job in jobs),
                           carry_save=bool(rng.integers(2))))
    check_gemms(gemms, tmp_path / "build")


@pytest.mark.full
def test_every_kind_in_carry_save_form(rng, need, tmp_path):
    need("verilator")
    check_gemms([array(rng, *kind, 3, 2, 2, (4, 6, 3), (2, 2, 1), carry_save=True)
                 for kind in KINDS], tmp_path / "build")


@pytest.mark.full
def test_many_sizes(rng, need, tmp_path):
    need("verilator")
    gemms = []
    for kind in rng.integers(len(KINDS), size=30):
        rows, columns, lanes = (int(size) for size in rng.integers(1, 7, 3))
        job = (int(rng.integers(1, 14)), lanes * int(rng.integers(1, 8)),
               int(rng.integers(1, 14)))
        gemms.append(array(rng, *KINDS[kind], rows, columns, lanes, job,
                           overlapped=bool(rng.integers(2)),
                           carry_save=bool(rng.integers(2))))
    check_gemms(gemms, tmp_path / "build")


def test_each_cell_once():
    """A grid is one module of a cell, and one of a row."""
    spec = gemm_spec("parallel", "int8", "int8", 8, 8, 1, (8, 8, 8))
    verilog = to_verilog(OutputStationary(spec), "array")
    for kind in ("output_cell", "output_row"):
        assert len(re.findall(rf"^module {kind}_[0-9a-f]{{8}}\(", verilog, re.MULTILINE)) == 1
    assert len(re.findall(r"^  output_row_[0-9a-f]{8} row_\d", verilog, re.MULTILINE)) == 8


def test_wrong_parameters():
    good = {"activations": IntFormat(8), "weights": IntFormat(8), "accumulator": IntFormat(20),
            "rows": 2, "columns": 2, "lanes": 2, "jobs": (GemmJob(2, 3, 2),)}
    for change, message in (
            ({"rows": 0}, "rows must be at least 1, not 0"),
            ({"columns": 0}, "columns must be at least 1, not 0"),
            ({"lanes": 0}, "lanes must be at least 1, not 0"),
            ({"jobs": ()}, "jobs must not be empty"),
            ({"pe": "magic"}, "pe must be one of parallel.*not 'magic'")):
        with pytest.raises(ValueError, match=message):
            GemmSpec(**{**good, **change})
    with pytest.raises(ValueError, match="inner must be at least 1, not 0"):
        GemmJob(1, 0, 1)
    with pytest.raises(ValueError, match=r"^accumulator int10 holds -512 to 511, but 400 "
                                         r"products of activations int8 and weights int8 come to "
                                         r"-6502400 to 6553600: int24 holds them, or tell the "
                                         r"reach of operands that come to less$"):
        OutputStationary(GemmSpec(**{**good, "accumulator": IntFormat(10),
                                     "jobs": (GemmJob(2, 3, 2), GemmJob(4, 400, 4))}))
    with pytest.raises(ValueError, match=r"int10 holds -512 to 511, but the results that it is "
                                         r"told of come to -600 to 90: int11 holds them$"):
        OutputStationary(GemmSpec(**{**good, "accumulator": IntFormat(10), "reach": (-600, 90)}))
    OutputStationary(GemmSpec(**{**good, "accumulator": IntFormat(10), "reach": (-512, 511)}))
    with pytest.raises(TypeError, match="spec must be a GemmSpec, not 3"):
        OutputStationary(3)
    bipolar = BipolarFormat()
    with pytest.raises(ValueError, match="inner must be a multiple of 2 where neither"):
        OutputStationary(GemmSpec(**{**good, "activations": bipolar, "weights": bipolar}))
