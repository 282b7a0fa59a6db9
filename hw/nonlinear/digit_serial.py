# amaranth: UnusedElaboratable=no
"""Exact division and square root of unsigned integers, a digit a cycle."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.specs import DivideSpec, IsqrtSpec

from ..shapes import shape_of, vector_of

__all__ = ["DigitSerial", "Divide", "DividePairs", "Isqrt"]


class DigitSerial(wiring.Component):
    """A recurrence of ``steps`` steps, one a cycle, the first of which takes the word.

    A word is taken as soon as the result before it is, so that it takes ``interval`` cycles
    while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    payload, result : shape-like
    steps : int

    Members
    -------
    i : ``In(stream.Signature(payload))``
    o : ``Out(stream.Signature(result))``
    """

    def __init__(self, payload: ShapeLike, result: ShapeLike, steps: int) -> None:
        self._steps = steps
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(result))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._steps

    @property
    def interval(self) -> int:
        """Cycles between two words."""
        return self._steps

    @property
    def step(self) -> int:
        """Cycles from taking a word to taking the next one."""
        return self._steps

    @abstractmethod
    def advance(self, m: Module, start: Value, busy: Value) -> None:
        """Take the step of this cycle: the first of the word at ``i`` if ``start``, another
        if ``busy``."""

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        left = Signal(range(self._steps), name="left")
        busy = Signal()
        start = Signal()
        m.d.comb += [busy.eq(left != 0), self.i.ready.eq(~busy & (self.o.ready | ~self.o.valid)),
                     start.eq(self.i.valid & self.i.ready)]
        with m.If(start):
            m.d.sync += [left.eq(self._steps - 1), self.o.valid.eq(self._steps == 1)]
        with m.Elif(busy):
            m.d.sync += [left.eq(left - 1), self.o.valid.eq(left == 1)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        self.advance(m, start, busy)
        return m


class Isqrt(DigitSerial):
    """``floor(sqrt(x))`` of each lane, all at once, a bit of the roots a cycle.

    Parameters
    ----------
    spec : IsqrtSpec
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``

    Source: the restoring recurrence of J. W. Crenshaw, "Integer square roots",
    Embedded Systems Programming, February 1998.
    """

    def __init__(self, spec: IsqrtSpec, lanes: int = 1) -> None:
        if not isinstance(spec, IsqrtSpec):
            raise TypeError(f"spec must be an IsqrtSpec, not {spec!r}")
        lanes = as_index("lanes", lanes)
        super().__init__(vector_of(spec.source, lanes), vector_of(spec.target, lanes), spec.steps)
        self._spec, self._lanes = spec, lanes

    @property
    def spec(self) -> IsqrtSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    def advance(self, m: Module, start: Value, busy: Value) -> None:
        for lane in range(self._lanes):
            self._root(m, lane, start, busy)

    def _root(self, m: Module, lane: int, start: Value, busy: Value) -> None:
        """Two bits of ``x`` join the remainder; the root's new bit is 1 if it then holds
        ``4 * root + 1``."""
        steps = self._spec.steps
        root = self.o.payload[lane]
        given = Cat(self.i.payload[lane], Const(0, 2 * steps - len(self.i.payload[lane])))
        bits = Signal(2 * steps, name=f"bits_{lane}")
        # A remainder is at most twice the root; nobody asks for the last one.
        rest = Signal(steps, name=f"rest_{lane}")
        known = Mux(start, 0, root)
        now = Mux(start, given, bits)
        joined = Cat(now[-2:], Mux(start, 0, rest))
        less = Signal(len(joined) + 1, name=f"less_{lane}")
        m.d.comb += less.eq(joined - Cat(Const(1, 2), known))
        fits = ~less[-1]
        with m.If(start | busy):
            m.d.sync += [root.eq(Cat(fits, known)), bits.eq(now << 2),
                         rest.eq(Mux(fits, less, joined))]


class Divide(DigitSerial):
    """Quotient and remainder, a bit of the quotient a cycle.

    By zero, every bit of the quotient is 1, and the remainder is the numerator's low bits.

    Parameters
    ----------
    spec : DivideSpec

    Members
    -------
    i : ``In(stream.Signature(StructLayout({"numerator": ..., "denominator": ...})))``
    o : ``Out(stream.Signature(StructLayout({"quotient": ..., "remainder": ...})))``
        As wide as numerator and denominator.

    Source: restoring division, I. Koren, "Computer arithmetic algorithms", 2nd edition 2002,
    section 3.2.
    """

    def __init__(self, spec: DivideSpec) -> None:
        if not isinstance(spec, DivideSpec):
            raise TypeError(f"spec must be a DivideSpec, not {spec!r}")
        numerator, denominator = shape_of(spec.numerator), shape_of(spec.denominator)
        super().__init__(
            StructLayout({"numerator": numerator, "denominator": denominator}),
            StructLayout({"quotient": numerator, "remainder": denominator}), spec.steps)
        self._spec = spec

    @property
    def spec(self) -> DivideSpec:
        return self._spec

    def advance(self, m: Module, start: Value, busy: Value) -> None:
        quotient, remainder = self.o.payload.quotient, self.o.payload.remainder
        divisor = Signal.like(remainder, name="divisor")
        # The numerator leaves at the top as the quotient comes in below.
        now = Mux(start, self.i.payload.numerator, quotient)
        by = Mux(start, self.i.payload.denominator, divisor)
        joined = Cat(now[-1], Mux(start, 0, remainder))
        less = Signal(len(joined) + 1, name="less")
        m.d.comb += less.eq(joined - by)
        fits = ~less[-1]
        with m.If(start | busy):
            m.d.sync += [divisor.eq(by), quotient.eq(Cat(fits, now)),
                         remainder.eq(Mux(fits, less, joined))]


class DividePairs(wiring.Component):
    """:class:`Divide` between vectors of two: numerator and denominator, quotient and remainder.

    Parameters
    ----------
    spec : DivideSpec
        Both of one format.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.numerator, 2)))``
    o : ``Out(stream.Signature(vector_of(spec.numerator, 2)))``
    """

    def __init__(self, spec: DivideSpec) -> None:
        self._divide = Divide(spec)
        if spec.numerator != spec.denominator:
            raise ValueError(f"numerator and denominator must be of one format, not "
                             f"{spec.numerator} and {spec.denominator}")
        pair = stream.Signature(vector_of(spec.numerator, 2))
        super().__init__({"i": In(pair), "o": Out(pair)})

    @property
    def spec(self) -> DivideSpec:
        return self._divide.spec

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._divide.latency

    @property
    def interval(self) -> int:
        """Cycles between two words."""
        return self._divide.interval

    @property
    def step(self) -> int:
        """Cycles from taking a word to taking the next one."""
        return self._divide.step

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.divide = divide = self._divide
        m.d.comb += [
            Value.cast(divide.i.payload).eq(Value.cast(self.i.payload)),
            divide.i.valid.eq(self.i.valid), self.i.ready.eq(divide.i.ready),
            Value.cast(self.o.payload).eq(Value.cast(divide.o.payload)),
            self.o.valid.eq(divide.o.valid), divide.o.ready.eq(self.o.ready)]
        return m
