# amaranth: UnusedElaboratable=no
"""Decoders and encoders between streams, one for each lane, with a register behind them."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable

from sw_model.formats import Format, Overflow, Rounding

from ..arith.registered import registered
from ..rescale.lane_unit import Lane, LaneUnit
from ..shapes import fixed_shape, shape_of
from .decode import Decoder
from .encode import Encoder

__all__ = ["DecodeUnit", "DecoderLane", "EncodeUnit", "EncoderLane"]


class DecodeUnit(LaneUnit):
    """Codes to integers on the format's grid, a word a cycle, one cycle later.

    NaN and infinities become zero; see :class:`hw.codec.decode.Decoder`.

    Parameters
    ----------
    format_ : Format
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(vector_of(format_, lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(fixed_shape(format_), lanes)))``
    """

    def __init__(self, format_: Format, lanes: int) -> None:
        super().__init__(lanes, DecoderLane, format_)


class DecoderLane(Lane):
    """One lane of :class:`DecodeUnit`."""

    latency = 1

    def __init__(self, format_: Format) -> None:
        self._decoder = Decoder(format_)
        super().__init__(shape_of(format_), fixed_shape(format_), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.decoder = decoder = self._decoder
        m.d.comb += [decoder.i.eq(self.i),
                     self.o.eq(registered(m, decoder.o, enable=self.enable, name="decoded"))]
        return m


class EncodeUnit(LaneUnit):
    """Codes of one format to those of another, a word a cycle, one cycle later.

    Numbers beyond the target's range saturate or become special, as ``overflow`` has it; see
    :class:`hw.codec.encode.Encoder`.

    Parameters
    ----------
    source, target : Format
    lanes : int
    rounding : Rounding
    overflow : Overflow or None
        None for the target's own way.

    Members
    -------
    i : ``In(stream.Signature(vector_of(source, lanes)))``
    o : ``Out(stream.Signature(vector_of(target, lanes)))``
    """

    def __init__(self, source: Format, target: Format, lanes: int, *,
                 rounding: Rounding = Rounding.HALF_EVEN, overflow: Overflow | None = None) -> None:
        super().__init__(lanes, EncoderLane, source, target, rounding, overflow)


class EncoderLane(Lane):
    """One lane of :class:`EncodeUnit`."""

    latency = 1

    def __init__(self, source: Format, target: Format, rounding: Rounding,
                 overflow: Overflow | None) -> None:
        self._encoder = Encoder(source, target, rounding=rounding, overflow=overflow)
        super().__init__(shape_of(source), shape_of(target), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.encoder = encoder = self._encoder
        m.d.comb += [encoder.i.eq(self.i),
                     self.o.eq(registered(m, encoder.o, enable=self.enable, name="encoded"))]
        return m
