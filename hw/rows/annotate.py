# amaranth: UnusedElaboratable=no
"""Rows with what was found in them beside every word."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ..streams.fork import Fork
from ..streams.queue import Queue

__all__ = ["Annotate"]

#: Words that are under way in queues besides those of the row and of the statistic's latency.
SLACK = 4


class Annotate(wiring.Component):
    """Every row waits until its statistic is known, and comes out with it: a pass over rows.

    While one row comes out the next goes in, a word every cycle, with no bubble between rows of
    as many words if the statistic takes no longer than a row (its ``row_gap``, if it has one).
    What was found in two rows is kept, so that rows of at most half the words of one before them
    may have to wait for it. To a consumer that is always ready, a row's first word comes no later
    than ``latency + depth`` cycles, less the row's words, after its last went in, whatever rows
    are before it: while it waits longer than ``latency``, one of at most so many others comes out
    in every cycle.

    Parameters
    ----------
    statistic : component
        Takes the stream of rows at ``i``, and gives one word for each of them at ``o`` its
        ``latency`` cycles after the row's last: a :class:`~.reduce.RowReduction`, or more.
    words : int
        Of the longest row: as many wait in a memory, and a few more.

    Members
    -------
    i : ``In(stream.Signature(...))``
        As the statistic takes them.
    o : ``Out(stream.Signature(StructLayout({"row": ..., "found": ...})))``
        The row's word, and what was found in the row.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, statistic: wiring.Component, words: int) -> None:
        self._statistic: Any = statistic
        self._words = words
        self._row = statistic.i.payload.shape()  # type: ignore[attr-defined]
        self._found = self._statistic.o.payload.shape()
        super().__init__({
            "i": In(stream.Signature(self._row)),
            "o": Out(stream.Signature(StructLayout({"row": self._row, "found": self._found})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its first: the statistic's, and a
        queue's."""
        return self._statistic.latency + 1

    @property
    def depth(self) -> int:
        """Words that wait, at most: those of a row, of the statistic's latency, and a few."""
        return self._words + self._statistic.latency + SLACK

    @property
    def row_gap(self) -> int:
        """Cycles from row to row that the statistic needs."""
        return getattr(self._statistic, "row_gap", 1)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.statistic = statistic = self._statistic
        m.submodules.fork = fork = Fork(self._row, 2)
        m.submodules.rows = rows = Queue(self._row, self.depth)
        m.submodules.found = found = Queue(self._found, 2)
        connect(m, flipped(self.i), fork.i)
        connect(m, fork.o[0], rows.i)
        connect(m, fork.o[1], statistic.i)
        connect(m, statistic.o, found.i)
        both = rows.o.valid & found.o.valid
        m.d.comb += [
            self.o.valid.eq(both), self.o.payload.row.eq(rows.o.payload),
            self.o.payload.found.eq(found.o.payload),
            rows.o.ready.eq(self.o.ready & both),
            found.o.ready.eq(self.o.ready & both & rows.o.payload.last)]
        return m
