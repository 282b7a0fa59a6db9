# amaranth: UnusedElaboratable=no
"""OliVe's pairs: two normal values, or an outlier beside its victim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats.blocks.olive import OliveFormat
from sw_model.formats.blocks.olive_codes import Normal

from ..arith.shift import shift_left

__all__ = ["OliveFixedUnpacker", "OliveUnpacker", "illegal_pair"]


def illegal_pair(format_: OliveFormat, codes: Sequence[Value]) -> Value:
    """Whether two codes are no pair: a victim stands beside a magnitude of 0."""
    victims = [code == format_.identifier for code in codes]
    return victims[0] & ~codes[1].any() | victims[1] & ~codes[0].any()


class OliveUnpacker(wiring.Component):
    """Combinational: a packed pair to two numbers ``integer << exponent``.

    Source: OliVe, ISCA 2023; abfloat outliers and their decoder.

    Parameters
    ----------
    format_ : OliveFormat
        Normal values and the bias of the outliers' exponent.

    Members
    -------
    i : ``In(unsigned(8))``
        A byte, its first code in the high nibble; for int8 two bytes, ``unsigned(16)``, the
        first code in the low one.
    exponents : ``Out(ArrayLayout(unsigned(...), 2))``
        As wide as the largest exponent.
    integers : ``Out(ArrayLayout(signed(...), 2))``
        int4: signed(4); flint4: signed(3); int8: signed(8). Zero for victims.
    illegal : ``Out(1)``
        The pair is none, as a victim's neighbour has the magnitude 0; the numbers then mean
        nothing.
    """

    #: Cycles from pair to numbers.
    latency = 0

    def __init__(self, format_: OliveFormat) -> None:
        if not isinstance(format_, OliveFormat):
            raise TypeError(f"format_ must be an OliveFormat, not {format_!r}")
        self._format = format_
        super().__init__({"i": In(unsigned(8 * format_.block_bytes)),
                          "exponents": Out(ArrayLayout(_exponent_shape(format_), 2)),
                          "integers": Out(ArrayLayout(_integer_shape(format_.normal), 2)),
                          "illegal": Out(1)})

    @property
    def format(self) -> OliveFormat:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        width = self._format.normal.width
        codes = [self.i[:width], self.i[width:]]
        if width == 4:
            codes.reverse()
        victims = [code == self._format.identifier for code in codes]
        for lane, code in enumerate(codes):
            outlier = victims[1 - lane] & ~victims[lane]
            normal = _flint(code) if self._format.normal is Normal.FLINT4 else _integer(code)
            exponent, integer = (Mux(outlier, large, plain) for large, plain
                                 in zip(self._abfloat(code), normal, strict=True))
            m.d.comb += [self.exponents[lane].eq(Mux(victims[lane], 0, exponent)),
                         self.integers[lane].eq(Mux(victims[lane], 0, integer))]
        m.d.comb += self.illegal.eq(illegal_pair(self._format, codes))
        return m

    def _abfloat(self, code: Value) -> tuple[Value, Value]:
        """Exponent and integer of an outlier: sign, exponent and a fraction below a leading one."""
        fraction = self._format.normal.width // 2 - 1
        magnitude = Cat(code[:fraction], Const(1, 1))
        return code[fraction:-1] + _bias(self._format), Mux(code[-1], -magnitude, magnitude)


class OliveFixedUnpacker(wiring.Component):
    """Combinational: a packed pair to two integers.

    Parameters
    ----------
    format_ : OliveFormat

    Members
    -------
    i : ``In(unsigned(8))``
        For int8 ``unsigned(16)``; see :class:`OliveUnpacker`.
    o : ``Out(ArrayLayout(signed(...), 2))``
        Wide enough for every outlier.
    illegal : ``Out(1)``
        As :class:`OliveUnpacker` has it.
    """

    #: Cycles from pair to integers.
    latency = 0

    def __init__(self, format_: OliveFormat) -> None:
        self._unpacker = OliveUnpacker(format_)
        super().__init__({"i": In(unsigned(8 * format_.block_bytes)),
                          "o": Out(ArrayLayout(signed(self._width), 2)), "illegal": Out(1)})

    @property
    def format(self) -> OliveFormat:
        return self._unpacker.format

    @property
    def _width(self) -> int:
        """Bits of the largest outlier and a sign."""
        return self.format.normal.width // 2 + _most_exponent(self.format) + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unpacker = unpacker = self._unpacker
        m.d.comb += [unpacker.i.eq(self.i), self.illegal.eq(unpacker.illegal)]
        for lane in range(2):
            integer = Signal(signed(self._width), name=f"integer_{lane}")
            moved = shift_left(m, integer, unpacker.exponents[lane], _most_exponent(self.format),
                               name=f"lane_{lane}")
            m.d.comb += [integer.eq(unpacker.integers[lane]), self.o[lane].eq(moved)]
        return m


def _integer(code: Value) -> tuple[Value, Value]:
    """Exponent and integer of two's complement."""
    return Const(0, 1), code.as_signed()


def _flint(code: Value) -> tuple[Value, Value]:
    """Exponent and integer of flint4: 0 1 2 3, and 16 8 4 6 where the top bit is set."""
    low = code[:2]
    # 100 is 2 << 3, 101 is 2 << 2, 110 is 2 << 1 and 111 is 3 << 1.
    magnitude = Mux(code[2], Cat(low.all(), Const(1, 1)), low)
    exponent = Mux(code[2], Cat(~low[0] | low[1], ~low[1]), 0)
    return exponent, Mux(code[-1], -magnitude, magnitude)


def _bias(format_: OliveFormat) -> int:
    return format_.normal.bias if format_.bias is None else format_.bias


def _most_exponent(format_: OliveFormat) -> int:
    """That of the largest outlier, or of flint4's 16."""
    largest = (1 << format_.normal.width // 2) - 1 + _bias(format_)
    return max(largest, 3) if format_.normal is Normal.FLINT4 else largest


def _exponent_shape(format_: OliveFormat) -> Shape:
    return unsigned(_most_exponent(format_).bit_length())


def _integer_shape(normal: Normal) -> Shape:
    return signed({Normal.INT4: 4, Normal.FLINT4: 3, Normal.INT8: 8}[normal])
