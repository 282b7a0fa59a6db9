"""A line of text on a UART, again and again."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Cat, Const, Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.bus.uart import UartTransmitter

__all__ = ["DIGITS", "Decimal", "Report"]

#: Decimal digits of a number of cycles.
DIGITS = 8


class Decimal(wiring.Component):
    """Count in decimal digits, up to as many nines.

    Parameters
    ----------
    digits : int

    Members
    -------
    count : ``In(1)``
    o : ``Out(4)``, an array of ``digits``
        The lowest first.
    """

    def __init__(self, digits: int) -> None:
        super().__init__({"count": In(1), "o": Out(4).array(digits)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        nines = [digit == 9 for digit in self.o]
        carry = self.count & ~Cat(nines).all()
        for digit, nine in zip(self.o, nines, strict=True):
            with m.If(carry):
                m.d.sync += digit.eq(Mux(nine, 0, digit + 1))
            carry = carry & nine
        return m


class Report(wiring.Component):
    """Say ``<before> PASS|FAIL <between> <digits> <after>`` and a line's end; then wait.

    Parameters
    ----------
    before, between, after : str
        ASCII.
    divisor : int
        Clock cycles of the UART's bit.
    pause : int
        Cycles from handing over the last byte of a line to the next line.

    Members
    -------
    start : ``In(1)``
        From when on there is something to say.
    passed : ``In(1)``
    digits : ``In(4)``, an array of 8
        The lowest first.
    tx : ``Out(1)``
    """

    def __init__(self, before: str, between: str, after: str, *, divisor: int, pause: int
                 ) -> None:
        self._texts = tuple(text.encode("ascii") for text in (before, between, after))
        self._divisor, self._pause = divisor, pause
        super().__init__({"start": In(1), "passed": In(1), "digits": In(4).array(DIGITS),
                          "tx": Out(1)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.uart = uart = UartTransmitter(self._divisor)
        before, between, after = self._texts
        verdict = [Mux(self.passed, right, wrong)
                   for right, wrong in zip(b"PASS", b"FAIL", strict=True)]
        digits = [Cat(digit, Const(0b0011, 4)) for digit in reversed(list(self.digits))]
        line = Array([*map(_character, before), *verdict, *map(_character, between), *digits,
                      *map(_character, after + b"\r\n")])
        place, wait = Signal(range(len(line))), Signal(range(self._pause + 1))
        m.d.comb += [uart.i.payload.eq(line[place]), self.tx.eq(uart.tx)]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(self.start):
            m.d.comb += uart.i.valid.eq(1)
            with m.If(uart.i.ready):
                m.d.sync += place.eq(place + 1)
                with m.If(place == len(line) - 1):
                    m.d.sync += [place.eq(0), wait.eq(self._pause)]
        return m


def _character(code: int) -> Const:
    return Const(code, 8)
