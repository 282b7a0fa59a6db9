"""What QONNX's and ONNX's own quantisers share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import BipolarFormat, Float32Format, Format, Rounding
from sw_model.ops import Quantise, dequantise, quantise

from .onnx_context import Context
from .onnx_reader import OnnxNode
from .onnx_values import CodedConstant, Constant, Dynamic

__all__ = ["Grid", "code_constant", "code_tensor", "real_constant", "require_positive"]


@dataclass(frozen=True)
class Grid:
    """Where a quantiser puts real values.

    Parameters
    ----------
    format : Format
        Of the codes.
    low, high : int
        Of the clamp, on the format's grid.
    scale : float32
        Broadcasts to the tensor; (1,) or (channels,) for a run-time tensor.
    zero_point : integers
        Broadcast to the tensor; one for a run-time tensor.
    rounding : Rounding
    inside : bool
        Whether the zero point is added before rounding, as in QONNX.
    """

    format: Format
    low: int
    high: int
    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    rounding: Rounding
    inside: bool


def require_positive(context: Context, node: OnnxNode, what: str, scale: NDArray[np.float32]
                     ) -> None:
    """Raise InputFault unless every scale is above 0."""
    if not (scale > 0).all():
        wrong = float(scale.ravel()[np.flatnonzero(~(scale.ravel() > 0))[0]])
        raise context.fault(node, f"{what} is {wrong}, but every scale must be above 0")


def code_constant(x: NDArray[np.float32], grid: Grid) -> CodedConstant:
    """The codes of the constant ``x``."""
    if grid.format == BipolarFormat():
        with np.errstate(over="ignore"):
            fixed = np.where(x / grid.scale >= 0, 1, -1)
    else:
        fixed = quantise(x, grid.scale, zero_point=grid.zero_point, low=grid.low, high=grid.high,
                         rounding=grid.rounding, inside=grid.inside)
    narrow = np.int32 if grid.format.width <= 31 else np.int64
    return CodedConstant(fixed.astype(narrow), grid.format, grid.scale, grid.zero_point)


def real_constant(coded: CodedConstant, origin: str) -> Constant:
    """The float32 values of ``coded``."""
    values = dequantise(coded.fixed, coded.scale, coded.zero_point)
    return Constant(values, Float32Format(), origin, coded)


def code_tensor(context: Context, node: OnnxNode, x: Dynamic, grid: Grid, scale_origin: str,
                output: str | None) -> str:
    """The codes of the run-time tensor ``x``: a Quantise node, unless codes stay what they are.

    Parameters
    ----------
    scale_origin : str
        Name for the constant scale.
    output : str or None
        Name for the codes; None lets them have one of their own.
    """
    if x.coded is not None and _stay(context, x, grid):
        return x.coded.tensor
    zero_point = int(grid.zero_point.ravel()[0])
    return context.build.add(Quantise(
        name=node.name, inputs=(x.tensor, context.build.floats(scale_origin, grid.scale)),
        outputs=(output or context.build.fresh(f"{node.outputs[0]}_codes"),),
        format=grid.format, zero_point=zero_point, low=grid.low, high=grid.high,
        rounding=grid.rounding, zero_point_inside=grid.inside),
        scale=grid.scale, zero_point=zero_point)


def _stay(context: Context, x: Dynamic, grid: Grid) -> bool:
    """Whether every code behind ``x`` comes back from ``grid`` as itself.

    It does on the same grid: with k = code - zero point, float32 gives ``k * scale / scale`` to
    within 2**-23 of k, and the zero point adds as little, so that up to 16 bits the result is
    nearer than a half to k. This needs rounding to nearest, a clamp that cuts nothing off, and
    no subnormal or infinite product.
    """
    coded = x.coded
    assert coded is not None
    format_ = context.build.tensors[coded.tensor].format
    tiny, most = np.finfo(np.float32).tiny, np.finfo(np.float32).max
    return bool(
        format_ == grid.format and format_ != BipolarFormat() and format_.width <= 16
        and (grid.low, grid.high) == (format_.fixed_min, format_.fixed_max)
        and grid.rounding in (Rounding.HALF_EVEN, Rounding.HALF_AWAY, Rounding.HALF_TOWARD_ZERO)
        and np.array_equal(coded.scale, grid.scale) and (grid.zero_point == coded.zero_point).all()
        and (coded.scale >= tiny).all() and (coded.scale <= most / 2**17).all())
