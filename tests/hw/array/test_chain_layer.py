# amaranth: UnusedElaboratable=no
"""Layers on a chain: sparse matrices of several N:M, exact and in as many cycles as they say."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest

from hw.array.chain_layer import ChainJob, ChainLayer, ChainLayerSpec
from sw_model.formats import IntFormat
from sw_model.tables import pack_words, unpack_words
from tests.support.chains import chain_of, chain_products
from tests.support.gemm import check_gemms
from tests.support.transfers import transfers
from tests.support.units import check_units

#: Chains, and matrices that they serve in turn: N that groups divide and not, rows and columns
#: that do not divide, rows longer than the chain, an odd number of vectors.
CASES = [(("int8", "int8", 8, 16, 2), [ChainJob(11, 21, 2, keep=2), ChainJob(5, 19, 3, keep=8),
                                       ChainJob(7, 16, 2, keep=3), ChainJob(1, 3, 1, keep=5)]),
         (("int8", "int4", 4, 8, 2), [ChainJob(6, 10, 2, keep=2), ChainJob(3, 9, 4, keep=4),
                                      ChainJob(9, 4, 1, keep=1)]),
         (("int6", "int6", 12, 6, 2), [ChainJob(4, 30, 2, keep=12), ChainJob(4, 25, 2, keep=3)]),
         (("int4", "ternary", 4, 6, 3, 3), [ChainJob(5, 13, 3, keep=1), ChainJob(3, 6, 2, keep=4)]),
         (("int8", "int8", 4, 4, 1, 1), [ChainJob(5, 10, 2, keep=1), ChainJob(2, 7, 1, keep=3)])]


def test_matrices_in_turn(rng, need, tmp_path):
    """Reduction points are others with every job, while sums of the one before are on their way."""
    need("verilator")
    check_gemms([chain_products(chain_of(*chain), jobs, rng) for chain, jobs in CASES],
                tmp_path / "build")


def test_streams(rng, need):
    """Stalls of every stream, consumers that wait for valid, resets in mid-stream."""
    need("icarus")
    chain = chain_of("int8", "int8", 4, 12, 2)
    units = [chain_products(chain, jobs, rng).measured()
             for jobs in ([ChainJob(7, 10, 2, keep=2)], [ChainJob(3, 8, 4, keep=4)],
                          [ChainJob(2, 5, 1, keep=4), ChainJob(7, 3, 2, keep=1)])]
    check_units(units)


def test_cycles_of_sparse_and_dense(rng):
    """Each N:16 takes N/16 of the dense cycles, but for the fill and the drain of the chain."""
    chain = chain_of("int8", "int8", 16, 16, 2)
    jobs = [ChainJob(64, 128, 2, keep=keep) for keep in (2, 4, 8, 16)]
    gemm = chain_products(chain, jobs, rng, samples=1)
    layer, expected = gemm.component, gemm.expected[0]
    widths = {"i": 8, "weights": 8 + 4}
    given = {name: pack_words(words[0], widths[name]) for name, words in gemm.inputs.items()}
    seen, words = transfers(layer, given, "o", len(expected))
    accumulator = layer.spec.accumulator
    found = unpack_words(words, accumulator.width, expected.shape[1], signed=True)
    np.testing.assert_array_equal(found[~expected.mask], expected.compressed())
    steps, folds = [64 * 8 * keep // 16 for keep in (2, 4, 8, 16)], [8, 16, 32, 64]
    starts = np.cumsum([0, *steps[:-1]])
    ends = np.cumsum(folds) - 1
    took = [seen["o"][end] - (seen["weights"][start] - 1) + 1
            for start, end in zip(starts, ends, strict=True)]
    # A cycle of fetching and an accumulator, 12 of the chain.
    assert took == [layer.cycles(number) for number in range(4)] == [
        count - 1 + 2 + 12 + 1 for count in steps]
    assert 3.6 * took[1] <= took[3]
    assert layer.interval(3) == 2 * layer.interval(2) == 4 * layer.interval(1) == 8 * steps[0]


def test_formulas():
    """Every division rounded up, but the rows that fit a chain."""
    for length, group, of, keep, rows, cols, vectors in (
            (16, 2, 16, 4, 64, 64, 2), (16, 2, 8, 3, 10, 30, 5), (24, 4, 16, 5, 7, 17, 1),
            (8, 2, 16, 16, 3, 40, 4), (6, 2, 16, 7, 3, 16, 2)):
        spec = ChainLayerSpec(chain_of("int8", "int8", of, length, group), IntFormat(24),
                              (ChainJob(rows, cols, vectors, keep=keep),))
        taken = min(ceil(keep / group), length // group)
        at_once = length // group // taken
        steps = ceil(rows / at_once) * ceil(cols / of) * ceil(keep / length)
        assert ChainLayer(spec).interval(0) == steps
        assert ChainLayer(spec).cycles(0) == ceil(vectors / 2) * steps + ChainLayer(spec).latency


def test_what_it_refuses():
    chain = chain_of("int8", "int8", 8, 16, 2)
    for jobs, message in (((), "jobs must not be empty"),
                          ((ChainJob(3, 4, keep=9),), "keep must be 1 to 8, not 9"),
                          ((ChainJob(3, 4, keep=0),), "keep must be 1 to 8, not 0")):
        with pytest.raises(ValueError, match=f"^{message}$"):
            ChainLayerSpec(chain, IntFormat(24), jobs)
    with pytest.raises(ValueError, match=r"^element must have a zero, which bipolar has not$"):
        ChainLayerSpec(chain_of("int8", "bipolar", 8, 16), IntFormat(24), (ChainJob(2, 4, keep=2),))
    with pytest.raises(TypeError, match="spec must be a ChainLayerSpec, not 3"):
        ChainLayer(3)
