"""Sums over each row: of its elements, their squares or magnitudes, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..rows import in_row, row_layout
from ..shapes import shape_of
from ..streams.pipeline import stalling_pipeline, valid_chain

__all__ = ["MOMENTS", "RowMoments", "raised"]


def raised(x: Value) -> Value:
    """``x`` less the least number of its shape, which costs nothing."""
    return Cat(x[:-1], ~x[-1]) if x.shape().signed else x


#: What is summed, made from an element and whether it belongs to the row; 0 if it does not.
MOMENTS: dict[str, Callable[[Value, Value], Value]] = {
    "count": lambda _, there: there,
    "total": lambda x, there: Mux(there, x, 0),
    "raised": lambda x, there: Mux(there, raised(x), 0),
    "squares": lambda x, there: Mux(there, x, 0) * Mux(there, x, 0),
    "magnitudes": lambda x, there: Mux(there, Mux(x < 0, -x, x), 0),
}


class RowMoments(wiring.Component):
    """Sums over each row: a word every cycle goes in, one number of each kind comes out, in order.

    Registers stand behind the squares, the levels of the trees over the lanes, and the sums.

    Parameters
    ----------
    source : shape
        Of an element, an integer.
    lanes : int
    moments : mapping of str to IntFormat
        Kinds of sums, of :data:`MOMENTS`, and what holds them for the longest row.
    zero_point : int
        What is subtracted from every element first.

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(StructLayout(moments)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, source: ShapeLike, lanes: int, moments: Mapping[str, IntFormat],
                 zero_point: int = 0) -> None:
        if unknown := [kind for kind in moments if kind not in MOMENTS]:
            raise ValueError(f"moments must be of {', '.join(MOMENTS)}, not {unknown[0]!r}")
        self._lanes, self._kinds, self._zero_point = lanes, tuple(moments), zero_point
        super().__init__({
            "i": In(stream.Signature(row_layout(source, lanes))),
            "o": Out(stream.Signature(StructLayout(
                {kind: shape_of(form) for kind, form in moments.items()})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its sums."""
        return 2 + tree_depth(self._lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        depth = self.latency - 1
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency,
                                   keep=self.i.payload.last)
        words = {kind: self._word(m, kind, enable) for kind in self._kinds}
        # The registers at the end must not take in what is no word: bubbles travel along.
        taken = valid_chain(m, self.i.valid & self.i.ready, depth=depth, enable=enable)[-1]
        last = registered(m, self.i.payload.last, enable=enable, name="last", stages=depth)
        within = Signal()
        with m.If(enable & taken):
            m.d.sync += within.eq(~last)
            for kind, word in words.items():
                total = self.o.payload[kind]
                m.d.sync += total.eq(Mux(within, total, 0) + word)
        return m

    def _word(self, m: Module, kind: str, enable: Value) -> Value:
        """The sum over the lanes of a word, all but one cycle after it is taken."""
        terms = [registered(
            m, MOMENTS[kind](self._element(lane), in_row(self.i.payload, lane)),
            enable=enable, name=f"{kind}_{lane}") for lane in range(self._lanes)]
        return adder_tree(m, terms, enable=enable, name=kind)

    def _element(self, lane: int) -> Value:
        x = self.i.payload.data[lane]
        return x - self._zero_point if self._zero_point else x
