"""One bit a cycle of one operand: what the kinds for either operand share."""

from __future__ import annotations

from typing import ClassVar

from amaranth import Const, Module, Shape, Value, unsigned

from sw_model.formats import BipolarFormat, Format

from ..arith.choose import chosen
from ..shapes import fixed_value, shape_of
from .base import DotSpec
from .serial import SerialDotProduct
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
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    #: Which operand is taken bit by bit: ``activations`` or ``weights``.
    operand: ClassVar[str]

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        return getattr(cls.core(spec), cls.operand).width

    @classmethod
    def advance(cls, spec: DotSpec) -> int:
        return 1

    @classmethod
    def whole(cls, spec: DotSpec) -> Format:
        return spec.weights if cls.operand == "activations" else spec.activations

    @classmethod
    def broadcast(cls, code: Value, number: Value) -> Value:
        return chosen(code, number) if cls.operand == "activations" else code

    @classmethod
    def broadcast_shape(cls, spec: DotSpec) -> Shape:
        return unsigned(1) if cls.operand == "activations" else shape_of(spec.activations)

    @classmethod
    def term(cls, m: Module, spec: DotSpec, a: Value, w: Value, number: Value, name: str) -> Term:
        bit, code = (a, w) if cls.operand == "activations" else (chosen(w, number), a)
        value = fixed_value(cls.whole(spec), code)
        if isinstance(getattr(spec, cls.operand), BipolarFormat):
            return Term(value, valid=Const(1, 1), negative=~bit)
        return Term(value, valid=bit)

    @classmethod
    def minus(cls, spec: DotSpec, last: Value) -> Value:
        return last if getattr(spec, cls.operand).min < 0 else Const(0, 1)
