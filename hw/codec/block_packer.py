# amaranth: UnusedElaboratable=no
"""From the fields of a block to its packed bytes, for every block format that has hardware."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats.blocks.bitmod import BitModFormat
from sw_model.formats.blocks.gguf import GgufFormat
from sw_model.formats.blocks.olive import OliveFormat

from .blocks import ScaledBlock, block_layout, illegal_parts
from .gguf_pack import gguf_bytes, gguf_illegal, gguf_layout
from .olive import illegal_pair

__all__ = ["BlockPacker", "PackedBlock", "fields_layout"]

#: Formats that have a packer.
PackedBlock = ScaledBlock | GgufFormat | BitModFormat | OliveFormat


def fields_layout(format_: PackedBlock) -> StructLayout:
    """The golden model's fields of one block, by their names; without what a tensor shares.

    Raises
    ------
    TypeError
        If there is no packer for the format.
    """
    if isinstance(format_, ScaledBlock):
        return block_layout(format_)
    if isinstance(format_, GgufFormat):
        return gguf_layout(format_)
    if isinstance(format_, BitModFormat):
        return StructLayout({"codes": ArrayLayout(unsigned(format_.width), format_.size),
                             "special": unsigned(2), "scales": unsigned(7)})
    if isinstance(format_, OliveFormat):
        return StructLayout({"codes": ArrayLayout(unsigned(format_.normal.width), 2)})
    raise TypeError(f"format_ must be a format of blocks with hardware, not {format_!r}")


class BlockPacker(wiring.Component):
    """Combinational: the fields of a block to its bytes, as ``format_.pack`` has them.

    Parameters
    ----------
    format_ : BFPFormat, MXFormat, NVFormat, GgufFormat, BitModFormat, OliveFormat

    Members
    -------
    i : ``In(fields_layout(format_))``
    o : ``Out(unsigned(8 * format_.block_bytes))``
        The first byte in the low bits; what fills up the last one is 0. Means nothing if the
        fields are illegal.
    illegal : ``Out(1)``
        A field holds what is no code of the format: the most negative of symmetric integers, a
        scale or an entry that does not exist, four of Sherry's weights without exactly one
        zero, an OliVe victim beside a magnitude of zero. Constant where no pattern is illegal.
    """

    #: Cycles from fields to bytes.
    latency = 0

    def __init__(self, format_: PackedBlock) -> None:
        layout = fields_layout(format_)
        self._format = format_
        super().__init__({"i": In(layout), "o": Out(unsigned(8 * format_.block_bytes)),
                          "illegal": Out(1)})

    @property
    def format(self) -> PackedBlock:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        data, illegal = self._packed(m)
        m.d.comb += [self.o.eq(data), self.illegal.eq(Cat(illegal).any())]
        return m

    def _packed(self, m: Module) -> tuple[Value, list[Value]]:
        """The bytes, and what says that a field is illegal."""
        form, fields = self._format, self.i
        codes = [Value.cast(code) for code in fields.codes]
        if isinstance(form, GgufFormat):
            return gguf_bytes(form, fields, m), gguf_illegal(form, fields, m)
        if isinstance(form, BitModFormat):
            filled = Const(0, 8 * (form.block_bytes - 2) - form.width * form.size)
            return Cat(codes, filled, fields.scales, Const(0, 1), fields.special), []
        if isinstance(form, OliveFormat):
            # Of codes of four bits the first lies in the high nibble.
            in_order = codes if form.normal.width == 8 else codes[::-1]
            return Cat(in_order), [illegal_pair(form, codes)]
        return Cat(fields.scales, codes), illegal_parts(form, codes, fields.scales)
