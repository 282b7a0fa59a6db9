# amaranth: UnusedElaboratable=no
"""One element of each row, drawn by its weight."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, unsigned
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..rows import row_layout
from ..rows.annotate import Annotate
from ..rows.reduce import RowSum
from ..streams.pipeline import stalling_pipeline
from .xorshift import Xorshift32

__all__ = ["Draw", "DrawPoint", "weighted"]


def weighted(width: int, what: ShapeLike) -> StructLayout:
    """An element's payload: a weight of ``width`` bits, and what it is that has it."""
    return StructLayout({"weight": unsigned(width), "what": what})


class DrawPoint(wiring.Component):
    """``random * sum >> 32`` for each row of weights: a point below the sum.

    Parameters
    ----------
    width : int
        Bits of a weight.
    what : shape
        What has the weight; not looked at.
    longest : int
        Elements of the longest row.
    seed : int
        Of the generator.
    multiplier : str
        How the product is made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(weighted(width, what), 1)))``
    o : ``Out(stream.Signature(sum))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, width: int, what: ShapeLike, longest: int, seed: int,
                 multiplier: str = "inferred") -> None:
        self._kind, self._random = multiplier, Xorshift32(seed)
        self._sum = RowSum(unsigned(width), 1, longest)
        self._total = self._sum.o.payload.shape()
        super().__init__({"i": In(stream.Signature(row_layout(weighted(width, what), 1))),
                          "o": Out(stream.Signature(self._total))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its point."""
        return self._sum.latency + self._depth()

    def _depth(self) -> int:
        return 1 + multiply_add_depth(self._total, self._kind, addend=False)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.sum = total = self._sum
        m.submodules.random = random = self._random
        m.d.comb += [
            total.i.valid.eq(self.i.valid), self.i.ready.eq(total.i.ready),
            total.i.payload.data[0].eq(self.i.payload.data[0].weight),
            total.i.payload.last.eq(self.i.payload.last)]
        enable = stalling_pipeline(m, total.o, self.o, depth=self._depth())
        m.d.comb += random.advance.eq(total.o.valid & total.o.ready)
        number, factor = (registered(m, value, enable=enable, name=name) for value, name in (
            (random.number, "number"), (total.o.payload, "factor")))
        product = multiply_add(m, number, factor, None, 33 + len(factor), kind=self._kind,
                               enable=enable, name="product")
        m.d.comb += self.o.payload.eq(product[32:])
        return m


class Draw(wiring.Component):
    """What is drawn from each row, with its weight's share of the sum as its chance.

    The first element whose prefix sum exceeds ``random * sum >> 32``, the last one if all weights
    are 0. While one row waits for its sum, another one is searched: a word every cycle.

    Parameters
    ----------
    width : int
        Bits of a weight.
    what : shape
        What has the weight, and comes out.
    longest : int
        Elements of the longest row.
    seed : int
        Of the generator, which advances once for each row.
    multiplier : str
        How the product is made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(weighted(width, what), 1)))``
    o : ``Out(stream.Signature(what))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, width: int, what: ShapeLike, longest: int, seed: int = 1,
                 multiplier: str = "inferred") -> None:
        self._what = what
        self._rows = Annotate(DrawPoint(width, what, longest, seed, multiplier), longest)
        super().__init__({"i": In(stream.Signature(row_layout(weighted(width, what), 1))),
                          "o": Out(stream.Signature(what))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering the first element, if that is drawn."""
        return self._rows.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.rows = rows = self._rows
        connect(m, flipped(self.i), rows.i)
        row, point = rows.o.payload.row, rows.o.payload.found
        before = Signal(point.shape())
        drawn = Signal()
        hit = Signal()
        prefix = Signal(point.shape())
        m.d.comb += [prefix.eq(before + row.data[0].weight),
                     hit.eq(~drawn & ((prefix > point) | row.last))]
        enable = stalling_pipeline(m, rows.o, self.o, depth=1, keep=hit)
        with m.If(rows.o.valid & rows.o.ready):
            m.d.sync += [before.eq(Mux(row.last, 0, prefix)), drawn.eq(~row.last & (drawn | hit))]
        what = registered(m, row.data[0].what, enable=enable, name="what")
        m.d.comb += self.o.payload.eq(what)
        return m
