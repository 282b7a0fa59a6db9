# amaranth: UnusedElaboratable=no
"""Rotations by Hadamard matrices: butterflies within words, and between words that wait."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.formats import Format, as_index
from sw_model.specs import HadamardSpec

from ..arith.registered import registered
from ..shapes import shape_of, vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["Butterflies", "HadamardUnit", "WordButterfly"]


class HadamardUnit(wiring.Component):
    """``y = H x`` for vectors of ``spec.size`` elements, ``H`` Sylvester's; exact.

    Takes and offers a word a cycle in steady state; a vector is ``size / lanes`` words, in its
    natural order on both sides, and comes out whether or not another follows. Levels of
    butterflies whose halves lie in different words come first, each with a memory of half of its
    words (as in a single-path delay-feedback Fourier transform: ``size / lanes - 1`` words in
    all), while elements are still narrow; then those within a word, a register behind each.
    With ``lanes = size`` there are only the latter.

    Parameters
    ----------
    spec : HadamardSpec
    lanes : int
        A power of two, 1 to ``spec.size``.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: HadamardSpec, lanes: int) -> None:
        if not isinstance(spec, HadamardSpec):
            raise TypeError(f"spec must be a HadamardSpec, not {spec!r}")
        lanes = as_index("lanes", lanes)
        if lanes < 1 or spec.size % lanes:
            raise ValueError(f"lanes must divide the {spec.size} elements of a vector, "
                             f"not {lanes}")
        self._spec, self._lanes = spec, lanes
        self._between = (spec.size // lanes).bit_length() - 1
        super().__init__({"i": In(stream.Signature(vector_of(spec.source, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.target, lanes)))})

    @property
    def spec(self) -> HadamardSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def words(self) -> int:
        """Of a vector."""
        return self._spec.size // self._lanes

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's last word to offering the first of its result."""
        return self._spec.stages

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec, last = Module(), self._spec, flipped(self.i)
        for stage in range(self._between):
            far = self.words >> stage + 1
            m.submodules[f"between_{far}"] = part = WordButterfly(
                spec.after(stage), spec.after(stage + 1), self._lanes, far)
            connect(m, last, part.i)
            last = part.o
        if self._lanes > 1:
            m.submodules.within = within = Butterflies(spec, self._between, self._lanes)
            connect(m, last, within.i)
            last = within.o
        connect(m, last, flipped(self.o))
        return m


class Butterflies(wiring.Component):
    """All levels within words of a vector's elements.

    Takes and offers a word a cycle.

    Parameters
    ----------
    spec : HadamardSpec
    before : int
        Levels that the elements have gone through.
    lanes : int
        A power of two.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.after(before), lanes)))``
    o : ``Out(stream.Signature(vector_of(..., lanes)))``
        Of ``spec.after(before + log2(lanes))``.
    """

    interval = 1

    def __init__(self, spec: HadamardSpec, before: int, lanes: int) -> None:
        self._lanes = lanes
        self._formats = [spec.after(before + k) for k in range(lanes.bit_length())]
        super().__init__({"i": In(stream.Signature(vector_of(self._formats[0], lanes))),
                          "o": Out(stream.Signature(vector_of(self._formats[-1], lanes)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return len(self._formats) - 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        level: list[Value] = [self.i.payload[lane] for lane in range(self._lanes)]
        for stage, form in enumerate(self._formats[1:]):
            far, sums = 1 << stage, []
            for lane, value in enumerate(level):
                total = Signal(shape_of(form), name=f"sum_{stage}_{lane}")
                other = level[lane ^ far]
                m.d.comb += total.eq(other - value if lane & far else value + other)
                sums.append(registered(m, total, enable=enable, name=f"level_{stage}_{lane}"))
            level = sums
        m.d.comb += [self.o.payload[lane].eq(value) for lane, value in enumerate(level)]
        return m


class WordButterfly(wiring.Component):
    """A level between words: sums of a word and the one ``far`` later, then the differences.

    Takes and offers a word a cycle. The first ``far`` words of a block of twice as many wait in
    a memory, in which the differences replace them as the others come; they come out while the
    next block's first words take their places, or alone where none follow.

    Parameters
    ----------
    source, target : Format
        Of the elements on both sides.
    lanes : int
    far : int
        Words from one operand to the other.

    Members
    -------
    i : ``In(stream.Signature(vector_of(source, lanes)))``
    o : ``Out(stream.Signature(vector_of(target, lanes)))``
    """

    interval = 1

    def __init__(self, source: Format, target: Format, lanes: int, far: int) -> None:
        self._target, self._lanes, self._far = target, lanes, far
        super().__init__({"i": In(stream.Signature(vector_of(source, lanes))),
                          "o": Out(stream.Signature(vector_of(target, lanes)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a block's word number ``far`` to offering the first sum."""
        return 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m, o = Module(), self.o
        # Whether sums come out now; whether there are differences to come out.
        combining = Signal()
        pending = Signal()
        write, read = (Signal(range(self._far), name=name) for name in ("write", "read"))
        free, give, combine, load = (Signal(name=name)
                                     for name in ("free", "give", "combine", "load"))
        m.d.comb += [
            free.eq(o.ready | ~o.valid),
            give.eq(pending & free),
            # A place is free once its difference is given.
            self.i.ready.eq(Mux(combining, free, ~pending | (write != read) | free)),
            combine.eq(combining & self.i.valid & self.i.ready),
            load.eq(~combining & self.i.valid & self.i.ready)]

        stored, given = (Signal(vector_of(self._target, self._lanes), name=name)
                         for name in ("stored", "given"))
        first = self._memory(m, stored, write, load | combine,
                             Mux(give | combine, self._next(read), read))
        for lane in range(self._lanes):
            a, b = first[lane], self.i.payload[lane]
            m.d.comb += [stored[lane].eq(Mux(combining, a - b, b)),
                         given[lane].eq(Mux(combining, a + b, a))]

        with m.If(free):
            m.d.sync += [o.valid.eq(give | combine), o.payload.eq(given)]
        with m.If(give | combine):
            m.d.sync += read.eq(self._next(read))
        with m.If(load | combine):
            m.d.sync += write.eq(self._next(write))
        with m.If(give & (read == self._far - 1)):
            m.d.sync += pending.eq(0)
        with m.If((load | combine) & (write == self._far - 1)):
            m.d.sync += [combining.eq(~combining), pending.eq(combining)]
        return m

    def _next(self, place: Value) -> Value:
        # Powers of two wrap by themselves.
        return (place + 1)[:len(place)]

    def _memory(self, m: Module, data: Any, place: Value, enable: Value, ahead: Value) -> Any:
        """What is kept at the place that ``ahead`` was a cycle ago; ``data`` goes to ``place``."""
        if self._far == 1:
            kept = Signal(data.shape(), name="kept", reset_less=True)
            with m.If(enable):
                m.d.sync += kept.eq(data)
            return kept
        m.submodules.words = memory = Memory(shape=data.shape(), depth=self._far, init=[])
        # A place that is written while it is read is read again before it is needed: operands
        # come at least two cycles after the first of them, and differences later.
        port, read = memory.write_port(), memory.read_port()
        m.d.comb += [port.addr.eq(place), port.data.eq(data), port.en.eq(enable),
                     read.addr.eq(ahead)]
        return read.data
