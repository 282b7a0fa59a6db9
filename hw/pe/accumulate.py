# amaranth: UnusedElaboratable=no
"""Processing elements with their accumulator inside, which end a sum in a cycle of its own."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.registered import registered
from ..shapes import fixed_value, shape_of, vector_of
from .base import DotSpec
from .operands import check_integers, check_plain

__all__ = ["Accumulate", "MultiplyAccumulate"]


class Accumulate(wiring.Component):
    """The contract: ``o`` is the sum of the dot products since the last ``clear``.

    Of the operands up to ``latency`` enabled cycles before, modulo two to the accumulator's width:
    it holds the sum of any ``limit`` dot products. An enabled cycle with ``clear`` takes no
    operands: it ends a sum, and clears.

    Parameters
    ----------
    spec : DotSpec
        Both formats integers, fixed point, bipolar or ternary.
    accumulator : IntFormat
        Signed.

    Raises
    ------
    TypeError, ValueError
        If the formats are others, or the accumulator is no integer, unsigned or does not hold one
        dot product.

    Members
    -------
    enable, clear : ``In(1)``
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(shape_of(accumulator))``
    """

    latency: int
    interval = 1

    def __init__(self, spec: DotSpec, accumulator: IntFormat) -> None:
        check_plain("sums of products", activations=spec.activations, weights=spec.weights)
        check_integers("accumulator", accumulator)
        if not accumulator.signed:
            raise ValueError(f"accumulator must be signed, not {accumulator}")
        low, high = spec.result_range
        if not (accumulator.min <= low and high <= accumulator.max):
            raise ValueError(f"accumulator must hold {low} to {high}, a dot product of activations "
                             f"{spec.activations} and weights {spec.weights} in {spec.lanes} "
                             f"lanes, not {accumulator}")
        self._spec, self._accumulator = spec, accumulator
        super().__init__({
            "enable": In(1), "clear": In(1), "a": In(vector_of(spec.activations, spec.lanes)),
            "w": In(vector_of(spec.weights, spec.lanes)), "o": Out(shape_of(accumulator))})

    @property
    def spec(self) -> DotSpec:
        return self._spec

    @property
    def limit(self) -> int:
        """Dot products whose sum is sure not to wrap."""
        low, high = self._spec.result_range
        return min(reach // end for reach, end in (
            (self._accumulator.min, low), (self._accumulator.max, high)) if end)

    @property
    def accumulator(self) -> IntFormat:
        return self._accumulator


class MultiplyAccumulate(Accumulate):
    """Multiplier and adder in one cycle, behind registers of the operands: the plain form.

    What the carry-save forms are compared with. See :class:`Accumulate`.
    """

    latency = 2

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self.spec
        total = Signal.like(self.o, reset_less=True)
        clear = registered(m, self.clear, enable=self.enable, name="clears")
        added: Any = total
        for lane in range(spec.lanes):
            a = registered(m, fixed_value(spec.activations, self.a[lane]), enable=self.enable,
                           name=f"a_{lane}")
            w = registered(m, fixed_value(spec.weights, self.w[lane]), enable=self.enable,
                           name=f"w_{lane}")
            added = added + a * w
        with m.If(self.enable):
            m.d.sync += total.eq(added)
            with m.If(clear):
                m.d.sync += total.eq(0)
        m.d.comb += self.o.eq(total)
        return m
