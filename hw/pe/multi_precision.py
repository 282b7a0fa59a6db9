# amaranth: UnusedElaboratable=no
"""Lanes of FP4, posits and integers, chosen at run time, that share one multiplier."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.specs.precision import WORD, Precision

from ..arith.carry_tree import add_with_carry
from ..arith.registered import registered
from ..shapes import shape_between
from ..streams.pipeline import valid_chain
from .precision_dot import PrecisionDot

__all__ = ["MultiPrecision", "MultiPrecisionSum"]

#: Greatest magnitude of a word's dot product, each on its mode's grid.
LARGEST = max(p.lanes * p.largest for p in Precision)


class MultiPrecision(wiring.Component):
    """The exact dot product of two words' lanes: a word every cycle, each in any mode.

    A word of 16 bits is four lanes of E2M1, posit<4,1> or INT4, two of posit<8,0> or INT8, or
    one of posit<16,1>: both operands' in the same way. One multiplier of small ones serves
    all significands; those that a mode has no use for rest, as decoders and aligners do.

    Results are in units of the mode's ``Precision.lsb``, of 114 bits, which products of
    posit<16,1> need. A product with NaR counts as zero, and raises ``nan``.

    The definition is :func:`sw_model.ops.multi_precision.multi_precision_sum`. Source: the
    abstract of XR-NPE; there is no published RTL, and the structure is this project's.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    mode : ``In(Precision)``
        Other codes give zero.
    a, w : ``In(16)``
        Lane 0 in the low bits.
    o : ``Out(signed(114))``
        ``latency`` enabled cycles later, as ``nan``.
    nan : ``Out(1)``
        A lane of the words was NaR.
    """

    latency = PrecisionDot.latency + 1
    interval = 1

    def __init__(self) -> None:
        super().__init__({"enable": In(1), "mode": In(Precision), "a": In(WORD), "w": In(WORD),
                          "o": Out(shape_between(-LARGEST, LARGEST)), "nan": Out(1)})
        self._dot = PrecisionDot()

    @property
    def dot(self) -> PrecisionDot:
        """All but the last adder, with what rests in which mode."""
        return self._dot

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        dot = _connected(m, self)
        o = Signal.like(self.o, reset_less=True)
        with m.If(self.enable):
            m.d.sync += o.eq(add_with_carry(dot.value, Const(0), dot.carry))
        m.d.comb += [self.o.eq(o),
                     self.nan.eq(registered(m, dot.nan, enable=self.enable, name="nan_last"))]
        return m


class MultiPrecisionSum(wiring.Component):
    """The same, summed exactly over up to ``words`` words: a word every cycle.

    The words of a sum are all of one mode; the next sum may have another one. A word is what
    comes in an enabled cycle with ``start``.

    Parameters
    ----------
    words : int
        Most words in a sum, at least 1.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        A word is there.
    first, last : ``In(1)``
        It is the first, the last of its sum.
    mode : ``In(Precision)``
        Other codes give zero.
    a, w : ``In(16)``
        Lane 0 in the low bits.
    o : ``Out(signed(width))``
        The total so far, ``latency`` enabled cycles after a word: as narrow as the sum of so
        many words in any mode allows.
    nan : ``Out(1)``
        There was a NaR in the sum so far.
    done : ``Out(1)``
        High for the one enabled cycle in which a sum is first at ``o``.
    """

    latency = PrecisionDot.latency + 1
    interval = 1

    def __init__(self, words: int) -> None:
        self._words = as_index("words", words)
        if self._words < 1:
            raise ValueError(f"words must be at least 1, not {words}")
        most = self._words * LARGEST
        super().__init__({
            **{name: In(1) for name in ("enable", "start", "first", "last")},
            "mode": In(Precision), "a": In(WORD), "w": In(WORD),
            "o": Out(shape_between(-most, most)), "nan": Out(1), "done": Out(1)})
        self._dot = PrecisionDot()

    @property
    def words(self) -> int:
        return self._words

    @property
    def dot(self) -> PrecisionDot:
        """All but the accumulator, with what rests in which mode."""
        return self._dot

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        dot = _connected(m, self)
        there = valid_chain(m, self.start, depth=dot.latency, enable=self.enable)[-1]
        first, last = (registered(m, bit, enable=self.enable, name=f"{name}_late",
                                  stages=dot.latency)
                       for bit, name in ((self.first, "first"), (self.last, "last")))
        with m.If(self.enable):
            m.d.sync += self.done.eq(there & last)
            with m.If(there):
                m.d.sync += [
                    self.o.eq(add_with_carry(Mux(first, 0, self.o), dot.value, dot.carry)),
                    self.nan.eq(dot.nan | self.nan & ~first)]
        return m


def _connected(m: Module, unit: MultiPrecision | MultiPrecisionSum) -> PrecisionDot:
    """The unit's dot product, given what the unit is given."""
    m.submodules.dot = dot = unit.dot
    m.d.comb += [getattr(dot, name).eq(getattr(unit, name))
                 for name in ("enable", "mode", "a", "w")]
    return dot
