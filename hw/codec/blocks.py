"""Blocks that share one scale: from packed bytes to codes; only wires."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import MinifloatFormat
from sw_model.formats.blocks import BFPFormat, MXFormat, NVFormat

from ..shapes import vector_of

__all__ = ["BlockUnpacker", "ScaledBlock", "block_layout", "illegal_parts"]

#: Formats whose packed block is the scale's byte and then the codes.
ScaledBlock = BFPFormat | MXFormat | NVFormat


def block_layout(format_: ScaledBlock) -> StructLayout:
    """A block: ``codes`` of its elements and ``scales``, the code of its one scale.

    Raises
    ------
    TypeError
        If the format has other blocks.
    """
    if not isinstance(format_, ScaledBlock):
        raise TypeError(f"format_ must be a BFPFormat, MXFormat or NVFormat, not {format_!r}")
    return StructLayout({"codes": vector_of(format_.element, format_.size),
                         "scales": unsigned(8)})


class BlockUnpacker(wiring.Component):
    """Combinational: a packed block to the codes of its elements and of its scale.

    What the golden model refuses is marked, and comes out as it is.

    Sources: OCP Microscaling Formats 1.0; NVIDIA, NVFP4, 2025; as ``format_`` cites them.

    Parameters
    ----------
    format_ : BFPFormat, MXFormat or NVFormat

    Members
    -------
    i : ``In(unsigned(8 * format_.block_bytes))``
        The first byte in the low bits.
    o : ``Out(block_layout(format_))``
    illegal : ``Out(1)``
        A bit that fills up a byte is set, or integers that are symmetric hold the most negative
        one; constant where neither can be.
    """

    #: Cycles from bytes to codes.
    latency = 0

    def __init__(self, format_: ScaledBlock) -> None:
        layout = block_layout(format_)
        self._format = format_
        super().__init__({"i": In(unsigned(8 * format_.block_bytes)), "o": Out(layout),
                          "illegal": Out(1)})

    @property
    def format(self) -> ScaledBlock:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        codes = Value.cast(self.o.codes)
        illegal = [self.i[8 + len(codes):].any(),
                   *illegal_parts(self._format, list(self.o.codes), self.i[:8])]
        m.d.comb += [self.o.scales.eq(self.i[:8]), codes.eq(self.i[8:]),
                     self.illegal.eq(Cat(illegal).any())]
        return m


def illegal_parts(format_: ScaledBlock, codes: list[Value], scale: Value) -> list[Value]:
    """What says that a scale's byte or a code is none; constant where none can be."""
    width = (format_.scale if isinstance(format_, NVFormat) else format_.SCALE).width
    least = format_.element.min
    return [scale[width:].any(), *(code == least for code in codes if _symmetric_integers(format_))]


def _symmetric_integers(format_: ScaledBlock) -> bool:
    """Whether the most negative code of an element is none."""
    if isinstance(format_.element, MinifloatFormat):
        return False
    return isinstance(format_, NVFormat) or format_.symmetric
