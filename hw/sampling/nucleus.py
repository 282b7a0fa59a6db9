# amaranth: UnusedElaboratable=no
"""Top-p: the first elements of each row that make a part of its weight."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, unsigned
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.specs import SamplerSpec

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..rows import row_layout
from ..rows.annotate import Annotate
from ..rows.reduce import RowSum
from ..streams.pipeline import stalling_pipeline
from .draw import weighted

__all__ = ["Nucleus", "PartOfSum"]

PART_BITS = SamplerSpec.PART_BITS


class PartOfSum(wiring.Component):
    """``part * sum`` for each row of weights, with 16 fraction bits.

    Parameters
    ----------
    width : int
        Bits of a weight.
    what : shape
        What has the weight; not looked at.
    longest : int
        Elements of the longest row.
    multiplier : str
        How the product is made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(weighted(width, what), 1)))``
    part : ``In(17)``
        In units of ``2**-16``; that of a row when its sum is known.
    o : ``Out(stream.Signature(unsigned(16 + sum)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, width: int, what: ShapeLike, longest: int, multiplier: str) -> None:
        self._kind, self._sum = multiplier, RowSum(unsigned(width), 1, longest)
        self._total = self._sum.o.payload.shape()
        super().__init__({
            "i": In(stream.Signature(row_layout(weighted(width, what), 1))),
            "part": In(PART_BITS + 1),
            "o": Out(stream.Signature(unsigned(PART_BITS + self._total.width)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering the product."""
        return self._sum.latency + self._depth()

    def _depth(self) -> int:
        return 1 + multiply_add_depth(unsigned(PART_BITS + 1), self._kind, addend=False)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.sum = total = self._sum
        m.d.comb += [
            total.i.valid.eq(self.i.valid), self.i.ready.eq(total.i.ready),
            total.i.payload.data[0].eq(self.i.payload.data[0].weight),
            total.i.payload.last.eq(self.i.payload.last)]
        enable = stalling_pipeline(m, total.o, self.o, depth=self._depth())
        factor, part = (registered(m, value, enable=enable, name=name) for value, name in (
            (total.o.payload, "factor"), (self.part, "held_part")))
        m.d.comb += self.o.payload.eq(multiply_add(
            m, factor, part, None, PART_BITS + 2 + len(factor), kind=self._kind, enable=enable,
            name="product"))
        return m


class Nucleus(wiring.Component):
    """The first elements of each row, as few as make ``part`` of the sum of all, one at least.

    Of rows whose weights fall it is what top-p keeps. While one row waits for its sum, another
    one leaves: a word every cycle.

    Parameters
    ----------
    width : int
        Bits of a weight.
    what : shape
        What has the weight.
    longest : int
        Elements of the longest row.
    multiplier : str
        How the product is made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(weighted(width, what), 1)))``
    part : ``In(17)``
        In units of ``2**-16``, of which ``2**16`` keeps all; must rest while rows are inside.
    o : ``Out(stream.Signature(row_layout(weighted(width, what), 1)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, width: int, what: ShapeLike, longest: int, multiplier: str = "inferred"
                 ) -> None:
        self._statistic = PartOfSum(width, what, longest, multiplier)
        self._rows = Annotate(self._statistic, longest)
        self._row = row_layout(weighted(width, what), 1)
        super().__init__({"i": In(stream.Signature(self._row)), "part": In(PART_BITS + 1),
                          "o": Out(stream.Signature(self._row))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its first."""
        return self._rows.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.rows = rows = self._rows
        connect(m, flipped(self.i), rows.i)
        m.d.comb += self._statistic.part.eq(self.part)
        row, part = rows.o.payload.row, rows.o.payload.found
        total = unsigned(len(part) - PART_BITS)
        before = Signal(total)
        prefix = Signal(total)
        full = Signal()
        enough = Signal()
        m.d.comb += [prefix.eq(before + row.data[0].weight),
                     enough.eq(row.last | (prefix.shift_left(PART_BITS) >= part))]
        enable = stalling_pipeline(m, rows.o, self.o, depth=1, keep=~full)
        with m.If(rows.o.valid & rows.o.ready):
            m.d.sync += [before.eq(Mux(row.last, 0, prefix)),
                         full.eq(~row.last & (full | enough))]
        with m.If(enable):
            m.d.sync += [self.o.payload.eq(row), self.o.payload.last.eq(enough)]
        return m
