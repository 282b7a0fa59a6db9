"""The lanes of norms: distance to the mean, factor of the row, gain and bias of the channel."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Signal, Value, signed
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib.data import StructLayout

from sw_model.specs.norm import L1NormSpec, LayerNormSpec, NormSpec

from ..arith.clamp import clamp
from ..arith.multiply import Term, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..shapes import shape_of
from .lanes import RowLane

__all__ = ["CentreLane", "LayerNormLane", "ScaleLane", "factor_layout", "norm_parameters",
           "sums_layout"]


def factor_layout(spec: NormSpec) -> StructLayout:
    """Mantissa and exponent of the factor of a row."""
    return StructLayout({"mantissa": shape_of(spec.factor.mantissa),
                         "exponent": shape_of(spec.factor.exponent)})


def sums_layout(spec: NormSpec) -> StructLayout:
    """Elements of a row, and their sum."""
    return StructLayout({"count": shape_of(spec.count), "total": shape_of(spec.total)})


def norm_parameters(spec: NormSpec) -> StructLayout:
    """Gain of a channel, and bias if the spec has one."""
    fields = {"gain": shape_of(spec.gain)}
    if spec.bias is not None:
        fields["bias"] = shape_of(spec.bias)
    return StructLayout(fields)


class _Centre:
    """``n*x - sum``, and how many registers that takes."""

    def __init__(self, spec: NormSpec, multiplier: str) -> None:
        self._spec, self._multiplier = spec, multiplier
        self.depth = multiply_add_depth(shape_of(spec.count), multiplier, addend=True)

    def distance(self, m: Module, x: Value, count: Value, total: Value, enable: Value) -> Value:
        """The distance from the mean, times the number of elements."""
        form = shape_of(self._spec.centred)
        wide = multiply_add(m, x, count, Term(-total), form.width, kind=self._multiplier,
                            enable=enable, name="distance")
        return wide[:form.width].as_signed()


class CentreLane(RowLane):
    """``n*x - sum`` of each element.

    Parameters
    ----------
    spec : L1NormSpec
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.
    """

    def __init__(self, spec: L1NormSpec, multiplier: str = "inferred") -> None:
        self._centre = _Centre(spec, multiplier)
        self.latency = self._centre.depth
        super().__init__(shape_of(spec.source), sums_layout(spec), shape_of(spec.centred))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        found = self.i.found
        m.d.comb += self.o.eq(self._centre.distance(m, self.i.x, found.count, found.total,
                                                    self.enable))
        return m


class ScaleLane(RowLane):
    """``clamp(((x * mantissa * gain + half) >> shift + exponent) + bias)`` of each element.

    Registers stand behind both products, the shift, the sum and the clamp; products of logic
    have more.

    Parameters
    ----------
    spec : NormSpec
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.
    """

    def __init__(self, spec: NormSpec, multiplier: str = "inferred") -> None:
        self._spec, self._kind = spec, multiplier
        self._depths = [multiply_add_depth(shape_of(form), multiplier, addend=False)
                        for form in (spec.factor.mantissa, spec.gain)]
        self.latency = self.before + sum(self._depths) + 3
        super().__init__(self.source, self.found, shape_of(spec.target), norm_parameters(spec))

    @property
    def source(self) -> ShapeLike:
        """Of ``i.x``."""
        return shape_of(self._spec.operand)

    @property
    def found(self) -> StructLayout:
        """Of ``i.found``."""
        return factor_layout(self._spec)

    @property
    def before(self) -> int:
        """Registers between ``i.x`` and the operand."""
        return 0

    def operand(self, m: Module) -> Value:
        """What is multiplied."""
        return self.i.x

    def _held(self, m: Module, value: Value, name: str, stages: int) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        first, both = self.before + self._depths[0], self.before + sum(self._depths)
        found, given = self.i.found, self.parameters
        product = self._product(m, self.operand(m), self._held(
            m, found.mantissa, "mantissa", self.before), "scaled")
        product = self._product(m, product, self._held(m, given.gain, "gain", first), "gained")
        # Half of the last place is added behind the shift, which rounds down and keeps a bit more.
        kept = product[spec.shift - 1:].as_signed()
        moved, _ = shift_right(m, kept, self._held(m, found.exponent, "exponent", both),
                               spec.factor.greatest_exponent, name="moved")
        moved = self._held(m, moved, "moved", 1)
        bias = self._held(m, given.bias, "bias", both + 1) if spec.bias is not None else Const(0, 1)
        twice = Cat(Const(1, 1), bias)
        total = self._held(m, (moved + (twice.as_signed() if bias.shape().signed else twice))[1:]
                           .as_signed(), "total", 1)
        m.d.comb += self.o.eq(self._held(
            m, clamp(total, spec.target.min, spec.target.max), "result", 1))
        return m

    def _product(self, m: Module, a: Value, b: Value, name: str) -> Value:
        width = len(a) + len(b) + 1
        whole = Signal(signed(width), name=f"{name}_whole")
        m.d.comb += whole.eq(multiply_add(m, a, b, None, width, kind=self._kind,
                                          enable=self.enable, name=name))
        return whole


class LayerNormLane(ScaleLane):
    """:class:`ScaleLane` of the distance to the mean.

    Parameters
    ----------
    spec : LayerNormSpec
    multiplier : str
    """

    def __init__(self, spec: LayerNormSpec, multiplier: str = "inferred") -> None:
        self._centre = _Centre(spec, multiplier)
        super().__init__(spec, multiplier)

    @property
    def source(self) -> ShapeLike:
        """Of ``i.x``."""
        return shape_of(self._spec.source)

    @property
    def found(self) -> StructLayout:
        """Of ``i.found``."""
        return StructLayout({**sums_layout(self._spec).members,
                             **factor_layout(self._spec).members})

    @property
    def before(self) -> int:
        """Registers between ``i.x`` and the operand."""
        return self._centre.depth

    def operand(self, m: Module) -> Value:
        """What is multiplied."""
        found = self.i.found
        return self._centre.distance(m, self.i.x, found.count, found.total, self.enable)
