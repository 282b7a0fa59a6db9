# amaranth: UnusedElaboratable=no
"""The folded dense layer against plain integer matrices, in both simulators."""

from __future__ import annotations

import re

import pytest

from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.pe import PE_KINDS
from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat, parse_format
from tests.support.dense import dense_unit
from tests.support.gemm import KINDS
from tests.support.units import check_units

INT8, UINT4, INT3 = IntFormat(8), IntFormat(4, signed=False), IntFormat(3)
BIPOLAR, TERNARY = BipolarFormat(), TernaryFormat()
E2M1 = parse_format("e2m1")

#: PE rows x SIMD lanes for a matrix of 12 x 10: whole, folded, and not dividing.
FOLDINGS = [(1, 1), (1, 10), (12, 1), (12, 10), (2, 5), (3, 2), (4, 10), (6, 5),
            (5, 3), (7, 4), (8, 7), (5, 10), (12, 6), (24, 20)]


def test_every_folding_gives_the_same(rng, need):
    """Matrices, inputs and outputs are the same; interval and latency are as declared."""
    need("verilator")
    seed = int(rng.integers(1 << 30))
    units = [dense_unit(type(rng)(type(rng.bit_generator)(seed)), INT8, INT8,
                        [DenseJob(12, 10)], rows, lanes, bias=True)
             for rows, lanes in FOLDINGS]
    first = units[0].expected["o"].compressed().tolist()
    assert all(unit.expected["o"].compressed().tolist() == first for unit in units)
    check_units(units, simulator="verilator", stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_formats_and_folds(rng, need):
    need("icarus")
    jobs = [DenseJob(5, 7)]
    formats = [(INT8, TERNARY), (BIPOLAR, BIPOLAR), (UINT4, BIPOLAR), (TERNARY, TERNARY),
               (BIPOLAR, INT3), (UINT4, INT3), (INT3, IntFormat(16)), (INT8, IntFormat(1))]
    units = [dense_unit(rng, a, w, jobs, rows, lanes, bias=bias)
             for a, w in formats for rows, lanes, bias in ((2, 3, True), (5, 7, False))]
    check_units(units)


def test_tables_of_jobs(rng, need):
    """One unit serves matrices of different shapes, some on several vectors a sample."""
    need("icarus")
    tables = [
        [DenseJob(5, 7), DenseJob(4, 9), DenseJob(1, 1)],
        [DenseJob(6, 4, 3)],
        [DenseJob(3, 8), DenseJob(8, 3, 2)],
    ]
    units = [dense_unit(rng, a, w, jobs, rows, lanes, bias=True)
             for a, w in ((INT8, INT8), (BIPOLAR, BIPOLAR))
             for jobs in tables for rows, lanes in ((1, 1), (2, 3), (4, 8))]
    check_units(units, stalls=[(0.0, 0.0), (0.5, 0.5)])


def test_kinds_of_elements(rng, need):
    """Among them one that shares tables, and one that takes operands every few cycles."""
    need("icarus")
    jobs = [DenseJob(5, 7)]
    units = [dense_unit(rng, UINT4, w, jobs, rows, lanes, bias=True, pe=pe)
             for pe, w in (("lut", INT3), ("serial_lut", INT3), ("serial_lut", BIPOLAR),
                           ("ternary", TERNARY), ("exact", INT3), ("sparse_encoded", INT3))
             for rows, lanes in ((2, 3), (5, 7))]
    assert {unit.component.step for unit in units} == {1, 3, 9, 21}
    tables = [dense_unit(rng, INT8, INT3, [DenseJob(5, 7), DenseJob(4, 3, 2)], rows, lanes,
                         bias=True, pe="serial_lut") for rows, lanes in ((1, 1), (2, 4))]
    check_units([*units, *tables], stalls=[(0.0, 0.0), (0.5, 0.5)])


def test_every_kind(rng, need, tmp_path):
    """Several rows of several lanes: what rows share, and columns past the matrix."""
    need("verilator")
    units = [dense_unit(rng, *map(parse_format, formats), [DenseJob(5, 7)], 3, 4, bias=True, pe=pe)
             for pe, *formats in KINDS]
    assert {unit.component.spec.pe for unit in units} == set(PE_KINDS)
    check_units(units, simulator="verilator", stalls=[(0.4, 0.4)])


def test_codes_whose_first_is_not_zero(rng, need):
    """Columns past the matrix, on either side of a codebook."""
    need("icarus")
    codebook, none = parse_format("codebook<-1,0,0.5,2>"), parse_format("codebook<-2,-0.5,0.5>")
    units = [dense_unit(rng, a, w, [DenseJob(3, 7), DenseJob(2, 4, 2)], 2, 3, bias=bias, pe=pe)
             for a, w in ((codebook, BIPOLAR), (BIPOLAR, codebook), (codebook, codebook),
                          (codebook, none), (none, codebook), (INT3, none))
             for pe, bias in (("exact", True), ("lut", False))]
    check_units(units)


@pytest.mark.parametrize(("a", "w"), [
    (IntFormat(4), IntFormat(4)), (UINT4, INT3), (BIPOLAR, IntFormat(4)), (TERNARY, UINT4),
    (BIPOLAR, BIPOLAR), (TERNARY, TERNARY), (IntFormat(5), IntFormat(5))], ids=str)
def test_every_product(rng, need, a, w):
    """One lane, every pair of codes: the processing element's products, exhaustively."""
    need("icarus")
    rows = w.max - w.min + 1
    unit = dense_unit(rng, a, w, [DenseJob(rows, 1)], 1, 1, bias=False,
                      samples=a.max - a.min + 1)
    codes = list(range(a.min, a.max + 1))
    weights = list(range(w.min, w.max + 1))
    mask = (1 << w.width) - 1
    stimulus = {"i": [[x] for x in codes], "weights": [k & mask for k in weights] * len(codes)}
    results = [[int(a.to_fixed(x)) * int(w.to_fixed(k))] for x in codes for k in weights]
    unit.stimulus, unit.expected = stimulus, {"o": results}
    check_units([unit], stalls=[(0.0, 0.0)])


def test_wrong_parameters():
    good = {"activations": INT8, "weights": INT8, "accumulator": IntFormat(20), "bias": None,
            "rows": 1, "lanes": 1, "jobs": (DenseJob(2, 2),)}
    for change, message in (
            ({"rows": 0}, "rows must be at least 1, not 0"),
            ({"lanes": 0}, "lanes must be at least 1, not 0"),
            ({"jobs": ()}, "jobs must not be empty"),
            ({"pe": "magic"}, "pe must be one of parallel.*not 'magic'")):
        with pytest.raises(ValueError, match=message):
            DenseSpec(**{**good, **change})
    with pytest.raises(ValueError, match=r"^accumulator int16 holds -32768 to 32767, but 2 "
                                         r"products of activations int8 and weights int8 and a "
                                         r"bias int8 come to -32640 to 32895: int17 holds "
                                         r"them, or tell the reach"):
        DenseLayer(DenseSpec(**{**good, "accumulator": IntFormat(16), "bias": INT8}))
    DenseLayer(DenseSpec(**{**good, "accumulator": IntFormat(17), "bias": INT8}))
    for change, message in (({"accumulator": E2M1}, "accumulator must be an IntFormat, not "),
                            ({"bias": E2M1}, "bias must be an IntFormat, not ")):
        with pytest.raises(TypeError, match=f"^{message}"):
            DenseLayer(DenseSpec(**{**good, "reach": (0, 5), **change}))
    for reach in ((5, -5), (1, 2, 3), (1,)):
        with pytest.raises(ValueError, match=r"^reach must be the least and the greatest result, "
                                             rf"not {re.escape(str(reach))}$"):
            DenseLayer(DenseSpec(**{**good, "reach": reach}))
    with pytest.raises(TypeError, match=r"^reach must be an integer, not -1\.5$"):
        DenseLayer(DenseSpec(**{**good, "reach": (-1.5, 2.5)}))
    none = parse_format("codebook<1,2>")
    for a, w in ((none, BIPOLAR), (BIPOLAR, none), (none, none)):
        with pytest.raises(ValueError, match=r"^cols must be a multiple of 3 where neither "
                                             r"activations \(.*\) nor weights \(.*\) have a zero, "
                                             r"not 2$"):
            DenseSpec(**{**good, "activations": a, "weights": w, "lanes": 3})
        DenseSpec(**{**good, "activations": a, "weights": w, "lanes": 2})
    with pytest.raises(TypeError, match="spec must be a DenseSpec, not 3"):
        DenseLayer(3)
    with pytest.raises(ValueError, match="cols must be at least 1, not 0"):
        DenseJob(1, 0)
