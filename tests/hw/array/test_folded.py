# amaranth: UnusedElaboratable=no
"""What folded layers share: words that stay for several turns, and the cycles of everything."""

from __future__ import annotations

import numpy as np
import pytest

from hw.array.folded import FoldedLayer
from hw.pe import PE_KINDS, DotSpec
from hw.pe.rows import rows_of
from sw_model.formats import IntFormat
from sw_model.tables import pack_words
from tests.support.transfers import transfers
from tests.support.units import Interval, Unit, check_units

ROWS, LANES = 3, 2
INT6, INT4, INT8, INT24 = IntFormat(6), IntFormat(4), IntFormat(8), IntFormat(24)

#: Turns, words, folds and vectors.
JOBS = [(3, 2, 2, 2), (1, 3, 1, 1), (2, 1, 3, 1)]


def layer(kind, jobs, *, bias):
    dots = rows_of(PE_KINDS[kind], DotSpec(INT6, INT4, LANES), ROWS)
    return FoldedLayer(dots, INT24, INT8 if bias else None, tuple(jobs))


def words_of(jobs, rng, *, bias, samples=2):
    """Words of every stream: each fold sums, over words and turns, what its weights give."""
    words = {"i": [], "weights": [], "bias": [], "o": []}
    for turns, count, folds, vectors in jobs * samples:
        for _ in range(vectors):
            x = rng.integers(-32, 32, (count, LANES))
            w = rng.integers(-8, 8, (folds, count, turns, ROWS, LANES))
            offset = rng.integers(-128, 128, (folds, ROWS)) * bias
            words["i"].append(x)
            words["weights"].append(w.reshape(-1, ROWS * LANES))
            words["bias"].append(offset)
            words["o"].append(offset + np.einsum("cl,fctrl->fr", x, w))
    return {name: np.concatenate(each) for name, each in words.items()}


def given(words, *, bias):
    """Those that go in; weights as payloads, arrays of arrays."""
    packed = {"i": words["i"], "weights": pack_words(words["weights"], 4)}
    return packed | ({"bias": words["bias"]} if bias else {})


def test_tables_of_jobs(rng, need):
    """Every stream stalls and idles; resets in mid-stream."""
    need("icarus")
    units = []
    for kind, bias in (("parallel", True), ("serial_lut", True), ("parallel", False)):
        words = words_of(JOBS, rng, bias=bias)
        units.append(Unit(layer(kind, JOBS, bias=bias), given(words, bias=bias),
                          {"o": words["o"]}, name=kind))
    for job in JOBS:
        words, one = words_of([job], rng, bias=True, samples=4), layer("parallel", [job], bias=True)
        units.append(Unit(one, given(words, bias=True), {"o": words["o"]}, latency=one.latency,
                          after=job[1] - 1, since="i",
                          interval=Interval(one.interval(0), job[2], "o")))
    check_units(units)


@pytest.mark.parametrize("kind", ["parallel", "weight_serial"])
def test_cycles(kind, rng):
    """From the first step, a cycle before its weights are taken, to the last result."""
    one = layer(kind, JOBS, bias=False)
    words = words_of(JOBS, rng, bias=False, samples=1)
    streams = {"i": pack_words(words["i"], 6), "weights": pack_words(words["weights"], 4)}
    seen, results = transfers(one, streams, "o", len(words["o"]))
    assert results == pack_words(words["o"], 24)
    assert one.step == (4 if kind == "weight_serial" else 1)
    first = last = 0
    for number, (turns, count, folds, vectors) in enumerate(JOBS):
        steps = turns * count * folds
        assert one.interval(number) == steps * one.step
        last += folds * vectors
        took = seen["o"][last - 1] - (seen["weights"][first] - 1) + 1
        assert took == one.cycles(number) == (steps * vectors - 1) * one.step + one.latency + 1
        first += steps * vectors
