"""Between reals on the host and codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import BipolarFormat, Float32Format, Format, Rounding, round_real
from ..node import Dimension, Node, NodeError, Tensor, fixed, per_channel

__all__ = ["Dequantise", "Quantise", "dequantise", "quantise"]


def quantise(x: NDArray[np.float32], scale: NDArray[np.float32], *, zero_point: int,
             low: int, high: int, rounding: Rounding, inside: bool) -> NDArray[np.float32]:
    """``clamp(round(x / scale) + zero_point, low, high)`` in float32.

    Parameters
    ----------
    x : float32, shape (..., channels)
    scale : float32, shape (1 or channels,)
    zero_point, low, high : int
        On the output's grid.
    rounding : Rounding
    inside : bool
        Whether the zero point is added before rounding (QONNX) or after it (ONNX, TFLite).
    """
    with np.errstate(over="ignore"):
        real = x / scale
        if inside:
            shifted = real + np.float32(zero_point)
            return np.clip(round_real(np.clip(shifted, low, high), rounding), low, high)
        # The clamp comes first so that an infinity cannot meet the zero point.
        whole = round_real(np.clip(real, -(2.0**30), 2.0**30), rounding)
        return np.clip(whole.astype(np.float64) + zero_point, low, high).astype(np.float32)


def dequantise(values: NDArray[Any], scale: NDArray[np.float32], zero_point: int
               ) -> NDArray[np.float32]:
    """``float32(values - zero_point) * scale`` in float32; exact for scale 1 below 2**24."""
    shifted = values.astype(np.int64) - zero_point if zero_point else values
    return np.asarray(shifted.astype(np.float32) * scale)


@dataclass(frozen=True, kw_only=True)
class Quantise(Node):
    """Reals to codes; see :func:`quantise`. A bipolar output is the sign, zero positive.

    Inputs: float32 ``x`` (..., channels) and the float32 constant ``scale`` (1 or channels,).
    """

    format: Format
    zero_point: int = 0
    low: int
    high: int
    rounding: Rounding = Rounding.HALF_EVEN
    zero_point_inside: bool = False

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, scale = inputs
        self.require(x.format == Float32Format(), f"input must be float32, not {x.format}")
        check_scale(self, scale, x.shape)
        self.require(self.format.fixed_min <= self.low <= self.high <= self.format.fixed_max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((x.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        x, scale = values
        if np.isnan(x).any():
            raise NodeError(self, f"input {inputs[0].name!r} holds NaN")
        if self.format == BipolarFormat():
            return ((x / scale + np.float32(self.zero_point) >= 0).astype(np.uint8),)
        whole = quantise(x, scale, zero_point=self.zero_point, low=self.low, high=self.high,
                         rounding=self.rounding, inside=self.zero_point_inside)
        return (self.format.from_fixed(whole.astype(np.int64)).astype(self.format.dtype),)


@dataclass(frozen=True, kw_only=True)
class Dequantise(Node):
    """Codes to reals; see :func:`dequantise`.

    Inputs: codes (..., channels) and the float32 constant ``scale`` (1 or channels,).
    """

    zero_point: int = 0

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, scale = inputs
        self.require(x.format != Float32Format(), "input is float32 already")
        check_scale(self, scale, x.shape)
        return ((x.shape, Float32Format()),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (dequantise(fixed(inputs[0], values[0]), values[1], self.zero_point),)


def check_scale(node: Node, scale: Tensor, shape: tuple[Dimension, ...]) -> None:
    """Raise NodeError unless ``scale`` is a constant of positive, finite float32."""
    value = scale.value
    node.require(value is not None and scale.format == Float32Format(),
                 f"scale {scale.name!r} must be a float32 constant")
    assert value is not None
    node.require(len(scale.shape) == 1 and per_channel(value, shape[-1] if shape else 1),
                 f"scale {scale.name!r} must have 1 or {shape[-1] if shape else 1} elements, "
                 f"not {scale.shape}")
    node.require(bool(np.isfinite(value).all() and (value > 0).all()),
                 f"scale {scale.name!r} must be positive and finite")
