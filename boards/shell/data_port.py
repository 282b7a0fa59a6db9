"""A register through which a stream's beats pass."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bus.registers import WORD
from hw.streams.sequence import counter
from sw_model.formats import as_index

__all__ = ["DataPort"]

#: Bits in which samples are counted.
_SAMPLES = 16


class DataPort(wiring.Component):
    """Pass a beat for each access, and count them.

    Combinational from access to beat.

    Parameters
    ----------
    beats : int
        Of a sample.
    into : bool
        Whether beats go to the accelerator.

    Members
    -------
    access : ``In(1)``
        The register is being written (into) or read; stays until ``moves``, or gives up.
    data : ``In(32)`` if into, else ``Out(32)``
        The beat.
    beats : ``Out(stream.Signature(32))`` if into, else ``In``
    ready : ``Out(1)``
        An access would not wait.
    moves : ``Out(1)``
        The beat passes in this cycle.
    begun : ``Out(1)``
        A sample that goes in is in only in part.
    late : ``Out(1)``
        Its next beat would pass.
    samples : ``Out(16)``
        Whole ones that passed.
    """

    def __init__(self, beats: int, *, into: bool) -> None:
        self._beats, self._into = as_index("beats", beats), into
        if self._beats < 1:
            raise ValueError(f"beats must be at least 1, not {beats}")
        beat = stream.Signature(WORD)
        super().__init__({
            "access": In(1), "data": In(WORD) if into else Out(WORD),
            "beats": Out(beat) if into else In(beat), "ready": Out(1), "moves": Out(1),
            "begun": Out(1), "late": Out(1), "samples": Out(_SAMPLES)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if self._into:
            m.d.comb += [self.beats.payload.eq(self.data), self.beats.valid.eq(self.access),
                         self.ready.eq(self.beats.ready)]
        else:
            m.d.comb += [self.data.eq(self.beats.payload), self.beats.ready.eq(self.access),
                         self.ready.eq(self.beats.valid)]
        m.d.comb += self.moves.eq(self.access & self.ready)
        beat, last = counter(m, "beat", last=self._beats - 1, most=self._beats - 1,
                             advance=self.moves)
        m.d.comb += self.begun.eq((beat != 0) & self._into)
        m.d.comb += self.late.eq(self.begun & self.ready)
        with m.If(self.moves & last):
            m.d.sync += self.samples.eq(self.samples + 1)
        return m
