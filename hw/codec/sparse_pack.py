# amaranth: UnusedElaboratable=no
"""N:M sparse blocks in bytes: a stream of bits for the values, and one for their places."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.formats.packing import bytes_for
from sw_model.formats.sparse import SparseFormat

from .sparse import illegal_block, sparse_layout

__all__ = ["SparsePacker", "SparseUnpacker", "streams_layout"]

#: Parts of a block, each of which has a stream.
PARTS = ("values", "places")


def streams_layout(format_: SparseFormat, blocks: int) -> StructLayout:
    """Bytes of the ``values`` and of the ``places`` of so many blocks, the first in the low bits.

    Raises
    ------
    TypeError, ValueError
        If the format is none, or blocks of one element, or there is no block.
    """
    sparse_layout(format_)
    count = as_index("blocks", blocks) * format_.keep
    if count < 1:
        raise ValueError(f"blocks must be at least 1, not {blocks}")
    widths = (format_.element.width, format_.place_width)
    return StructLayout({name: 8 * bytes_for(count, width)
                         for name, width in zip(PARTS, widths, strict=True)})


class _SparseBytes(wiring.Component):
    """What packer and unpacker share: parameters and layouts."""

    #: Cycles from input to output.
    latency = 0

    def __init__(self, format_: SparseFormat, blocks: int, *, pack: bool) -> None:
        streams = streams_layout(format_, blocks)
        self._format, self._blocks = format_, as_index("blocks", blocks)
        whole = ArrayLayout(sparse_layout(format_), self._blocks)
        super().__init__({"i": In(whole if pack else streams), "o": Out(streams if pack else whole),
                          "illegal": Out(1)})

    @property
    def format(self) -> SparseFormat:
        return self._format

    @property
    def blocks(self) -> int:
        return self._blocks

    def _illegal(self, m: Module, blocks: Any) -> list[Value]:
        return [illegal_block(m, self._format, block, f"block_{k}")
                for k, block in enumerate(blocks)]


class SparsePacker(_SparseBytes):
    """Combinational: blocks to the bytes of their values and of their places; only wires.

    Parameters
    ----------
    format_ : SparseFormat
    blocks : int
        That lie in a row, at least 1.

    Members
    -------
    i : ``In(ArrayLayout(sparse_layout(format_), blocks))``
    o : ``Out(streams_layout(format_, blocks))``
        What fills up the last byte of each is 0.
    illegal : ``Out(1)``
        Places of a block do not ascend, or one is beyond it, or a value is no code.
    """

    def __init__(self, format_: SparseFormat, blocks: int = 1) -> None:
        super().__init__(format_, blocks, pack=True)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        blocks = list(self.i)
        m.d.comb += [self.o[name].eq(Cat(Value.cast(block[name]) for block in blocks))
                     for name in PARTS]
        m.d.comb += self.illegal.eq(Cat(self._illegal(m, blocks)).any())
        return m


class SparseUnpacker(_SparseBytes):
    """Combinational: bytes of values and of places to blocks, the inverse of the packer.

    Parameters
    ----------
    format_ : SparseFormat
    blocks : int
        That lie in a row, at least 1.

    Members
    -------
    i : ``In(streams_layout(format_, blocks))``
    o : ``Out(ArrayLayout(sparse_layout(format_), blocks))``
    illegal : ``Out(1)``
        As the packer has it, or a bit that fills up a last byte is set.
    """

    def __init__(self, format_: SparseFormat, blocks: int = 1) -> None:
        super().__init__(format_, blocks, pack=False)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        blocks, rests = list(self.o), []
        for name in PARTS:
            width = len(Value.cast(blocks[0][name]))
            m.d.comb += [Value.cast(block[name]).eq(self.i[name].word_select(k, width))
                         for k, block in enumerate(blocks)]
            rests.append(self.i[name][width * self._blocks:].any())
        m.d.comb += self.illegal.eq(Cat(rests, self._illegal(m, blocks)).any())
        return m
