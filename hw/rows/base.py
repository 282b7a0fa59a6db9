"""The stream of rows, and the contract of units that work on them."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Value, unsigned
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Member, Out

from sw_model.formats import as_index

__all__ = ["RowUnit", "in_row", "row_layout"]


def row_layout(shape: ShapeLike, lanes: int) -> StructLayout:
    """Payload of a word of a row.

    ``data`` holds ``lanes`` elements, lane 0 in the low bits. ``last`` is high in a row's last
    word; bit ``k - 1`` of ``keep`` says there whether lane ``k`` belongs to the row, of which
    lane 0 always does. Those that do come first. In other words all lanes do, and ``keep`` is
    all ones.

    Raises
    ------
    ValueError
        If ``lanes`` is less than 1.
    """
    lanes = as_index("lanes", lanes)
    if lanes < 1:
        raise ValueError(f"lanes must be at least 1, not {lanes}")
    return StructLayout({"data": ArrayLayout(shape, lanes), "keep": unsigned(lanes - 1),
                         "last": 1})


def in_row(word: Any, lane: int) -> Value:
    """Whether a lane of a word (a view of :func:`row_layout`) belongs to its row."""
    return word.keep[lane - 1] if lane else Const(1, 1)


class RowUnit(wiring.Component):
    """The contract: rows go in, rows of as many elements come out, in order.

    Parameters
    ----------
    source, target : shape
        Of an element.
    lanes : int
    longest : int
        Elements of the longest row. Longer ones may stop the unit for ever.
    **others : Member
        Besides ``i`` and ``o``.

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
        Rows of 1 to ``longest`` elements.
    o : ``Out(stream.Signature(row_layout(target, lanes)))``
        Lanes that do not belong to the row may be anything.
    """

    #: Cycles from taking a row's last word to offering the first word of its result, if idle.
    latency: int
    #: Times that a row waits for what is found in it: each but the first adds a row's words less
    #: one to the latency.
    passes = 1
    #: Cycles for each word.
    interval = 1
    #: Cycles from row to row that the unit needs: rows of at least as many words, and of more
    #: than half as many as the longest, follow each other without a bubble; shorter ones wait.
    row_gap = 1

    def __init__(self, source: ShapeLike, target: ShapeLike, lanes: int, longest: int,
                 **others: Member) -> None:
        self._source, self._target = source, target
        self._lanes, self._longest = lanes, as_index("longest", longest)
        if self._longest < 1:
            raise ValueError(f"longest must be at least 1, not {longest}")
        super().__init__({"i": In(stream.Signature(row_layout(source, lanes))),
                          "o": Out(stream.Signature(row_layout(target, lanes))), **others})

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def longest(self) -> int:
        return self._longest

    @property
    def words(self) -> int:
        """Of the longest row."""
        return -(-self._longest // self._lanes)
