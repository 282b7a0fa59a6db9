"""AXI4-Stream, by which DMA engines move data, before and behind an accelerator's streams."""

from __future__ import annotations

from typing import Any

from amaranth import Module, ResetInserter, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..streams import Skid
from ..streams.sequence import counter

__all__ = ["AxiStream", "AxiStreamInput", "AxiStreamOutput", "data_width"]


def data_width(width: int) -> int:
    """Bits of TDATA for words of ``width`` bits: a power of two of bytes.

    >>> [data_width(width) for width in (1, 8, 9, 17, 32, 33)]
    [8, 8, 16, 32, 32, 64]
    """
    return max(8, 1 << (width - 1).bit_length())


class AxiStream(wiring.Signature):
    """AXI4-Stream as the transmitter sees it: a word a transfer, a sample a packet.

    Without TKEEP and TSTRB, all bytes count. Source: "AMBA AXI-Stream Protocol Specification",
    ARM IHI 0051.

    Parameters
    ----------
    width : int
        Bits of an accelerator's word, which lies in the low bits of TDATA.

    Members
    -------
    tdata : ``Out(data_width(width))``
    tvalid : ``Out(1)``
    tready : ``In(1)``
    tlast : ``Out(1)``
        On the last word of a sample.
    """

    def __init__(self, width: int) -> None:
        self._width = as_index("width", width)
        if self._width < 1:
            raise ValueError(f"width must be at least 1, not {width}")
        super().__init__({"tdata": Out(data_width(self._width)), "tvalid": Out(1),
                          "tready": In(1), "tlast": Out(1)})

    @property
    def width(self) -> int:
        """Bits of an accelerator's word."""
        return self._width


class _Words(wiring.Component):
    """What both directions share: checked parameters, and a word a cycle."""

    #: Cycles from accepting a word to offering it.
    latency = 1
    #: Cycles for each word.
    interval = 1

    def __init__(self, width: int, words: int, **members: wiring.Member) -> None:
        self._axi, self._words = AxiStream(width), as_index("words", words)
        if self._words < 1:
            raise ValueError(f"words must be at least 1, not {words}")
        super().__init__(members | {"clear": In(1)})

    @property
    def width(self) -> int:
        """Bits of an accelerator's word."""
        return self._axi.width

    @property
    def words(self) -> int:
        """Words of a sample."""
        return self._words


class AxiStreamInput(_Words):
    """Words of samples out of packets, each of which is one sample, whatever its length.

    A packet that ends early has its last word repeated until the sample is whole, and of one
    that goes on, everything up to TLAST is dropped. So the accelerator never waits for the rest
    of a sample that will not come, a packet in is a sample out at its other end, and the next
    packet is in step again; ``misplaced`` tells that the result of this one means nothing.

    ``clear`` goes with a reset of the accelerator. It drops what waits here, and the next word is
    the first of a sample: the rest of a packet of which a part was lost, if it comes after all,
    counts as a packet of its own, most likely a misplaced one.

    Parameters
    ----------
    width : int
        Bits of a word; further bits of TDATA are ignored.
    words : int
        Words of a sample.

    Members
    -------
    axi : ``In(AxiStream(width))``
        TREADY comes from a register.
    o : ``Out(stream.Signature(width))``
        ``words`` words a packet, a word a cycle.
    misplaced : ``Out(1)``
        One cycle for each packet that is too short or too long.
    clear : ``In(1)``
    """

    def __init__(self, width: int, words: int) -> None:
        super().__init__(width, words, axi=In(AxiStream(width)), o=Out(stream.Signature(width)),
                         misplaced=Out(1))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.skid = skid = Skid(_word(self.width))
        word, out, moves = skid.o.payload, self.o, Signal()
        _, whole = counter(m, "word", last=self.words - 1, most=self.words - 1, advance=moves)
        m.d.comb += [
            skid.i.payload.data.eq(self.axi.tdata), skid.i.payload.last.eq(self.axi.tlast),
            skid.i.valid.eq(self.axi.tvalid), self.axi.tready.eq(skid.i.ready),
            out.payload.eq(word.data), moves.eq(out.valid & out.ready),
        ]
        with m.FSM():
            with m.State("pass"):
                m.d.comb += out.valid.eq(skid.o.valid)
                m.d.comb += skid.o.ready.eq(out.ready & (whole | ~word.last))
                with m.If(moves & (word.last != whole)):
                    m.d.comb += self.misplaced.eq(1)
                    m.next = "repeat"
                    with m.If(whole):
                        m.next = "drop"
            with m.State("repeat"):
                m.d.comb += out.valid.eq(1)
                m.d.comb += skid.o.ready.eq(out.ready & whole)
                with m.If(moves & whole):
                    m.next = "pass"
            with m.State("drop"):
                m.d.comb += skid.o.ready.eq(1)
                with m.If(skid.o.valid & word.last):
                    m.next = "pass"
        return ResetInserter(self.clear)(m)


class AxiStreamOutput(_Words):
    """Packets of the words of samples: TLAST on a sample's last word.

    ``clear`` goes with a reset of the accelerator. A packet that was begun is whole nevertheless,
    with words that mean nothing in the place of those that will not come: TVALID stays until
    TREADY, and what receives the packet is in step with the next.

    Parameters
    ----------
    width : int
        Bits of a word; further bits of TDATA are zero.
    words : int
        Words of a sample.

    Members
    -------
    i : ``In(stream.Signature(width))``
        ``words`` words a sample.
    axi : ``Out(AxiStream(width))``
        A word a cycle; everything comes from registers.
    clear : ``In(1)``
    """

    def __init__(self, width: int, words: int) -> None:
        super().__init__(width, words, i=In(stream.Signature(width)), axi=Out(AxiStream(width)))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.skid = skid = Skid(_word(self.width))
        moves, cut, fills = Signal(), Signal(), Signal()
        place, last = counter(m, "word", last=self.words - 1, most=self.words - 1, advance=moves)
        m.d.sync += cut.eq(self.clear | fills)
        m.d.comb += [
            fills.eq(cut & (place != 0)),
            skid.i.payload.data.eq(self.i.payload), skid.i.payload.last.eq(last),
            skid.i.valid.eq(self.i.valid | fills), self.i.ready.eq(skid.i.ready & ~fills),
            moves.eq(skid.i.valid & skid.i.ready),
            self.axi.tdata.eq(skid.o.payload.data), self.axi.tlast.eq(skid.o.payload.last),
            self.axi.tvalid.eq(skid.o.valid), skid.o.ready.eq(self.axi.tready),
        ]
        return m


def _word(width: int) -> StructLayout:
    return StructLayout({"data": width, "last": 1})
