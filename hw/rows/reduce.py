"""One number for each row: its largest element, or the sum of all."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from amaranth import Module, Mux, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.maximum_tree import maximum_tree
from ..arith.registered import registered
from ..shapes import shape_between
from ..streams.pipeline import stalling_pipeline, valid_chain
from .base import in_row, row_layout

__all__ = ["RowMaximum", "RowReduction", "RowSum", "range_of"]


def range_of(shape: ShapeLike) -> tuple[int, int]:
    """Least and greatest number of a shape.

    >>> range_of(4), range_of(Shape(4, signed=True))
    ((0, 15), (-8, 7))
    """
    cast = Shape.cast(shape)
    half = 1 << cast.width - 1 if cast.signed else 0
    return -half, (1 << cast.width) - 1 - half


class RowReduction(wiring.Component):
    """The base: a word every cycle goes in, one number for each row comes out, in order.

    Parameters
    ----------
    source : shape
        Of an element, an integer.
    target : shape
        Of the result.
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(target))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, source: ShapeLike, target: ShapeLike, lanes: int) -> None:
        self._source, self._lanes = Shape.cast(source), lanes
        super().__init__({"i": In(stream.Signature(row_layout(source, lanes))),
                          "o": Out(stream.Signature(target))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its result."""
        return 1 + tree_depth(self._lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        depth = self.latency
        enable = stalling_pipeline(m, self.i, self.o, depth=depth, keep=self.i.payload.last)
        lanes = [Mux(in_row(self.i.payload, lane), self.i.payload.data[lane], self._neutral)
                 if lane else self.i.payload.data[0] for lane in range(self._lanes)]
        word = self._tree(m, lanes, enable)
        # The register at the end must not take in what is no word: bubbles travel along.
        taken = self.i.valid & self.i.ready
        if depth > 1:
            taken = valid_chain(m, taken, depth=depth - 1, enable=enable)[-1]
        last = registered(m, self.i.payload.last, enable=enable, name="last", stages=depth - 1)
        within = Signal()
        with m.If(enable & taken):
            m.d.sync += [within.eq(~last),
                         self.o.payload.eq(Mux(within, self._join(self.o.payload, word), word))]
        return m

    @property
    @abstractmethod
    def _neutral(self) -> int:
        """What changes no result."""

    @abstractmethod
    def _tree(self, m: Module, lanes: list[Value], enable: Value) -> Value:
        """The result of a word, ``tree_depth(lanes)`` enabled cycles later."""

    @abstractmethod
    def _join(self, before: Value, word: Value) -> Value:
        """The result of two parts of a row."""


class RowMaximum(RowReduction):
    """The largest element of each row. See :class:`RowReduction` for rate and order.

    Parameters
    ----------
    source : shape
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(source))``
    """

    def __init__(self, source: ShapeLike, lanes: int) -> None:
        super().__init__(source, source, lanes)

    @property
    def _neutral(self) -> int:
        return range_of(self._source)[0]

    def _tree(self, m: Module, lanes: list[Value], enable: Value) -> Value:
        return maximum_tree(m, lanes, enable=enable, name="most")

    def _join(self, before: Value, word: Value) -> Value:
        return Mux(word > before, word, before)


class RowSum(RowReduction):
    """The sum of each row, without overflow. See :class:`RowReduction` for rate and order.

    Parameters
    ----------
    source : shape
    lanes : int
    longest : int
        Elements of the longest row: the sum has room for as many of the largest.

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(shape_between(longest * least, longest * most)))``
        Least and most: of the source's shape.
    """

    def __init__(self, source: ShapeLike, lanes: int, longest: int) -> None:
        least, most = range_of(source)
        super().__init__(source, shape_between(longest * least, longest * most), lanes)

    @property
    def _neutral(self) -> int:
        return 0

    def _tree(self, m: Module, lanes: list[Value], enable: Value) -> Value:
        return adder_tree(m, lanes, enable=enable, name="sum")

    def _join(self, before: Value, word: Value) -> Value:
        return before + word
