"""Blocks of GGUF files: from the bytes of one to its elements, and to its scales as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from amaranth import Array, Cat, Const, Module, Shape, Value, signed, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats.blocks.gguf import GGUF_FORMATS, GgufFormat
from sw_model.formats.blocks.gguf_ternary import RUNS
from sw_model.formats.blocks.sherry import STQ1_0Format

from ..shapes import fixed_shape
from .sherry import sherry_weights
from .trits import trit_pairs_of, trits_of

__all__ = ["BLOCKS", "HALF", "Block", "GgufUnpacker", "shared_fields"]


class Bytes:
    """A block's word, byte by byte."""

    def __init__(self, word: Value) -> None:
        self._word = word

    def __getitem__(self, place: int) -> Value:
        return self._word[8 * place:8 * place + 8]

    def half(self, place: int) -> Value:
        """A pattern of FP16."""
        return self._word[8 * place:8 * place + 16]

    def nibbles(self, first: int, count: int, run: int) -> list[Value]:
        """``count`` nibbles: of every ``run`` the first half are low ones, the others high."""
        found = []
        for k in range(count):
            start, upper, at = k // run, k % run // (run // 2), k % (run // 2)
            byte = self[first + start * run // 2 + at]
            found.append(byte[4:] if upper else byte[:4])
        return found


class Block(NamedTuple):
    """How one type of block is unpacked.

    Members
    -------
    form : GgufFormat
    shared : mapping of str to (shape, count)
        The fields besides the elements; of count 0 those that a block has one of.
    unpack : callable
        Of the bytes and a module: elements and fields, by name, as lists or single values.
    """

    form: GgufFormat
    shared: dict[str, tuple[Shape, int]]
    unpack: Callable[[Bytes, Module], dict[str, list[Value] | Value]]


def _q4_0(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    codes = data.nibbles(2, 32, 32)
    return {"elements": [_middle(code) for code in codes], "scales": data.half(0)}


def _q4_1(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    return {"elements": data.nibbles(4, 32, 32), "scales": data.half(0), "minima": data.half(2)}


def _q8_0(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    return {"elements": [data[2 + k].as_signed() for k in range(32)], "scales": data.half(0)}


def _q4_k(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    fields: dict[str, list[Value] | Value] = {"elements": data.nibbles(16, 256, 64),
                                              "d": data.half(0), "dmin": data.half(2)}
    # Six bits each of the first four lie at the bottom of a byte; the top two of such a byte
    # and a nibble further on make one of the last four.
    for name, first, nibble in (("scales", 4, 0), ("minima", 8, 4)):
        fields[name] = [data[first + k][:6] for k in range(4)] + [
            Cat(data[12 + k].bit_select(nibble, 4), data[first + k][6:]) for k in range(4)]
    return fields


def _q6_k(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    elements = []
    for k, low in enumerate(data.nibbles(0, 256, 128)):
        part, run, at = k // 128, k % 128 // 32, k % 32
        high = data[128 + 32 * part + at].bit_select(2 * run, 2)
        elements.append(_middle(Cat(low, high)))
    return {"elements": elements, "d": data.half(208),
            "scales": [data[192 + k].as_signed() for k in range(16)]}


def _iq4_nl(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    table = GGUF_FORMATS["iq4_nl"].element
    return {"elements": _looked_up(table, data.nibbles(2, 32, 32)), "scales": data.half(0)}


def _mxfp4(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    table = GGUF_FORMATS["gguf_mxfp4"].element
    return {"elements": _looked_up(table, data.nibbles(1, 32, 32)), "scales": data[0]}


def _nvfp4(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    table = GGUF_FORMATS["gguf_nvfp4"].element
    return {"elements": _looked_up(table, data.nibbles(4, 64, 16)),
            "scales": [data[k] for k in range(4)]}


def _tq1_0(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    elements, place = [], 0
    for _, trits, count in RUNS:
        columns = [trits_of(data[place + k], m, f"byte_{place + k}", trits) for k in range(count)]
        elements += [column[row] for row in range(trits) for column in columns]
        place += count
    return {"elements": elements, "scales": data.half(place)}


def _tq2_0(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    elements = []
    for part in range(2):
        columns = [trit_pairs_of(data[32 * part + k]) for k in range(32)]
        elements += [column[row] for row in range(4) for column in columns]
    return {"elements": elements, "scales": data.half(64)}


def _stq1_0(data: Bytes, m: Module) -> dict[str, list[Value] | Value]:
    # Weights of a code lie 16 apart: sixteen codes are four runs of sixteen.
    codes = [Cat(data[k // 2].bit_select(k % 2 * 4, 4), data[32 + k // 8][k % 8])
             for k in range(64)]
    weights = [sherry_weights(code) for code in codes]
    elements = [weights[16 * run + k][lane]
                for run in range(4) for lane in range(4) for k in range(16)]
    return {"elements": elements, "scales": data.half(40)}


def _middle(code: Value) -> Value:
    """A code less the middle of its range."""
    return Cat(code[:-1], ~code[-1]).as_signed()


def _looked_up(table: Any, codes: list[Value]) -> list[Value]:
    """Entries of a codebook on its grid."""
    shape = fixed_shape(table)
    entries = [Const(int(entry), shape) for entry in table.to_fixed(range(len(table.entries)))]
    return [Array(entries)[code] for code in codes]


#: An FP16 that a block has one of.
HALF = (unsigned(16), 0)

#: Types of blocks by their formats' canonical spelling.
BLOCKS: dict[str, Block] = {str(form): Block(form, shared, unpack) for form, shared, unpack in (
    (GGUF_FORMATS["q4_0"], {"scales": HALF}, _q4_0),
    (GGUF_FORMATS["q4_1"], {"scales": HALF, "minima": HALF}, _q4_1),
    (GGUF_FORMATS["q8_0"], {"scales": HALF}, _q8_0),
    (GGUF_FORMATS["q4_k"], {"scales": (unsigned(6), 8), "minima": (unsigned(6), 8), "d": HALF,
                            "dmin": HALF}, _q4_k),
    (GGUF_FORMATS["q6_k"], {"scales": (signed(8), 16), "d": HALF}, _q6_k),
    (GGUF_FORMATS["iq4_nl"], {"scales": HALF}, _iq4_nl),
    (GGUF_FORMATS["gguf_mxfp4"], {"scales": (unsigned(8), 0)}, _mxfp4),
    (GGUF_FORMATS["gguf_nvfp4"], {"scales": (unsigned(8), 4)}, _nvfp4),
    (GGUF_FORMATS["tq1_0"], {"scales": HALF}, _tq1_0),
    (GGUF_FORMATS["tq2_0"], {"scales": HALF}, _tq2_0),
    (STQ1_0Format(), {"scales": HALF}, _stq1_0),
)}


def shared_fields(shared: dict[str, tuple[Shape, int]]) -> dict[str, Any]:
    """Layouts of the fields that :class:`Block` counts."""
    return {name: ArrayLayout(shape, count) if count else shape
            for name, (shape, count) in shared.items()}


class GgufUnpacker(wiring.Component):
    """Combinational: a packed block to its elements and scales.

    Elements are integers on the grid of ``format_.element``: halves for ``gguf_mxfp4`` and
    ``gguf_nvfp4``, units for the others. Scales stay patterns: ``d * scale * element`` takes
    floating point, and is nothing for a decoder.

    Source: GGUF's block types, as ``format_`` cites them; STQ1_0 of the public Sherry kernels.

    Parameters
    ----------
    format_ : GgufFormat
        One of :data:`BLOCKS`.

    Members
    -------
    i : ``In(unsigned(8 * format_.block_bytes))``
        The first byte in the low bits.
    o : ``Out(StructLayout)``
        ``elements``, ``ArrayLayout(fixed_shape(format_.element), format_.size)``, and the
        golden model's fields of these names: ``scales``, ``minima``, ``d`` and ``dmin``, each
        if the format has it.
    """

    #: Cycles from block to elements.
    latency = 0

    def __init__(self, format_: GgufFormat) -> None:
        if str(format_) not in BLOCKS or BLOCKS[str(format_)].form != format_:
            raise TypeError(f"format_ must be one of {', '.join(BLOCKS)}, not {format_!r}")
        self._format = format_
        elements = ArrayLayout(fixed_shape(format_.element), format_.size)
        fields = {"elements": elements, **shared_fields(BLOCKS[str(format_)].shared)}
        super().__init__({"i": In(unsigned(8 * format_.block_bytes)),
                          "o": Out(StructLayout(fields))})

    @property
    def format(self) -> GgufFormat:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        for name, found in BLOCKS[str(self._format)].unpack(Bytes(self.i), m).items():
            target = self.o[name]
            if isinstance(found, list):
                m.d.comb += [target[k].eq(value) for k, value in enumerate(found)]
            else:
                m.d.comb += target.eq(found)
        return m
