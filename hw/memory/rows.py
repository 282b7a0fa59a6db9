"""Which row of a table belongs to the word that a stream carries now."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Const, Module, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.specs import RowJob

from ..network.loops import Loops

__all__ = ["RowCounter"]


class RowCounter(wiring.Component):
    """Counts the words of a table of jobs, and gives the place of each word's rows.

    Each lane has a memory of its own, of ``depth`` places. Jobs with the same rows share
    them. Place 0 belongs to the first word after reset.

    Parameters
    ----------
    jobs : tuple of RowJob
        Served cyclically, in this order.
    lanes : int

    Members
    -------
    advance : ``In(1)``
        A word is taken in this cycle.
    place : ``Out``
        Place of the rows of the word that comes next.
    """

    def __init__(self, jobs: tuple[RowJob, ...], lanes: int) -> None:
        if not jobs:
            raise ValueError("jobs must not be empty")
        for job in jobs:
            if not isinstance(job, RowJob):
                raise TypeError(f"jobs must hold RowJobs, not {job!r}")
        if lanes < 1:
            raise ValueError(f"lanes must be at least 1, not {lanes}")
        self._jobs, self._lanes = jobs, lanes
        self._starts: dict[range, int] = {}
        self._depth = 0
        for job in jobs:
            if job.rows not in self._starts:
                self._starts[job.rows] = self._depth
                self._depth += -(-len(job.rows) // lanes)
        super().__init__({"advance": In(1),
                          "place": Out(unsigned((self._depth - 1).bit_length()))})

    @property
    def depth(self) -> int:
        """Places in the memory of a lane."""
        return self._depth

    def rows(self, lane: int) -> tuple[int, ...]:
        """Row at each place of a lane; a job's last row where the lane is padding."""
        return tuple(rows[min(word * self._lanes + lane, len(rows) - 1)]
                     for rows in self._starts
                     for word in range(-(-len(rows) // self._lanes)))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if self._depth == 1:
            return m
        m.submodules.loops = loops = Loops(tuple(
            (job.words(self._lanes), job.vectors) for job in self._jobs))
        start = Array(Const(self._starts[job.rows], len(self.place)) for job in self._jobs)
        own = Array(Const(not job.shared) for job in self._jobs)
        m.d.comb += [
            loops.advance.eq(self.advance),
            self.place.eq(start[loops.job] + (loops.index_0 & own[loops.job].replicate(
                len(loops.index_0)))),
        ]
        return m
