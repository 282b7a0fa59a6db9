"""Two products of bytes in one DSP block of an iCE40 UltraPlus."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, ClockSignal, Const, Instance, Module, Shape, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..arith.registered import registered
from ..unique import Library

__all__ = ["TwoProducts"]


class TwoProducts(wiring.Component):
    """Two products of up to 8 x 8 bits, a register behind them.

    Yosys makes an ``SB_MAC16`` of one product; that the cell can do two must be asked for. Its
    inference (``synth_ice40 -dsp``, Yosys 0.70) would make a 16 x 16 multiplier of this one too,
    were it not for its name, which :mod:`boards.flows` changes behind it: in other flows the
    cell stays unknown. Simulators get the products themselves.

    Source: Lattice, DSP Function Usage Guide for iCE40 Devices (FPGA-TN-02007), 8 x 8 mode.

    Parameters
    ----------
    a, b : Shape
        Of the factors, of 8 bits at most.

    Members
    -------
    enable : ``In(1)``
        Clock enable of the register.
    a, b : ``In(ArrayLayout(shape, 2))``
    o : ``Out(ArrayLayout(shape of the product, 2))``
        The exact products, ``latency`` enabled cycles later.
    """

    latency = 1

    def __init__(self, a: Shape, b: Shape) -> None:
        for name, shape in (("a", a), ("b", b)):
            if shape.width > 8:
                raise ValueError(f"{name} must have at most 8 bits, not {shape.width}")
        product = (Signal(a) * Signal(b)).shape()
        super().__init__({"enable": In(1), "a": In(ArrayLayout(a, 2)), "b": In(ArrayLayout(b, 2)),
                          "o": Out(ArrayLayout(product, 2))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if not isinstance(platform, Library):
            # Amaranth's own simulator reads no Verilog.
            m.d.comb += [product.eq(registered(m, a * b, enable=self.enable, name=f"product_{k}"))
                         for k, (product, a, b) in enumerate(zip(self.o, self.a, self.b,
                                                                 strict=True))]
            return m
        both = Signal(32)
        m.submodules.leaf = Instance(
            "gatemill_two_products",
            p_A_SIGNED=int(self.a[0].shape().signed), p_B_SIGNED=int(self.b[0].shape().signed),
            i_clk=ClockSignal(), i_enable=self.enable, i_a=_bytes(self.a), i_b=_bytes(self.b),
            o_o=both)
        m.d.comb += [self.o[0].eq(both[:16]), self.o[1].eq(both[16:])]
        return m


def _bytes(factors: Any) -> Value:
    """Two factors as bytes, the first one below."""
    return Cat(Cat(factor, (factor[-1] if factor.shape().signed else Const(0, 1)).replicate(
        8 - len(factor))) for factor in factors)
