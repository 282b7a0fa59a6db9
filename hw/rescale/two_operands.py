# amaranth: UnusedElaboratable=no
"""Sums, differences and products of two streams of codes, bit for bit as TFLite has them."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable

from sw_model.formats import covering
from sw_model.specs import AddSpec, MultiplySpec

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..shapes import shape_between, shape_of
from .lane_unit import Lane, LaneUnit
from .requantise import ConstantScale

__all__ = ["Add", "AddLane", "Multiply", "MultiplyLane"]


class Add(LaneUnit):
    """``a + b`` or ``a - b`` for each lane, from two scales to a third.

    Takes a word of each operand every cycle while the consumer is ready; never drops or
    reorders. All factors are shifts and adders.

    Parameters
    ----------
    spec : AddSpec
    lanes : int

    Members
    -------
    i0, i1 : ``In(stream.Signature(vector_of(spec.format, lanes)))``
        Operands ``a`` and ``b``.
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    def __init__(self, spec: AddSpec, lanes: int) -> None:
        super().__init__(lanes, AddLane, spec)
        self._spec = spec

    @property
    def spec(self) -> AddSpec:
        return self._spec


class AddLane(Lane):
    """One lane of :class:`Add`.

    Registers stand behind the differences to the zero points, the scaled operands, their sum
    and the result, and within the products.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i0, i1 : ``In(shape_of(spec.format))``
    o : ``Out(shape_of(spec.format))``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: AddSpec) -> None:
        if not isinstance(spec, AddSpec):
            raise TypeError(f"spec must be an AddSpec, not {spec!r}")
        self._spec, most = spec, spec.most_sum
        wide, format_ = covering(-most, most), spec.format
        self._scales = [
            ConstantScale((format_.min - zero) << spec.left, (format_.max - zero) << spec.left,
                          wide, (factor,), 0, (wide.min, wide.max))
            for zero, factor in ((spec.zero_0, spec.factor_0), (spec.zero_1, spec.factor_1))]
        self._last = ConstantScale(-most, most, format_, (spec.factor_out,), spec.zero_out,
                                   (spec.low, spec.high))
        shape = shape_of(format_)
        super().__init__({"i0": shape, "i1": shape}, shape, None)
        self._slower = max(scale.latency for scale in self._scales)
        self.latency = 2 + self._slower + self._last.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        scaled = []
        for number, (operand, zero, scale) in enumerate(zip(
                (self.i0, self.i1), (spec.zero_0, spec.zero_1), self._scales, strict=True)):
            centred = registered(m, operand - zero, enable=self.enable, name=f"centred_{number}")
            result = scale.place(m, centred << spec.left, enable=self.enable,
                                 name=f"scale_{number}")
            scaled.append(registered(m, result, enable=self.enable, name=f"scaled_{number}",
                                     stages=self._slower - scale.latency))
        total = registered(m, scaled[0] - scaled[1] if spec.subtract else scaled[0] + scaled[1],
                           enable=self.enable, name="total")
        m.d.comb += self.o.eq(self._last.place(m, total, enable=self.enable, name="scale_out"))
        return m


class Multiply(LaneUnit):
    """``a * b`` for each lane, from two scales to a third.

    Takes a word of each operand every cycle while the consumer is ready; never drops or
    reorders. The factor is shifts and adders.

    Parameters
    ----------
    spec : MultiplySpec
    lanes : int
    multiplier : str
        How the product of the operands is made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i0, i1 : ``In(stream.Signature(vector_of(spec.format, lanes)))``
        Operands ``a`` and ``b``.
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    def __init__(self, spec: MultiplySpec, lanes: int, multiplier: str = "inferred") -> None:
        super().__init__(lanes, MultiplyLane, spec, multiplier)
        self._spec = spec

    @property
    def spec(self) -> MultiplySpec:
        return self._spec


class MultiplyLane(Lane):
    """One lane of :class:`Multiply`.

    Registers stand behind the differences to the zero points, the product and the result, and
    within the products.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i0, i1 : ``In(shape_of(spec.format))``
    o : ``Out(shape_of(spec.format))``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: MultiplySpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, MultiplySpec):
            raise TypeError(f"spec must be a MultiplySpec, not {spec!r}")
        self._spec, self._kind = spec, multiplier
        self._scale = ConstantScale(
            -spec.most_product, spec.most_product, spec.format, (spec.factor,), spec.zero_out,
            (spec.low, spec.high), multiplier)
        shape = shape_of(spec.format)
        super().__init__({"i0": shape, "i1": shape}, shape, None)
        self.latency = 1 + multiply_add_depth(
            self._centred_shape(spec.zero_1), multiplier, addend=False) + self._scale.latency

    def _centred_shape(self, zero: int) -> Any:
        return shape_between(self._spec.format.min - zero, self._spec.format.max - zero)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        operands = []
        for number, (operand, zero) in enumerate(((self.i0, spec.zero_0),
                                                  (self.i1, spec.zero_1))):
            shape = self._centred_shape(zero)
            centred = (operand - zero)[:shape.width]
            operands.append(registered(m, centred.as_signed() if shape.signed else centred,
                                       enable=self.enable, name=f"centred_{number}"))
        product = multiply_add(m, *operands, None, 2 * spec.format.width + 3, kind=self._kind,
                               enable=self.enable, name="product")
        m.d.comb += self.o.eq(self._scale.place(m, product, enable=self.enable, name="scale"))
        return m
