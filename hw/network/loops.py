"""Nested loops whose bounds change from job to job, run cyclically."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["Loops"]


def _counter(limit: int) -> int:
    """Bits of a counter from 0 to ``limit - 1``."""
    return (limit - 1).bit_length()


def _choose(job: Value, values: list[int]) -> Value:
    """``values[job]``; a constant where all are equal."""
    result: Value = Const(values[-1])
    for number in range(len(values) - 2, -1, -1):
        if values[number] != values[number + 1] or not isinstance(result, Const):
            result = Mux(job == number, Const(values[number]), result)
    return result


class Loops(wiring.Component):
    """The counters of a table of jobs, each of which is a nest of loops.

    Level 0 is the innermost loop. After the last turn of the outermost level the next job
    begins; after the last job the first. Loops of one turn in all jobs cost nothing.

    Parameters
    ----------
    jobs : tuple of tuple of int
        The bounds of every job, innermost first, each at least 1; all jobs have the same
        number of levels.

    Members
    -------
    advance : ``In(1)``
        Go on to the next turn at the clock edge.
    index_k : ``Out``
        Counter of level ``k``.
    first_k, last_k : ``Out(1)``
        Whether level ``k`` is in its first or its last turn.
    job : ``Out``
        Number of the job.
    """

    def __init__(self, jobs: tuple[tuple[int, ...], ...]) -> None:
        if not jobs or not jobs[0]:
            raise ValueError("jobs must hold at least one job of one level")
        if len({len(job) for job in jobs}) > 1:
            raise ValueError("all jobs must have the same number of levels")
        for job in jobs:
            for bound in job:
                if as_index("bound", bound) < 1:
                    raise ValueError(f"a bound must be at least 1, not {bound}")
        self._jobs = jobs
        self._levels = len(jobs[0])
        members: dict[str, Any] = {"advance": In(1), "job": Out(unsigned(_counter(len(jobs))))}
        for level in range(self._levels):
            most = max(job[level] for job in jobs)
            members |= {f"index_{level}": Out(unsigned(_counter(most))),
                        f"first_{level}": Out(1), f"last_{level}": Out(1)}
        super().__init__(members)

    @property
    def jobs(self) -> tuple[tuple[int, ...], ...]:
        return self._jobs

    @property
    def all_last(self) -> Value:
        """Whether every level is in its last turn: the job's end."""
        result: Value = Const(1)
        for level in range(self._levels):
            result = result & getattr(self, f"last_{level}")
        return result

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        carry = Signal()
        m.d.comb += carry.eq(self.advance)
        for level in range(self._levels):
            carry = self._level(m, level, carry)
        if len(self._jobs) > 1:
            with m.If(carry):
                m.d.sync += self.job.eq(Mux(self.job == len(self._jobs) - 1, 0, self.job + 1))
        return m

    def _level(self, m: Module, level: int, step: Signal) -> Signal:
        """One counter, stepped by ``step``; returns the step of the next level."""
        bounds = [job[level] for job in self._jobs]
        index = getattr(self, f"index_{level}")
        first, last = getattr(self, f"first_{level}"), getattr(self, f"last_{level}")
        carry = Signal(name=f"carry_{level}")
        m.d.comb += carry.eq(step & last)
        if max(bounds) == 1:
            m.d.comb += [first.eq(1), last.eq(1)]
            return carry
        limit = _choose(self.job, [bound - 1 for bound in bounds])
        m.d.comb += [first.eq(index == 0), last.eq(index == limit)]
        with m.If(step):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
        return carry
