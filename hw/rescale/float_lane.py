"""One lane of the roundings of frameworks that multiply floats, without a float."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value

from sw_model.specs import FrameworkRescaleSpec

from ..arith.multiply import Term, aligned_sum, multiply_add
from .framework_lane import FrameworkRescaleLane, Stage
from .round_off import to_precision

__all__ = ["FloatRescaleLane"]


class FloatRescaleLane(FrameworkRescaleLane):
    """One lane of :class:`~.framework.FrameworkRescale` in the modes that round as floats do.

    Accumulator and scale are floats, and so is their product: rounded to 24 or 53 bits, half to
    even, before it becomes an integer. Their exponents are known (that of the scale, and 0), so
    that magnitudes stay integers, of which the bits below the leading ones are rounded off where
    they are: nothing is normalised. What float32 cannot hold is beyond any clamp.

    Registers stand where :class:`~.framework_lane.FrameworkRescaleLane` has them, behind the
    rounding of the product, behind its sign, and behind that of the accumulator if it may be
    rounded too.
    """

    def _size_bits(self) -> int:
        """Of the accumulator's magnitude."""
        return max(-self._spec.source.min, self._spec.source.max).bit_length()

    def _rounds_operand(self) -> bool:
        return self._size_bits() > self._precision()

    def _precision(self) -> int:
        precision: int = self._spec.precision
        return precision

    def _depth(self) -> int:
        return self._rounds_operand() + self._product_depth() + 2

    def _constant_terms(self, acc: Value, nudge: Any) -> list[Term]:
        return super()._constant_terms(acc, None)

    def _scaled(self, m: Module, acc: Value, shift: Value, stage: Stage) -> tuple[Value, Value]:
        negative = acc[-1] if self._spec.source.min < 0 else Const(0, 1)
        size = Mux(negative, -acc, acc)[:self._size_bits()]
        if self._rounds_operand():
            size = stage(to_precision(size, self._precision()), "size")
        product = self._magnitude(m, size, stage)
        product = stage(to_precision(product, self._precision()), "float")
        negative = stage(negative, "negative", self._depth() - 1)
        return stage(Mux(negative, -product, product), "signed"), shift

    def _magnitude(self, m: Module, size: Value, stage: Stage) -> Value:
        """The product of ``size`` and the multiplier, neither of which is negative."""
        spec: FrameworkRescaleSpec = self._spec
        width = len(size) + spec.multiplier.width
        if self._constants:
            total = aligned_sum(m, self._constant_terms(size, None), width + 1,
                                enable=self.enable, name="product")
        else:
            factor = stage(self.parameters.multiplier, "factor", 1 + self._rounds_operand())
            total = multiply_add(m, size, factor.as_unsigned(), None, width + 1,
                                 kind=self._multiplier, enable=self.enable, name="product")
        return total[:width]
