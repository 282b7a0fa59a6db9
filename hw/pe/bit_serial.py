"""One bit a cycle of one operand: what the kinds for either operand share."""

from __future__ import annotations

from typing import ClassVar

from amaranth import Const, Module, Value

from sw_model.formats import BipolarFormat, Format

from ..arith.choose import chosen
from ..shapes import fixed_value
from .base import DotSpec
from .serial import SerialDotProduct, serial_refusal
from .term_sum import Term

__all__ = ["BitSerialDotProduct"]


class BitSerialDotProduct(SerialDotProduct):
    """The base of both kinds: an AND for each lane, an adder tree, a shift and an addition.

    Whatever its width, an element of some lanes takes the same area but for the registers of the
    operand whose bits it takes in turn, the lowest first; the sign bits' sum is subtracted.
    Where that operand is bipolar, its one bit is the other's sign.

    Parameters
    ----------
    spec : DotSpec
        Both formats integers, fixed point, bipolar or ternary; the operand that is taken bit by
        bit has at most 16.
    """

    #: Which operand is taken bit by bit: ``activations`` or ``weights``.
    operand: ClassVar[str]

    advance = 1

    @classmethod
    def refusal(cls, spec: DotSpec) -> str | None:
        return serial_refusal(spec, f"a bit-serial dot product ({cls.operand} in turn)",
                              cls.operand)

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        return getattr(spec, cls.operand).width

    @property
    def _serial(self) -> Format:
        """The format of the operand that is taken bit by bit."""
        return getattr(self.spec, self.operand)

    @property
    def _whole(self) -> Format:
        return self.spec.weights if self.operand == "activations" else self.spec.activations

    def _term(self, m: Module, lane: int, a: Value, w: Value, number: Value) -> Term:
        bits, code = (a, w) if self.operand == "activations" else (w, a)
        value = fixed_value(self._whole, code)
        bit = chosen(bits, number)
        if isinstance(self._serial, BipolarFormat):
            return Term(value, valid=Const(1, 1), negative=~bit)
        return Term(value, valid=bit)

    def _minus(self, last: Value) -> Value:
        return last if self._serial.min < 0 else Const(0, 1)
