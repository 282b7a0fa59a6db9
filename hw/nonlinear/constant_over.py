# amaranth: UnusedElaboratable=no
"""A constant divided by what comes: one division for each row."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat
from sw_model.specs import DivideSpec

from ..shapes import shape_between
from .digit_serial import Divide

__all__ = ["ConstantOver", "Total"]


class ConstantOver(wiring.Component):
    """``numerator // min(total, numerator)``, and what came beside the total.

    Takes a word in ``interval`` cycles while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    numerator : int
        Above 0.
    total : shape
        Unsigned. Of 0, every bit of the quotient is 1.
    least : int
        Least total, which bounds the quotient's width.
    most : shape
        Of what is beside it; of no bits if there is nothing.

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"most": most, "total": total})))``
    o : ``Out(stream.Signature(StructLayout({"most": most, "factor": ...})))``
    """

    def __init__(self, numerator: int, total: ShapeLike, least: int, most: ShapeLike = 0) -> None:
        self._numerator = numerator
        width = min(Shape.cast(total).width, numerator.bit_length())
        self._divide = Divide(DivideSpec(IntFormat(numerator.bit_length(), signed=False),
                                         IntFormat(width, signed=False)))
        super().__init__({
            "i": In(stream.Signature(StructLayout({"most": most, "total": total}))),
            "o": Out(stream.Signature(StructLayout({
                "most": most, "factor": shape_between(0, numerator // least)})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._divide.latency

    @property
    def interval(self) -> int:
        """Cycles between two words."""
        return self._divide.interval

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.divide = divide = self._divide
        total, most = self.i.payload.total, Signal.like(Value.cast(self.i.payload.most))
        m.d.comb += [
            divide.i.payload.numerator.eq(self._numerator),
            divide.i.payload.denominator.eq(
                Mux(total > self._numerator, self._numerator, total)),
            divide.i.valid.eq(self.i.valid), self.i.ready.eq(divide.i.ready),
            Value.cast(self.o.payload.most).eq(most),
            self.o.payload.factor.eq(divide.o.payload.quotient),
            self.o.valid.eq(divide.o.valid), divide.o.ready.eq(self.o.ready)]
        # A word is taken only as the one before it leaves.
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += most.eq(Value.cast(self.i.payload.most))
        return m


class Total(wiring.Component):
    """A sum alone, as :class:`ConstantOver` takes it; combinational.

    Parameters
    ----------
    total : shape

    Members
    -------
    i : ``In(stream.Signature(total))``
    o : ``Out(stream.Signature(StructLayout({"most": 0, "total": total})))``
    """

    #: Cycles from taking a word to offering its result.
    latency = 0
    #: Cycles between two words.
    interval = 1

    def __init__(self, total: ShapeLike) -> None:
        super().__init__({
            "i": In(stream.Signature(total)),
            "o": Out(stream.Signature(StructLayout({"most": 0, "total": total})))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += [self.o.valid.eq(self.i.valid), self.o.payload.total.eq(self.i.payload),
                     self.i.ready.eq(self.o.ready)]
        return m
