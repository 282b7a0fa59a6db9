"""From sums to narrow codes as units: multiply-add-shift and the frameworks' own rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sw_model.formats import BipolarFormat, Format, IntFormat, covering
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import Rescale, RescaleMode
from sw_model.ops.fixed_point import quantise_multipliers, split_scales
from sw_model.specs import FrameworkRescaleSpec

from ..spec.fields import NumberFormat, OneOf, Scale
from ..spec.models import MAX_SIZE, ROUNDINGS
from .base import Note, UnitParameters, vector_shape

__all__ = ["FrameworkRescaleParameters", "MultiplyAddShiftParameters", "rescale_node", "scales"]

#: How far the scale ``auto`` lets the largest sums exceed the largest code.
EXCESS = 1.25


def scales(scale: str | list[float], typical: float, channels: int) -> NDArray[np.float64]:
    """The scales that a spec means: one for all channels or one for each.

    Parameters
    ----------
    scale : str or list of float
        ``auto`` is ``typical``, ``random(seed)`` is half of it to twice as much.
    typical : float
    channels : int

    Raises
    ------
    ValueError
        If there are neither one nor ``channels``.
    """
    if isinstance(scale, list):
        if len(scale) not in (1, channels):
            raise ValueError(f"must be one number or {channels}, not {len(scale)}")
        return np.array(scale)
    if scale == "auto":
        return np.array([typical])
    rng = np.random.default_rng(int(scale[len("random("):-1]))
    return np.asarray(typical * rng.uniform(0.5, 2.0, channels))


def rescale_node(name: str, source: Tensor, target: Tensor, scale: NDArray[np.float64],
                 mode: RescaleMode, low: int, high: int) -> tuple[list[Tensor], Node]:
    """``clamp(round(source * scale) + zero point, low, high)``: its constants and its node.

    Raises
    ------
    ValueError
        If the mode cannot have such a scale.
    """
    if mode.is_tflite:
        multiplier, exponent = quantise_multipliers(scale)
        if (multiplier == 0).any() or (exponent > -1).any():
            raise ValueError(f"must be between 2**-32 and 2**30 for {mode.value}, "
                             f"not {scale[(multiplier == 0) | (exponent > -1)][0]:g}")
    else:
        exact = scale.astype(np.float32).astype(np.float64) \
            if mode is RescaleMode.FLOAT32_HALF_EVEN else scale
        multiplier, exponent = split_scales(exact)
    constants = [
        Tensor(f"{name}_multiplier", multiplier.shape, covering(0, int(multiplier.max())),
               value=multiplier),
        Tensor(f"{name}_exponent", exponent.shape,
               covering(min(-1, int(exponent.min())), max(0, int(exponent.max()))),
               value=exponent)]
    node = Rescale(name=name, inputs=(source.name, *(t.name for t in constants)),
                   outputs=(target.name,), format=target.format, mode=mode,
                   zero_point=target.zero_point, low=low, high=high)
    return constants, node


class _RescaleParameters(UnitParameters):
    """What both forms share: the function that they compute."""

    channels: int = Field(16, ge=1, le=MAX_SIZE, description="Elements of a vector.")
    source: NumberFormat = Field(IntFormat(20), description="Format of the sums.")
    target: NumberFormat = Field(IntFormat(8), description="Format of the codes.")
    scale: Scale = Field("auto", description=(
        "Factor from sums to codes, one or one for each channel; auto lets the largest sums "
        "exceed the largest code by a quarter, random(seed) is half to twice that."))
    zero_point: int = Field(0, description="Added after rounding.")
    low: int | None = Field(None, description="Least code; by default the target's.")
    high: int | None = Field(None, description="Greatest code; by default the target's.")
    lanes: int | None = Field(None, ge=1, description=(
        "Elements served at once; by default what the target allows."))

    @property
    def clamp(self) -> tuple[int, int]:
        """Least and greatest code."""
        return (self.target.min if self.low is None else self.low,
                self.target.max if self.high is None else self.high)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        low, high = self.clamp
        if isinstance(self.target, BipolarFormat):
            raise ValueError("target must be a format of integers, not bipolar; use the unit "
                             "threshold")
        if not self.target.min <= low <= high <= self.target.max:
            raise ValueError(f"low and high must be {self.target.min} to {self.target.max} in "
                             f"this order, not {low} and {high}")
        if not low <= self.zero_point <= high:
            raise ValueError(f"zero_point must be {low} to {high}, not {self.zero_point}")
        if self.lanes is not None and self.lanes > self.channels:
            raise ValueError(f"lanes must be at most channels, {self.channels}, not {self.lanes}")
        return self

    def choices(self) -> Mapping[str, Any]:
        return {} if self.lanes is None else {"lanes": self.lanes}

    def made(self, name: str, mode: RescaleMode, note: Note) -> Graph | None:
        """The network of one rescale."""
        shape = vector_shape(self.vectors, self.channels)
        x = Tensor("x", shape, self.source)
        y = Tensor("y", shape, self.target, zero_point=self.zero_point)
        typical = EXCESS * _reach(self.target, self.zero_point) / _reach(self.source, 0)
        node = self.attempt(note, "scale", lambda: rescale_node(
            name, x, y, scales(self.scale, typical, self.channels), mode, *self.clamp))
        if node is None:
            return None
        return build(name, [x, y, *node[0]], [node[1]], ["x"], ["y"])


def _reach(format_: Format, zero_point: int) -> int:
    return max(format_.max - zero_point, zero_point - format_.min, 1)


class MultiplyAddShiftParameters(_RescaleParameters):
    """Parameters of ``multiply_add_shift``."""

    summary: ClassVar[str] = (
        "clamp((sum * M + B) >> S): the smallest multiplier for which it equals the wanted "
        "scaling and rounding for every sum, proven when it is built.")
    paper: ClassVar[str] = ""

    rounding: Annotated[str, OneOf(*ROUNDINGS)] = Field("tflite_double", description=(
        "The rounding that it must equal."))

    def network(self, name: str, note: Note) -> Graph | None:
        return self.made(name, RescaleMode(self.rounding), note)

    def form(self) -> str:
        return "multiply"


class FrameworkRescaleParameters(_RescaleParameters):
    """Parameters of ``rescale``."""

    summary: ClassVar[str] = (
        "clamp(round(sum * scale) + zero_point) by a framework's own multiplier and rounding, "
        "for channels that no smaller form fits and for comparison.")
    paper: ClassVar[str] = (
        "Jacob et al., Quantization and Training of Neural Networks for Efficient "
        "Integer-Arithmetic-Only Inference, CVPR 2018; gemmlowp")
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("mode", FrameworkRescaleSpec.MODES)

    mode: Annotated[str, OneOf(*FrameworkRescaleSpec.MODES)] = Field(
        "tflite_double", description="The rounding.")

    def network(self, name: str, note: Note) -> Graph | None:
        return self.made(name, RescaleMode(self.mode), note)

    def form(self) -> str:
        return "framework"
