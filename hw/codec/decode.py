"""From codes to integers on the format's own grid."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import (
    BipolarFormat,
    CodedFormat,
    FixedFormat,
    Format,
    IntFormat,
    TernaryFormat,
)

from ..arith.shift import shift_left
from ..shapes import fixed_shape, fixed_value, shape_of
from .unpack import unpack

__all__ = ["Decoder", "decoded"]

#: Formats whose codes are integers already, or nearly.
PLAIN = (BipolarFormat, FixedFormat, IntFormat, TernaryFormat)


def decoded(format_: Format, code: Value, m: Module, name: str) -> Value:
    """``code``'s number on its format's grid, in :func:`hw.shapes.fixed_shape`; combinational.

    Zero for NaN and infinities. Signals that it takes are called ``name_...``.

    Raises
    ------
    TypeError
        If the format has no hardware.
    """
    if isinstance(format_, PLAIN):
        return fixed_value(format_, code)
    parts = unpack(format_, code, m, name)
    spare = format_.lsb - parts.lsb
    wide = Signal(unsigned(len(parts.significand) + parts.most), name=f"{name}_significand")
    m.d.comb += wide.eq(parts.significand)
    moved = shift_left(m, wide, parts.exponent, parts.most, name=name)
    # Bits below the grid are zero: they only gave the shift room.
    magnitude = moved[spare:] if spare >= 0 else moved << -spare
    result = Signal(fixed_shape(format_), name=f"{name}_fixed")
    m.d.comb += result.eq(Mux(parts.negative, -magnitude, magnitude))
    return result


class Decoder(wiring.Component):
    """Combinational decoder: a code in, its integer on the format's grid out.

    Parameters
    ----------
    format_ : Format

    Members
    -------
    i : ``In(shape_of(format_))``
    o : ``Out(fixed_shape(format_))``
        ``value * 2**-format_.lsb``; zero for what is no number.
    nan, infinite : ``Out(1)``
        Constant where the format has none.
    negative : ``Out(1)``
        Sign of the code, of zero and infinities too.

    Raises
    ------
    TypeError
        If the format has no hardware.
    """

    #: Cycles from code to integer.
    latency = 0

    def __init__(self, format_: Format) -> None:
        if not isinstance(format_, (*PLAIN, CodedFormat)):
            raise TypeError(f"{format_} has no decoder")
        self._format = format_
        super().__init__({"i": In(shape_of(format_)), "o": Out(fixed_shape(format_)),
                          "nan": Out(1), "infinite": Out(1), "negative": Out(1)})

    @property
    def format(self) -> Format:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        parts = unpack(self._format, self.i, m, "parts")
        m.d.comb += [self.o.eq(decoded(self._format, self.i, m, "number")),
                     self.nan.eq(parts.nan), self.infinite.eq(parts.infinite),
                     self.negative.eq(parts.negative)]
        return m

