# amaranth: UnusedElaboratable=no
"""Rows of dot products that serve any matrix by folding it: what such layers share."""

from __future__ import annotations

from math import prod
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat

from ..arith.registered import registered
from ..network.loops import Loops
from ..pe.rows import DotRows
from ..shapes import vector_of
from ..streams.pipeline import valid_chain
from .edges import pace

__all__ = ["FoldedLayer"]


class FoldedLayer(wiring.Component):
    """Matrix-vector products of any size on rows of dot products of one size.

    The processing elements take a step every ``step`` cycles: a word of the vector and one of
    the weights. Each word of the vector stays for ``turns`` steps, all words of the vector come
    in each row fold. During the first fold they are taken from ``i``, at the last of their turns,
    and kept; the other folds read them again. Then the next vector begins without a gap.

    Weights come in the order in which they are used, a word for each step; biases one word for
    each row fold. Results leave in words of a row fold.

    Parameters
    ----------
    dots : DotRows
        Or what has its members and properties, with words of other layouts.
    accumulator : IntFormat
        Holds every result; sums wrap within it on the way, which does no harm.
    bias : IntFormat or None
        Of the biases; None if there are none.
    jobs : tuple of (int, int, int, int)
        Matrices, served cyclically in this order: turns of a word, words of a vector, row folds
        and vectors of each.

    Members
    -------
    i : ``In(stream.Signature(shape of dots.a))``
    weights : ``In(stream.Signature(shape of dots.w))``
    bias : ``In(stream.Signature(vector_of(bias, rows)))``
        Only if there is a bias.
    o : ``Out(stream.Signature(vector_of(accumulator, rows)))``
    """

    def __init__(self, dots: DotRows, accumulator: IntFormat, bias: IntFormat | None,
                 jobs: tuple[tuple[int, int, int, int], ...]) -> None:
        self._dots, self._bias, self._bounds = dots, bias, jobs
        operands = dots.signature.members
        members: dict[str, Any] = {
            "i": In(stream.Signature(operands["a"].shape)),
            "weights": In(stream.Signature(operands["w"].shape)),
            "o": Out(stream.Signature(vector_of(accumulator, dots.rows)))}
        if bias is not None:
            members["bias"] = In(stream.Signature(vector_of(bias, dots.rows)))
        super().__init__(members)

    @property
    def latency(self) -> int:
        """Cycles from a fold's last step to offering its results."""
        return 2 + self._dots.latency

    @property
    def step(self) -> int:
        """Cycles from one step to the next."""
        return self._dots.interval

    def interval(self, job: int) -> int:
        """Cycles between two vectors of a job, given by its number."""
        return prod(self._bounds[job][:3]) * self.step

    def cycles(self, job: int) -> int:
        """Cycles of all of a job's vectors: from the first step to that in which the last
        result is offered, both counted."""
        return self.interval(job) * self._bounds[job][3] - self.step + self.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.loops = loops = Loops(self._bounds)
        enable = Signal()
        fire = Signal()
        within = self.step - 1
        free = pace(m, fire, last=Const(0), within=within, after=Const(0), most=within,
                    enable=enable)
        m.d.comb += [
            fire.eq((self.i.valid | ~loops.first_2) & free),
            loops.advance.eq(fire & enable),
            self.i.ready.eq(enable & loops.first_2 & loops.last_0 & free),
        ]

        # Stage 0 to 1: the word comes from the stream or from the vector kept.
        fetched = Signal()
        first = Signal()
        last = Signal()
        with m.If(enable):
            m.d.sync += [fetched.eq(fire), first.eq(loops.first_0 & loops.first_1),
                         last.eq(loops.last_0 & loops.last_1)]
        operand = self._operand(m, loops, fire & enable, enable)

        # Stage 1 to 1 + latency: the processing elements.
        m.submodules.dots = dots = self._dots
        m.d.comb += [dots.enable.eq(enable), dots.start.eq(fetched), dots.a.eq(operand),
                     dots.w.eq(self.weights.payload)]
        self._steer(m, loops, enable)
        depth = dots.latency
        valid = valid_chain(m, fetched, depth=depth, enable=enable)[-1]
        opens, closes = (registered(m, flag, enable=enable, name=name, stages=depth)
                         for flag, name in ((first, "opens"), (last, "closes")))

        # Last stage: the accumulators are the output register.
        opening = valid & opens
        m.d.comb += [
            enable.eq((self.o.ready | ~self.o.valid) & (self.weights.valid | ~fetched)
                      & self._bias_there(opening)),
            self.weights.ready.eq(enable & fetched),
        ]
        if self._bias is not None:
            m.d.comb += self.bias.ready.eq(enable & opening)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(enable):
            m.d.sync += self.o.valid.eq(valid & closes)
        for row, result in enumerate(self.o.payload):
            accumulator = Signal.like(result, name=f"accumulator_{row}", reset_less=True)
            with m.If(enable & valid):
                m.d.sync += accumulator.eq(Mux(opens, self._start(row), accumulator) + dots.o[row])
            m.d.comb += result.eq(accumulator)
        return m

    def _arriving(self, m: Module, loops: Loops) -> Value:
        """The word on ``i``, as the processing elements are to see it."""
        return self.i.payload

    def _steer(self, m: Module, loops: Loops, enable: Signal) -> None:
        """Drive what the processing elements take besides operands, in stage 1."""

    def _bias_there(self, opening: Value) -> Value:
        return Const(1) if self._bias is None else self.bias.valid | ~opening

    def _start(self, row: int) -> Value:
        return Const(0) if self._bias is None else self.bias.payload[row]

    def _operand(self, m: Module, loops: Loops, taken: Value, enable: Signal) -> Value:
        """The vector's current word, in stage 1."""
        arriving = self._arriving(m, loops)
        direct = Signal.like(self.i.payload, reset_less=True)
        with m.If(enable):
            m.d.sync += direct.eq(arriving)
        folded = [words for _, words, folds, _ in self._bounds if folds > 1]
        if not folded:
            return direct
        m.submodules.vector = memory = Memory(
            shape=self.i.payload.shape(), depth=max(2, *folded), init=[])
        write, read = memory.write_port(), memory.read_port(transparent_for=())
        kept = Signal()
        m.d.comb += [
            write.addr.eq(loops.index_1), write.data.eq(arriving),
            write.en.eq(taken & loops.first_2),
            read.addr.eq(loops.index_1), read.en.eq(enable),
        ]
        with m.If(enable):
            m.d.sync += kept.eq(~loops.first_2)
        return Mux(kept, read.data, direct)
