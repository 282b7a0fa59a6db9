"""Sums over each row: of its elements, their squares or magnitudes, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..rows import in_row, row_layout
from ..shapes import shape_of
from ..streams.pipeline import stalling_pipeline, valid_chain

__all__ = ["KINDS", "RowMoments", "raised"]


def raised(x: Value) -> Value:
    """``x`` less the least number of its shape, which costs nothing."""
    return Cat(x[:-1], ~x[-1]) if x.shape().signed else x


#: What is summed of an element, squares aside.
MOMENTS: dict[str, Callable[[Value], Value]] = {
    "count": lambda _: Const(1, 1),
    "total": lambda x: x,
    "raised": raised,
    "magnitudes": lambda x: Mux(x < 0, -x, x),
}

#: All there are.
KINDS = (*MOMENTS, "squares")


class RowMoments(wiring.Component):
    """Sums over each row: a word every cycle goes in, one number of each kind comes out, in order.

    Registers stand behind the squares, the levels of the trees over the lanes, and the sums.

    Parameters
    ----------
    source : shape
        Of an element, an integer.
    lanes : int
    moments : mapping of str to IntFormat
        Kinds of sums, of :data:`KINDS`, and what holds them for the longest row.
    zero_point : int
        What is subtracted from every element first.
    multiplier : str
        How squares are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    o : ``Out(stream.Signature(StructLayout(moments)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, source: ShapeLike, lanes: int, moments: Mapping[str, IntFormat],
                 zero_point: int = 0, multiplier: str = "inferred") -> None:
        if unknown := [kind for kind in moments if kind not in KINDS]:
            raise ValueError(f"moments must be of {', '.join(KINDS)}, not {unknown[0]!r}")
        self._lanes, self._kinds, self._zero_point = lanes, tuple(moments), zero_point
        self._multiplier = multiplier
        wide = Shape.cast(source).width + (zero_point != 0)
        self._depth = multiply_add_depth(Const(0, wide).shape(), multiplier, addend=False) \
            if "squares" in moments else 1
        super().__init__({
            "i": In(stream.Signature(row_layout(source, lanes))),
            "o": Out(stream.Signature(StructLayout(
                {kind: shape_of(form) for kind, form in moments.items()})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its sums."""
        return 1 + self._depth + tree_depth(self._lanes)

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
        terms = [self._term(m, kind, lane, enable) for lane in range(self._lanes)]
        return adder_tree(m, terms, enable=enable, name=kind)

    def _term(self, m: Module, kind: str, lane: int, enable: Value) -> Value:
        """What a lane adds, nothing if it does not belong to the row."""
        there, x = in_row(self.i.payload, lane), self.i.payload.data[lane]
        x = x - self._zero_point if self._zero_point else x
        if kind == "squares":
            x = Mux(there, x, 0)
            square = multiply_add(m, x, x, None, 2 * len(x) + 1, kind=self._multiplier,
                                  enable=enable, name=f"square_{lane}")
            return square[:2 * len(x)]
        return registered(m, Mux(there, MOMENTS[kind](x), 0), enable=enable,
                          name=f"{kind}_{lane}", stages=self._depth)
