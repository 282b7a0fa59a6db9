"""An accelerator as a build folder has it, with counters of what goes through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, ClockSignal, Instance, Module, ResetInserter, ResetSignal, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.streams.sequence import counter
from verif.manifest import Stream

__all__ = ["Accelerator"]

#: Bits in which samples are counted: an accelerator holds fewer than that many.
_SAMPLES = 8

#: Bits of the latency.
_CYCLES = 32


class Accelerator(wiring.Component):
    """The module of a build folder, byte for byte, and what a host wants to know of it.

    Parameters
    ----------
    top : str
        The module, whose Verilog is given to the tools beside that of this component.
    streams : sequence of Stream
        Of the manifest.
    clock, reset : str
        Of the manifest.

    Members
    -------
    one for each stream, of its name : ``In`` or ``Out(stream.Signature(width))``
        As the manifest says, words as plain bits.
    clear : ``In(1)``
        Resets the module, and forgets the samples under way.
    moved : ``Out(1)``
        A word goes in or out in this cycle.
    part : ``Out(1)``
        A sample is in only in part: of one input, or of some inputs and not of others.
    waits : ``Out(1)``
        The next word of such a sample would be taken: it is the host who is late.
    busy : ``Out(1)``
        More samples began than came out whole.
    latency : ``Out(32)``
        Cycles from the first word in to the last word out, of the last sample that began while
        none was under way.
    """

    def __init__(self, top: str, streams: Sequence[Stream], *, clock: str = "clk",
                 reset: str = "rst") -> None:
        self._top, self._streams = top, tuple(streams)
        self._clock, self._reset = clock, reset
        super().__init__({
            **{each.name: (In if each.direction == "in" else Out)(stream.Signature(each.width))
               for each in self._streams},
            "clear": In(1), "moved": Out(1), "part": Out(1), "waits": Out(1), "busy": Out(1),
            "latency": Out(_CYCLES)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.network = self._instance()
        m.submodules.counts = ResetInserter(self.clear)(counts := Module())
        into = [self._count(counts, each) for each in self._streams if each.direction == "in"]
        out = [self._count(counts, each) for each in self._streams if each.direction == "out"]
        began, ended = Cat(each.moves for each in into).any(), Signal()
        first = into[0].samples if into else out[0].samples
        m.d.comb += [
            self.moved.eq(began | Cat(each.moves for each in out).any()),
            self.part.eq(Cat((each.begun for each in into),
                             (each.samples != first for each in into)).any()),
            self.waits.eq(self.part & Cat(each.ready for each in into).any()),
            self.busy.eq(self.part | Cat(each.samples != first for each in out).any()),
        ]
        # The sample that is measured is out once every output has ended one more than before.
        cycle, measures, before = Signal(_CYCLES), Signal(), Signal(_SAMPLES)
        m.d.comb += ended.eq(Cat((each.samples + each.ends)[:_SAMPLES] != before
                                 for each in out).all())
        with counts.If(began & ~self.busy):
            counts.d.sync += [cycle.eq(1), measures.eq(1), before.eq(first)]
        with counts.Elif(measures):
            counts.d.sync += cycle.eq(cycle + 1)
        with counts.If(ended & measures):
            counts.d.sync += [self.latency.eq(cycle), measures.eq(0)]
        return m

    def _instance(self) -> Instance:
        ports: dict[str, Any] = {f"i_{self._clock}": ClockSignal(),
                                 f"i_{self._reset}": ResetSignal() | self.clear}
        for each in self._streams:
            ours, theirs = ("i", "o") if each.direction == "in" else ("o", "i")
            member = getattr(self, each.name)
            ports |= {f"{ours}_{each.name}__payload": Value.cast(member.payload),
                      f"{ours}_{each.name}__valid": member.valid,
                      f"{theirs}_{each.name}__ready": member.ready}
        return Instance(self._top, **ports)

    def _count(self, m: Module, each: Stream) -> _Counted:
        member = getattr(self, each.name)
        found = _Counted(each.name, member.ready)
        m.d.comb += found.moves.eq(member.valid & member.ready)
        word, last = counter(m, f"{each.name}_word", last=each.words - 1, most=each.words - 1,
                             advance=found.moves)
        m.d.comb += [found.begun.eq(word != 0), found.ends.eq(found.moves & last)]
        with m.If(found.ends):
            m.d.sync += found.samples.eq(found.samples + 1)
        return found


class _Counted:
    """Of one stream: whether a word moves, a sample has begun, ends; how many ended."""

    def __init__(self, name: str, ready: Value) -> None:
        self.ready = ready
        self.moves = Signal(name=f"{name}_moves")
        self.begun = Signal(name=f"{name}_begun")
        self.ends = Signal(name=f"{name}_ends")
        self.samples = Signal(_SAMPLES, name=f"{name}_samples")
