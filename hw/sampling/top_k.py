"""The largest elements of each row, and where they are, by insertion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import TopKSpec

from ..rows import in_row, row_layout
from ..shapes import shape_of

__all__ = ["TopK"]


@dataclass(frozen=True, eq=False)
class _Entry:
    """An element, its place, and whether there is one."""

    value: Value
    index: Value
    there: Value

    def named(self, name: str) -> _Entry:
        """A register, or a wire, for such an entry."""
        return _Entry(*(Signal.like(part, name=f"{name}_{kind}") for part, kind in (
            (self.value, "value"), (self.index, "index"), (self.there, "there"))))

    def eq(self, other: _Entry) -> list[Any]:
        """Assignments of all parts."""
        return [self.value.eq(other.value), self.index.eq(other.index),
                self.there.eq(other.there)]


def _chosen(condition: Value, then: _Entry, otherwise: _Entry) -> _Entry:
    return _Entry(*(Mux(condition, getattr(then, part), getattr(otherwise, part))
                    for part in ("value", "index", "there")))


class TopK(wiring.Component):
    """The ``k`` largest elements of each row, largest first; of equal ones the lower place first.

    Each lane keeps the ``k`` largest of its own in a file of registers, into which an element is
    inserted in front of the first that it exceeds. Behind the row's last word the lists go where
    the largest of their heads leaves in every cycle, while the next row is taken. So takes a word
    every cycle if rows have at least ``row_gap`` words; shorter ones wait. A row of fewer than
    ``k`` elements gives all of them.

    Parameters
    ----------
    spec : TopKSpec
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(shape_of(spec.source), lanes)))``
        Rows of 1 to ``spec.longest`` elements.
    o : ``Out(stream.Signature(row_layout(StructLayout({"value": ..., "index": ...}), 1)))``
        Rows of the largest.
    """

    #: Cycles for each word.
    interval = 1
    #: Cycles from taking a row's last word to offering the largest element.
    latency = 1

    def __init__(self, spec: TopKSpec, lanes: int) -> None:
        if not isinstance(spec, TopKSpec):
            raise TypeError(f"spec must be a TopKSpec, not {spec!r}")
        self._spec, self._lanes = spec, lanes
        value, index = shape_of(spec.source), shape_of(spec.index)
        super().__init__({
            "i": In(stream.Signature(row_layout(value, lanes))),
            "o": Out(stream.Signature(row_layout(
                StructLayout({"value": value, "index": index}), 1)))})

    @property
    def spec(self) -> TopKSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def row_gap(self) -> int:
        """Cycles from row to row that results need to leave."""
        return self._spec.k

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        word = Signal(range(-(-self._spec.longest // self._lanes)))
        busy = Signal()
        leaves = Signal()
        taken = Signal()
        last = self.i.payload.last
        m.d.comb += [
            # The lists of one row leave before the next one's come.
            self.i.ready.eq(~last | ~busy | leaves & self.o.payload.last),
            taken.eq(self.i.valid & self.i.ready), leaves.eq(self.o.valid & self.o.ready),
            self.o.valid.eq(busy)]
        with m.If(taken):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        done = [self._insert(m, lane, word, taken) for lane in range(self._lanes)]
        lists = [[entry.named(f"out_{lane}_{place}") for place, entry in enumerate(entries)]
                 for lane, entries in enumerate(done)]
        self._leave(m, lists, leaves)
        with m.If(taken & last):
            m.d.sync += busy.eq(1)
            for held, entries in zip(lists, done, strict=True):
                m.d.sync += [old.eq(new) for old, new in zip(held, entries, strict=True)]
        with m.Elif(leaves & self.o.payload.last):
            m.d.sync += busy.eq(0)
        return m

    def _insert(self, m: Module, lane: int, word: Value, taken: Value) -> list[_Entry]:
        """A lane's list once its element of this word is in it."""
        x, first = self.i.payload.data[lane], word == 0
        new = _Entry(x, (word * self._lanes + lane)[:len(self.o.payload.data[0].index)],
                     in_row(self.i.payload, lane))
        kept = [new.named(f"kept_{lane}_{place}") for place in range(self._spec.k)]
        # An empty place is the end of the list; where a row begins, the old one counts no more.
        ahead = [entry.there & ~first & ~(new.there & (x > entry.value)) for entry in kept]
        after = [new.named(f"after_{lane}_{place}") for place in range(self._spec.k)]
        for place, (entry, result) in enumerate(zip(kept, after, strict=True)):
            moved = new if place == 0 else _chosen(ahead[place - 1], new, kept[place - 1])
            m.d.comb += result.eq(_chosen(ahead[place], entry, moved))
            if place:
                with m.If(first):
                    m.d.comb += result.there.eq(0)
            with m.If(taken):
                m.d.sync += entry.eq(result)
        return after

    def _leave(self, m: Module, lists: list[list[_Entry]], leaves: Value) -> None:
        """The best head leaves, and its list moves up."""
        empty = _Entry(Const(0, 1), Const(0, 1), Const(0, 1))
        heads = [entries[0] for entries in lists]
        wins = [self._is_best(heads, lane) for lane in range(self._lanes)]
        left = Signal(range(self._spec.k))
        more: Value = Const(0, 1)
        best = heads[0]
        for lane, entries in enumerate(lists):
            following = [*entries[1:], empty]
            with m.If(leaves & wins[lane]):
                m.d.sync += [entry.eq(behind) for entry, behind
                             in zip(entries, following, strict=True)]
            more = more | Mux(wins[lane], following[0].there, heads[lane].there)
            best = _chosen(wins[lane], heads[lane], best)
        with m.If(leaves):
            m.d.sync += left.eq(Mux(self.o.payload.last, 0, left + 1))
        m.d.comb += [
            self.o.payload.data[0].value.eq(best.value),
            self.o.payload.data[0].index.eq(best.index),
            self.o.payload.last.eq((left == self._spec.k - 1) | ~more)]

    def _is_best(self, heads: list[_Entry], lane: int) -> Value:
        """Whether no other head is larger, or as large with a lower place."""
        mine, result = heads[lane], heads[lane].there
        for other in (*heads[:lane], *heads[lane + 1:]):
            tie = (other.value == mine.value) & (other.index < mine.index)
            result = result & ~(other.there & ((other.value > mine.value) | tie))
        return result
