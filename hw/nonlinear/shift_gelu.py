# amaranth: UnusedElaboratable=no
"""I-ViT's GELU of a row: its maximum, two tables, and a division in a pipeline for each lane."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value
from amaranth.hdl import Elaboratable

from sw_model.specs import ShiftGeluSpec
from sw_model.tables import shift_exponentials

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.quotient import quotient
from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..norm.lanes import RowLane
from ..norm.passes import Pass, RowPasses
from ..rows.reduce import RowMaximum
from ..shapes import shape_of

__all__ = ["ShiftGelu", "ShiftGeluLane"]


class ShiftGelu(RowPasses):
    """``x * g`` of each row, ``g`` about ``sigmoid(1.702 * x)`` in units of ``2**-7``.

    Takes and gives a word every cycle, without a bubble between rows of any length.

    Parameters
    ----------
    spec : ShiftGeluSpec
    lanes : int
    longest : int
        Elements of the longest row.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``

    Source: Z. Li and Q. Gu, "I-ViT: integer-only quantization for efficient vision transformer
    inference", ICCV 2023.
    """

    SPEC = ShiftGeluSpec

    def __init__(self, spec: ShiftGeluSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec)
        super().__init__(spec, lanes, longest, Pass(
            (RowMaximum(shape_of(spec.source), lanes),), (ShiftGeluLane, spec, multiplier)))


class ShiftGeluLane(RowLane):
    """One lane of :class:`ShiftGelu`.

    Registers stand behind the tables, the sum, each bit of the quotient, and both products.

    Parameters
    ----------
    spec : ShiftGeluSpec
    multiplier : str
    """

    def __init__(self, spec: ShiftGeluSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        # No sum is below twice the least exponential: the quotient's first bits are none.
        self._skipped = (2 * spec.steps).bit_length() - 1
        self._bits = spec.numerator_bits - self._skipped
        self._products = [multiply_add_depth(Const(0, width).shape(), multiplier, addend=False)
                          for width in (self._bits, spec.FRACTION)]
        self.latency = 2 + self._bits + sum(self._products)
        super().__init__(shape_of(spec.source), shape_of(spec.source), shape_of(spec.target))

    def _held(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        low, high = spec.source.min, spec.source.max
        most = self.i.found
        each = self._rom(m, "below", (most - self.i.x)[:spec.source.width],
                         shift_exponentials(spec, range(0, low - high - 1, -1)))
        # The maximum's bit patterns begin with its codes from 0 up.
        other = self._rom(m, "minus", most.as_unsigned(), (
            *shift_exponentials(spec, range(0, -high - 1, -1)),
            *shift_exponentials(spec, range(-low, 0, -1))))
        total = each + other
        total = self._held(m, Mux(total > spec.numerator, spec.numerator, total)[
            :spec.numerator_bits], "total")
        factor = quotient(m, Const(-1, self._skipped), total, self._bits, 1, enable=self.enable,
                          name="factor")
        # Of all terms the sum has, the product is at most the numerator.
        product = multiply_add(
            m, self._held(m, each, "each", 1 + self._bits), factor, None, spec.numerator_bits + 1,
            kind=self._kind, enable=self.enable, name="product")
        sigmoid = product[spec.numerator_bits - spec.FRACTION:spec.numerator_bits]
        x = self._held(m, self.i.x, "x", 2 + self._bits + self._products[0])
        m.d.comb += self.o.eq(multiply_add(m, x, sigmoid, None, len(self.o) + 1, kind=self._kind,
                                           enable=self.enable, name="result"))
        return m

    def _rom(self, m: Module, name: str, address: Value, entries: tuple[int, ...]) -> Value:
        m.submodules[name] = rom = LookupRom(max(entries).bit_length(), entries)
        m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(address)]
        return rom.word(0)
