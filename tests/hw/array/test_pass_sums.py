# amaranth: UnusedElaboratable=no
"""Sums over passes, of words that come in every cycle."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.array.pass_sums import PassSums
from hw.shapes import vector_of
from sw_model.formats import IntFormat
from tests.support.units import Unit, check_units

INT6 = IntFormat(6)


class SumStream(wiring.Component):
    """The sums between streams."""

    def __init__(self, lanes: int, jobs: tuple[tuple[int, int, int], ...]) -> None:
        self._sums = PassSums(INT6, lanes, jobs)
        words = stream.Signature(vector_of(INT6, lanes))
        super().__init__({"i": In(words), "o": Out(words)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.sums = sums = self._sums
        m.d.comb += [self.i.ready.eq(sums.enable), sums.enable.eq(self.o.ready | ~self.o.valid),
                     sums.i.eq(self.i.payload), sums.valid.eq(self.i.valid),
                     self.o.payload.eq(sums.o), self.o.valid.eq(sums.complete)]
        return m


def unit(rng, lanes, *jobs):
    words, sums = [], []
    for words_of_pass, passes, times in jobs * 3:
        for _ in range(times):
            codes = rng.integers(INT6.min, INT6.max, (passes, words_of_pass, lanes), endpoint=True)
            words.append(codes.reshape(-1, lanes))
            sums.append((codes.sum(axis=0) - INT6.min) % 64 + INT6.min)
    return Unit(SumStream(lanes, jobs), {"i": np.concatenate(words)}, {"o": np.concatenate(sums)},
                name=f"{lanes} lanes, {jobs}")


def test_passes(rng, need):
    """Of one word, which follow at once, of several; sums that wrap; none to add up."""
    need("icarus")
    jobs = [((1, 4, 3),), ((2, 3, 2),), ((5, 2, 1),), ((3, 1, 4),), ((1, 1, 1),),
            ((4, 2, 2), (1, 5, 3), (3, 1, 1))]
    check_units([unit(rng, lanes, *each) for each, lanes in zip(jobs, (1, 3, 2, 2, 1, 2),
                                                                strict=True)])
