# amaranth: UnusedElaboratable=no
"""Pipelined quotients against Python's, for every denominator and what it leaves as a rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arith.quotient import quotient
from tests.support.enabled import EnabledCase, check_enabled


class Quotient(wiring.Component):
    """``rest`` and ``bits`` bits behind it over ``denominator``.

    Members
    -------
    enable : ``In(1)``
    rest : ``In(width)``
    denominator : ``In(width)``
    o : ``Out(bits)``
    """

    def __init__(self, width: int, bits: int, incoming: int) -> None:
        self.latency, self._incoming = bits, incoming
        super().__init__({"enable": In(1), "rest": In(width), "denominator": In(width),
                          "o": Out(bits)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.d.comb += self.o.eq(quotient(m, self.rest, self.denominator, self.latency,
                                       self._incoming, enable=self.enable, name="quotient"))
        return m


def test_every_division(tmp_path):
    rest, denominator = (each.reshape(-1) for each in np.meshgrid(np.arange(32), np.arange(32)))
    below = rest < denominator
    operands = {"rest": rest[below, None], "denominator": denominator[below, None]}
    cases = []
    for bits in (1, 4, 9):
        for incoming in (0, 1):
            numerator = (operands["rest"] << bits) + incoming * ((1 << bits) - 1)
            cases.append(EnabledCase(Quotient(5, bits, incoming), operands,
                                     numerator // operands["denominator"]))
    check_enabled(cases, tmp_path / "quotient")
