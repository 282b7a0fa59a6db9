"""Scales without multipliers, rounding at random, residual sums and rotations as units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sw_model.formats import (
    FixedFormat,
    Format,
    IntFormat,
    KHotFormat,
    Overflow,
    Rounding,
    covering,
)
from sw_model.node import Node, Tensor
from sw_model.ops import (
    Hadamard,
    KHotRescale,
    RescaleAdd,
    ShiftRescale,
    StochasticShift,
    dyadic_scale,
)
from sw_model.specs import HadamardSpec, KHotSpec, RescaleAddSpec, ShiftSpec, StochasticShiftSpec
from sw_model.specs.lfsr import spread_seeds

from ..spec.fields import NumberFormat, OneOf, Scale, Values
from ..spec.models import MAX_SIZE
from ..spec.values import RandomNumbers, codes_of
from .arithmetic import TwoOperandParameters
from .base import Wrong
from .functions import FunctionParameters
from .rescale import scales

__all__ = ["HadamardParameters", "KHotParameters", "ResidualAddParameters",
           "ShiftRescaleParameters", "StochasticShiftParameters"]

ROUNDINGS = tuple(each.value for each in Rounding)
OVERFLOWS = tuple(each.value for each in (Overflow.SATURATE, Overflow.WRAP))
UINT3 = IntFormat(3, signed=False)


class _Shifts(FunctionParameters):
    """What units that shift have in common."""

    renamed: ClassVar[Mapping[str, str]] = {"shifts": "shift"}

    source: NumberFormat = Field(IntFormat(20), description=(
        "Format of the sums, integers or fixed point."))
    target: NumberFormat = Field(IntFormat(8), description=(
        "Format of the codes, integers or fixed point."))
    shift: Values = Field(RandomNumbers(1), description=(
        "By how many bits sums are shifted to the right, one or one for each channel; random "
        "ones are 0 to 7."))

    @property
    def given(self) -> Format:
        return self.source

    def shifts(self) -> Tensor:
        """The constant of the node."""
        try:
            codes, form = codes_of(self.shift, [(self.channels,), (1,)], None, keys=("shift",),
                                   default=UINT3)
        except ValueError as error:
            raise Wrong("shift", str(error)) from None
        return Tensor("shift", codes.shape, form, value=codes)


class ShiftRescaleParameters(_Shifts):
    """Parameters of ``shift_rescale``."""

    summary: ClassVar[str] = (
        "overflow(round(sum / 2**shift)), one shift for all channels or one for each: scales that "
        "are powers of two.")
    paper: ClassVar[str] = "ShiftQuant (arXiv 2411.05282); QFX (arXiv 2401.17544), casts"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("rounding", ROUNDINGS)

    rounding: Annotated[str, OneOf(*ROUNDINGS)] = Field("half_even", description="How.")
    overflow: Annotated[str, OneOf(*OVERFLOWS)] = Field("saturate", description=(
        "What becomes of results beyond the target."))

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        shift = self.shifts()
        assert shift.value is not None
        spec = ShiftSpec(source=self.source, target=self.target,
                         shift_low=int(shift.value.min()), shift_high=int(shift.value.max()),
                         rounding=Rounding(self.rounding), overflow=Overflow(self.overflow))
        return ShiftRescale(name=name, inputs=("x", "shift"), outputs=("y",), spec=spec), [shift]


class StochasticShiftParameters(_Shifts):
    """Parameters of ``stochastic_shift``."""

    summary: ClassVar[str] = (
        "clamp(floor(sum / 2**shift + r)), r new for every element: rounding without bias, by a "
        "shift register of 31 bits for each lane.")
    paper: ClassVar[str] = (
        "Gupta et al., Deep learning with limited numerical precision, ICML 2015")

    seed: int = Field(1, ge=1, le=2**31 - 1, description=(
        "From which each lane's state after reset follows."))
    bits: int = Field(8, ge=1, le=18, description="Random bits that an element draws.")

    def choices(self) -> Mapping[str, Any]:
        return {"lanes": self.lanes or 1}

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        shift = self.shifts()
        assert shift.value is not None
        spec = StochasticShiftSpec(
            source=self.source, target=self.target, shift_low=int(shift.value.min()),
            shift_high=int(shift.value.max()), seeds=spread_seeds(self.seed, self.lanes or 1),
            bits=self.bits)
        return StochasticShift(name=name, inputs=("x", "shift"), outputs=("y",), spec=spec), [
            shift]


class KHotParameters(FunctionParameters):
    """Parameters of ``k_hot_rescale``."""

    summary: ClassVar[str] = (
        "cast(x * factor), each channel's factor a sum of a few powers of two: shifts and "
        "additions in place of a multiplier.")
    paper: ClassVar[str] = "QFX (arXiv 2401.17544), multiplier-free products"

    source: NumberFormat = Field(FixedFormat(16, 8), description="Format of the numbers.")
    target: NumberFormat = Field(FixedFormat(8, 4), description="Format of the results.")
    factor: Scale = Field("random(1)", description=(
        "One or one for each channel, rounded to what the bits allow; auto is 1, random(seed) "
        "a half to twice that."))
    width: int = Field(8, ge=2, le=16, description="Bits of a factor, with its sign.")
    fraction: int = Field(5, ge=0, le=15, description="Fraction bits of a factor.")
    hot: int = Field(2, ge=1, le=15, description="Most ones of a factor.")
    rounding: Annotated[str, OneOf(*ROUNDINGS)] = Field("half_even", description="How.")
    overflow: Annotated[str, OneOf(*OVERFLOWS)] = Field("saturate", description=(
        "What becomes of results beyond the target."))

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        form = KHotFormat(self.width, self.fraction, self.hot)
        codes = form.encode(scales(self.factor, 1.0, self.channels))
        spec = KHotSpec(source=self.source, factor=form, target=self.target,
                        rounding=Rounding(self.rounding), overflow=Overflow(self.overflow))
        return KHotRescale(name=name, inputs=("x", "factor"), outputs=("y",), spec=spec), [
            Tensor("factor", codes.shape, form, value=codes)]


class ResidualAddParameters(TwoOperandParameters):
    """Parameters of ``residual_add``."""

    summary: ClassVar[str] = (
        "round(a * s1) + round(b * s2), by dyadic numbers and half to even, each operand rounded "
        "by itself, with one clamp: I-ViT's residual sum.")
    paper: ClassVar[str] = "Li and Gu, I-ViT, ICCV 2023 (arXiv 2207.01405), section 3.2"

    a: NumberFormat = Field(IntFormat(16), description="Format of the first operand.")
    b: NumberFormat = Field(IntFormat(16), description="Format of the second.")
    target: NumberFormat = Field(IntFormat(16), description="Format of the sum.")
    scale_a: Scale = Field("random(1)", description=(
        "Of the first over the sum's, one or one for each channel; auto is 1/2."))
    scale_b: Scale = Field("random(2)", description="Of the second, likewise.")

    def node(self, name: str) -> tuple[Node, tuple[Format, Format], list[Tensor]]:
        pairs = [dyadic_scale(scales(scale, 0.5, self.channels))
                 for scale in (self.scale_a, self.scale_b)]
        (m0, s0), (m1, s1) = (tuple(each.tolist() for each in pair) for pair in pairs)
        spec = RescaleAddSpec.dyadic((self.a, self.b), self.target, multipliers=(m0, m1),
                                     shifts=(s0, s1))
        constants = [_constant(f"{what}_{operand}", values)
                     for operand, (multiplier, shift) in zip("ab", pairs, strict=True)
                     for what, values in (("multiplier", multiplier), ("exponent", -shift))]
        node = RescaleAdd(name=name, inputs=("a", "b", *(t.name for t in constants)),
                          outputs=("y",), spec=spec)
        return node, (self.a, self.b), constants


def _constant(name: str, values: NDArray[np.int64]) -> Tensor:
    form = covering(int(values.min()), int(values.max()))
    return Tensor(name, values.shape, form, value=values)


class HadamardParameters(FunctionParameters):
    """Parameters of ``hadamard``."""

    summary: ClassVar[str] = (
        "y = H x by butterflies, exact: spreads outliers before narrow formats. Twice is the "
        "identity but for a factor of the size, half of whose logarithm goes into the scale.")
    paper: ClassVar[str] = "Ashkboos et al., QuaRot, NeurIPS 2024 (arXiv 2404.00456)"

    source: NumberFormat = Field(IntFormat(8), description="Format of x, integers or fixed point.")
    size: int = Field(16, ge=2, le=1024, description=(
        "Elements that are rotated together, a power of two; it divides the channels."))
    channels: int = Field(16, ge=1, le=MAX_SIZE, description="Elements of a vector.")

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.channels % self.size:
            raise ValueError(f"size must divide channels, {self.channels}, not be {self.size}")
        if self.lanes is not None and self.size % self.lanes:
            raise ValueError(f"lanes must divide size, {self.size}, not be {self.lanes}")
        return self

    @property
    def given(self) -> Format:
        return self.source

    def choices(self) -> Mapping[str, Any]:
        return {"lanes": self.lanes or 1}

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        spec = HadamardSpec(self.source, self.size)
        return Hadamard(name=name, inputs=("x",), outputs=("y",), spec=spec), []
