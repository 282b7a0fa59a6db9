# amaranth: UnusedElaboratable=no
"""The folded layer for N:M sparse and dense matrices: exact, and in as many cycles as it says."""

from __future__ import annotations

import re
from math import ceil

import numpy as np
import pytest

from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.array.sparse import SparseJob, SparseLayer, SparseLayerSpec
from hw.pe import PE_KINDS
from sw_model.formats import IntFormat, parse_format
from sw_model.formats.sparse import parse_sparse_format
from sw_model.tables import pack_words, unpack_words, vectors_to_words
from tests.support.gemm import check_gemms
from tests.support.sparse_layers import sparse_matrix, sparse_products, sparse_spec, weight_words
from tests.support.transfers import transfers
from tests.support.units import check_units

#: Both ways at once, rows and columns that do not divide, and several vectors of one matrix.
MIXED = (SparseJob(5, 21), SparseJob(4, 13, dense=True), SparseJob(3, 9, 2, dense=True),
         SparseJob(1, 1))

#: Kind, activations, weights, rows and blocks. The last eight take operands every few cycles.
KINDS = [("parallel", "int8", "sparse<2,4,int8>", 3, 2),
         ("parallel", "uint8", "sparse<2,8,int4>", 2, 1),
         ("parallel", "int8", "sparse<1,4,int8>", 2, 3),
         ("parallel", "int5", "sparse<3,8,int6>", 4, 1),
         ("parallel", "int8", "sparse<4,4,int4>", 2, 1),
         ("exact", "e2m1", "sparse<2,4,e2m1>", 2, 2),
         ("exact", "posit<6,1>", "sparse<3,8,int4>", 1, 1),
         ("table", "e2m1", "sparse<1,4,int4>", 2, 2),
         ("ternary", "int8", "sparse<3,8,ternary>", 3, 1),
         ("lut", "int4", "sparse<2,8,int2>", 2, 2), ("packed", "int4", "sparse<2,4,int4>", 2, 2),
         ("bit_weight", "int4", "sparse<3,7,int3>", 2, 1),
         ("carry_save_tree", "int5", "sparse<2,4,int4>", 2, 2),
         ("binary", "uint1", "sparse<2,4,uint1>", 2, 2),
         ("mixed", "int8", "sparse<2,4,int8>", 1, 2),
         ("ternary_ecp5", "int4", "sparse<1,4,ternary>", 2, 2),
         ("packed_ice40", "int4", "sparse<2,4,int8>", 1, 2),
         ("serial_lut", "int5", "sparse<2,4,int3>", 2, 1),
         ("weight_serial", "int8", "sparse<2,8,int3>", 2, 2),
         ("activation_serial", "uint3", "sparse<3,8,int8>", 3, 1),
         ("csd", "int8", "sparse<2,4,int8>", 2, 1), ("term", "int6", "sparse<1,4,e2m1>", 2, 2),
         ("booth", "int4", "sparse<3,5,int6>", 1, 2), ("en_t", "int4", "sparse<2,8,int4>", 1, 1),
         ("sparse_encoded", "int4", "sparse<2,4,int4>", 2, 1)]


def products(rng, a, w, jobs, rows, blocks, **more):
    return sparse_products(sparse_spec(a, w, jobs, rows, blocks, **more), rng)


def test_kinds_of_elements(rng, need, tmp_path):
    """Every kind, many N and M, with sparse and dense matrices in turn."""
    need("verilator")
    assert {pe for pe, *_ in KINDS} == set(PE_KINDS)
    gemms = [products(rng, a, w, MIXED, rows, blocks, pe=pe) for pe, a, w, rows, blocks in KINDS]
    assert {gemm.component.step for gemm in gemms} >= {1, 2, 3}
    check_gemms(gemms, tmp_path / "build")


@pytest.mark.parametrize("dense", [False, True])
def test_latency_and_interval(rng, need, dense):
    need("icarus")
    units = [products(rng, "int8", f"sparse<{n},{m},int4>", [SparseJob(*size, dense=dense)],
                      rows, blocks, bias=bias, pe=pe).measured()
             for n, m, size, rows, blocks, bias, pe in (
                 (2, 4, (6, 16), 6, 4, False, "parallel"), (2, 8, (5, 19), 2, 1, True, "parallel"),
                 (1, 4, (1, 30), 1, 3, True, "parallel"), (3, 8, (7, 7), 3, 1, False, "parallel"),
                 (3, 8, (4, 23, 3), 2, 2, True, "weight_serial"))]
    check_units(units)


def test_tables_of_jobs(rng, need):
    """Stalls of every stream, consumers that wait for valid, resets in mid-stream."""
    need("icarus")
    tables = [[SparseJob(5, 7), SparseJob(4, 9, dense=True), SparseJob(1, 1)],
              [SparseJob(3, 8, dense=True), SparseJob(8, 3, 2)]]
    units = [products(rng, "int4", w, jobs, rows, blocks, bias=bias, pe=pe).measured()
             for jobs in tables for pe, w, rows, blocks, bias in (
                 ("parallel", "sparse<2,4,int4>", 2, 1, True),
                 ("serial_lut", "sparse<3,8,int3>", 3, 2, False))]
    check_units(units)


@pytest.mark.full
def test_many_sizes(rng, need, tmp_path):
    need("verilator")
    gemms = []
    for kind in rng.integers(len(KINDS), size=30):
        pe, a, w = KINDS[kind][:3]
        jobs = [SparseJob(int(rng.integers(1, 12)), int(rng.integers(1, 40)),
                          int(rng.integers(1, 3)), dense=bool(rng.integers(2))) for _ in range(3)]
        rows, blocks = map(int, rng.integers(1, 4, 2))
        gemms.append(products(rng, a, w, jobs, rows, blocks, bias=bool(rng.integers(2)), pe=pe))
    check_gemms(gemms, tmp_path / "build")


def test_cycles_against_dense(rng):
    """2:8 in at most 1/3.6 of the dense cycles on the same array, fill and drain included.

    The projections and both matrices of a small transformer's layers, on 8 rows of one block. A
    job's first step is a cycle before its first weights are taken.
    """
    form, int8 = parse_sparse_format("sparse<2,8,int8>"), IntFormat(8)
    shapes = [(64, 64), (172, 64), (64, 172)]
    jobs = tuple(SparseJob(*shape, dense=dense) for shape in shapes for dense in (False, True))
    spec = SparseLayerSpec(int8, form, IntFormat(24), None, 8, 1, jobs)
    layer = SparseLayer(spec)
    given, results, folds = {"i": [], "weights": []}, [], []
    for job in jobs:
        matrix = (rng.integers(-128, 128, (job.rows, job.cols)) if job.dense
                  else sparse_matrix(form, job.rows, job.cols, rng))
        x = rng.integers(-128, 128, job.cols)
        given["i"] += pack_words(vectors_to_words(x[None], 8), 8)
        given["weights"] += pack_words(weight_words(spec, job, matrix, rng), 2 * (8 + 3))
        results.append(matrix @ x)
        folds.append(-(-job.rows // 8))
    seen, words = transfers(layer, given, "o", sum(folds))
    rows = unpack_words(words, 24, 8, signed=True)
    ends = np.cumsum(folds)
    took, steps, start = [], np.array(seen["weights"]) - 1, 0
    for number, (job, result, end) in enumerate(zip(jobs, results, ends, strict=True)):
        found = rows[end - folds[number]:end].reshape(-1)[:job.rows]
        np.testing.assert_array_equal(found, result)
        count = ceil(job.rows / 8) * ceil(job.cols / 8) * (4 if job.dense else 1)
        took.append(seen["o"][end - 1] - steps[start] + 1)
        # A cycle of fetching, one of picking, a product, a sum of two, an accumulator.
        assert took[-1] == layer.cycles(number) == count + 1 + 1 + 1 + 1 + 1
        start += count
    for sparse, dense in zip(took[::2], took[1::2], strict=True):
        assert 3.6 * sparse <= dense


def test_formulas():
    """K to K*N/M of a dense layer with the same multipliers, every division rounded up."""
    int8 = IntFormat(8)
    for n, m, rows, blocks, job in ((2, 4, 4, 2, (10, 64)), (2, 8, 3, 1, (7, 50)),
                                    (1, 4, 2, 4, (9, 129)), (3, 8, 5, 2, (11, 47))):
        form = parse_sparse_format(f"sparse<{n},{m},int8>")
        layer = SparseLayer(SparseLayerSpec(
            int8, form, IntFormat(24), None, rows, blocks,
            (SparseJob(*job, 3), SparseJob(*job, 3, dense=True))))
        (height, k), folds = job, ceil(job[0] / rows)
        kept = ceil(k / m) * n
        assert layer.interval(0) == folds * ceil(kept / (blocks * n))
        assert layer.interval(1) == layer.interval(0) * ceil(m / n)
        assert layer.cycles(1) == 3 * layer.interval(1) + layer.latency
        dense = DenseLayer(DenseSpec(int8, int8, IntFormat(24), None, rows, blocks * n,
                                     (DenseJob(height, kept), DenseJob(height, k))))
        assert layer.interval(0) == dense.interval(0)
        if not m % n and not k % (blocks * m):
            assert layer.interval(1) == dense.interval(1)


def test_multipliers_of_the_family():
    """Two products of bytes fit a multiplier of Xilinx, and none of 18 x 18 bits."""
    given = parse_format("int8"), parse_sparse_format("sparse<2,4,int8>"), IntFormat(24), None, 2, 2
    jobs = (SparseJob(2, 8),)
    with pytest.raises(ValueError, match=r"^no two products of .* a multiplier of 18 x 18 bits"):
        SparseLayer(SparseLayerSpec(*given, jobs, "packed"))
    assert SparseLayer(SparseLayerSpec(*given, jobs, "packed", family="xilinx")).step == 1


def test_what_it_refuses():
    good = {"activations": IntFormat(8), "weights": parse_sparse_format("sparse<2,4,int4>"),
            "accumulator": IntFormat(20), "bias": None, "rows": 2, "blocks": 2,
            "jobs": (SparseJob(2, 3),)}
    for change, message in (
            ({"rows": 0}, "rows must be at least 1, not 0"),
            ({"blocks": 0}, "blocks must be at least 1, not 0"),
            ({"jobs": ()}, "jobs must not be empty"),
            ({"pe": "magic"}, "pe must be one of parallel.*not 'magic'")):
        with pytest.raises(ValueError, match=message):
            SparseLayerSpec(**{**good, **change})
    with pytest.raises(TypeError, match="weights must be a SparseFormat, not IntFormat"):
        SparseLayerSpec(**{**good, "weights": IntFormat(8)})
    with pytest.raises(TypeError, match="spec must be a SparseLayerSpec, not 3"):
        SparseLayer(3)
    for change, message in (
            ({"pe": "ternary"}, "weights of a ternary dot product must be ternary or bipolar, not "
                                "int4 (activations int8, weights int4): its lanes add, take off or "
                                "skip an activation, and multiply nothing"),
            ({"activations": parse_format("e2m1")},
             "activations of a parallel dot product must be integers, fixed point, bipolar or "
             "ternary, not e2m1 (activations e2m1, weights int4): multipliers of numbers on the "
             "grid are wider than those of significands; an exact one takes it"),
            ({"accumulator": IntFormat(8), "bias": IntFormat(6)},
             "accumulator int8 holds -128 to 127, but 2 products of activations int8 and weights "
             "int4 and a bias int6 come to -2064 to 2079: int13 holds them, or tell the reach of "
             "operands that come to less"),
            ({"weights": parse_sparse_format("sparse<1,1,int4>")},
             "sparse<1,1,int4> has no places"),
            ({"pe": "packed", "weights": parse_sparse_format("sparse<2,4,int8>")},
             "no two products of activations int8 and weights int8 fit a multiplier of 18 x 18 "
             "bits; legal with int8 are weights of up to int5, and with int8 activations of up to "
             "int2")):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            SparseLayer(SparseLayerSpec(**{**good, **change}))
    with pytest.raises(ValueError, match=r"^element must have a zero, which bipolar has not$"):
        parse_sparse_format("sparse<2,4,bipolar>")
