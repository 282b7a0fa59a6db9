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


def quantise(x: NDArray[np.float32], scale: NDArray[np.float32], *,
             zero_point: int | NDArray[np.int64], low: int, high: int, rounding: Rounding,
             inside: bool) -> NDArray[np.int64]:
    """``clamp(round(x / scale) + zero_point, low, high)``, rounded from float32.

    Parameters
    ----------
    x : float32, shape (..., channels)
    scale : float32, of a shape that broadcasts to that of ``x``
    zero_point : int or integers that broadcast to ``x``
    low, high : int
        On the output's grid.
    rounding : Rounding
    inside : bool
        True: QONNX's Quant, which adds the zero point and clamps before it rounds, all in
        float32. False: ONNX and TFLite, which add the zero point to the rounded integer.

    Returns
    -------
    int64 array of the shape of ``x``: ``low`` to ``high``. Bit for bit QONNX's for at most 24
    bits, or ONNX Runtime's, which rounds half to even.

    Source: QONNX, ``custom_op/general/intquant.py``; the definition of ONNX's QuantizeLinear.

    >>> quantise(np.float32([-9, 0.25, 0.75]), np.float32([0.5]), zero_point=3, low=-8, high=7,
    ...          rounding=Rounding.HALF_EVEN, inside=False)
    array([-8,  3,  5])
    """
    with np.errstate(over="ignore"):
        real = x / scale
    if inside:
        shifted = np.clip(real + np.asarray(zero_point, np.float32), low, high)
        whole = _round_as_qonnx(shifted, rounding).astype(np.int64)
        # float32 rounds limits above 2**24; the integers put it right.
        return np.clip(whole, low, high)
    # The clamp comes first so that an infinity cannot meet the zero point.
    whole = round_real(np.clip(real, -(2.0**40), 2.0**40), rounding).astype(np.int64)
    return np.clip(whole + zero_point, low, high)


def _round_as_qonnx(x: NDArray[np.float32], rounding: Rounding) -> NDArray[Any]:
    """QONNX's own float32 formulas; they differ from exact rounding next to 0.5 and from 2**23."""
    half = np.float32(0.5)
    match rounding:
        case Rounding.HALF_AWAY:
            return np.asarray(np.sign(x) * np.floor(np.abs(x) + half))
        case Rounding.HALF_TOWARD_ZERO:
            return np.asarray(np.sign(x) * np.ceil(np.abs(x) - half))
        case _:
            return round_real(x, rounding)


def dequantise(values: NDArray[Any], scale: NDArray[np.float32],
               zero_point: int | NDArray[np.int64]) -> NDArray[np.float32]:
    """``float32(values - zero_point) * scale`` in float32; exact for scale 1 below 2**24.

    Parameters
    ----------
    values : integers, shape (..., channels)
    scale : float32, of a shape that broadcasts to that of ``values``
    zero_point : int or integers that broadcast to ``values``

    Returns
    -------
    float32 array of the shape of ``values``, bit for bit ONNX Runtime's.

    Source: the definition of ONNX's DequantizeLinear.

    >>> dequantise(np.array([-8, 3, 5]), np.float32([0.5]), 3)
    array([-5.5,  0. ,  1. ], dtype=float32)
    """
    shifted = values.astype(np.int64) - zero_point if np.any(zero_point) else values
    with np.errstate(over="ignore"):
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
            with np.errstate(over="ignore"):
                return ((x / scale + np.float32(self.zero_point) >= 0).astype(np.uint8),)
        whole = quantise(x, scale, zero_point=self.zero_point, low=self.low, high=self.high,
                         rounding=self.rounding, inside=self.zero_point_inside)
        return (self.format.from_fixed(whole).astype(self.format.dtype),)


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
