"""QONNX's quantisers: Quant (IntQuant) and BipolarQuant.

Source: Pappalardo et al., "QONNX: Representing Arbitrary-Precision Quantized Neural Networks",
2022, and the operators' definition in the package ``qonnx``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import BipolarFormat, Format, IntFormat, Rounding, TernaryFormat

from .onnx_context import Context, Handler
from .onnx_quantisers import Grid, code_constant, code_tensor, real_constant, require_positive
from .onnx_reader import OnnxNode
from .onnx_values import Coded, Constant, Dynamic, Hindrance

__all__ = ["DOMAINS", "HANDLERS", "bipolar_quant", "quant"]

#: Domains in which exporters have put these operators.
DOMAINS = ("onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general")

#: Widest code.
MAX_BITS = 32

ROUNDINGS = {
    "ROUND": Rounding.HALF_EVEN, "HALF_EVEN": Rounding.HALF_EVEN, "CEIL": Rounding.CEILING,
    "FLOOR": Rounding.FLOOR, "UP": Rounding.AWAY_FROM_ZERO, "DOWN": Rounding.TOWARD_ZERO,
    "HALF_UP": Rounding.HALF_AWAY, "HALF_DOWN": Rounding.HALF_TOWARD_ZERO,
}


def quant(context: Context, node: OnnxNode) -> None:
    """Quant: round to ``bits`` integers of a scale and back to float32."""
    context.arity(node, 4, 4)
    bits = _bits(context, node)
    signed, narrow = (_flag(context, node, name) for name in ("signed", "narrow"))
    mode = context.attribute(node, "rounding_mode", "ROUND").upper()
    if mode not in ROUNDINGS:
        raise context.fault(node, f"rounding_mode is {mode!r}; there are {', '.join(ROUNDINGS)}")
    format_: Format = IntFormat(bits, signed=signed)
    low, high = format_.min + (signed and narrow), format_.max - (not signed and narrow)
    if bits == 1 and signed:
        format_, low, high = BipolarFormat(), -1, 1
    elif bits == 2 and signed and narrow:
        format_ = TernaryFormat()
    scale, zero_point = _scale(context, node), _zero_point(context, node, low, high)
    if format_ == BipolarFormat() and zero_point.any():
        raise context.fault(node, "the zero point of one signed bit must be 0")
    _apply(context, node, Grid(format_, low, high, scale, zero_point, ROUNDINGS[mode], True), scale)


def bipolar_quant(context: Context, node: OnnxNode) -> None:
    """BipolarQuant: plus or minus the scale, zero counting as positive."""
    context.arity(node, 2, 2)
    scale = _scale(context, node)
    # The sign is taken before anything is divided: a quotient could underflow to zero.
    sign = Grid(BipolarFormat(), -1, 1, np.ones(1, np.float32), np.zeros(1, np.int64),
                Rounding.HALF_EVEN, True)
    _apply(context, node, sign, scale)


def _apply(context: Context, node: OnnxNode, grid: Grid, scale: NDArray[np.float32]) -> None:
    """Quantise the first input to ``grid``, and back with ``scale``."""
    x = context.operand(node, 0)
    output = node.outputs[0]
    origin = context.constant(node, 1, "scale").origin
    shape = context.full_shape(x)
    if isinstance(x, Constant):
        context.require_floats(node, "input", x)
        for what, array in (("scale", scale), ("zero point", grid.zero_point)):
            if _broadcast(array.shape, shape) != shape:
                raise context.fault(node, f"{what} of shape {list(array.shape)} does not "
                                          f"broadcast to {list(shape)}")
        context.spend(node, x.array.size)
        coded = code_constant(x.array, grid)
        context.define(node, real_constant(
            type(coded)(coded.fixed, coded.format, scale, coded.zero_point), x.origin))
        return
    context.real(node, 0)
    grid_scale, scale = (_channels(context, node, x, s) for s in (grid.scale, scale))
    if not (grid.zero_point == grid.zero_point.ravel()[0]).all():
        raise Hindrance("the zero point differs from channel to channel",
                        "use one zero point for activations")
    grid = Grid(grid.format, grid.low, grid.high, grid_scale, grid.zero_point.ravel()[:1],
                grid.rounding, grid.inside)
    unit = origin if grid_scale is scale or np.array_equal(grid_scale, scale) else f"{output}_unit"
    codes = code_tensor(context, node, x, grid, unit, None)
    zero_point = int(grid.zero_point[0])
    real = context.build.dequantise(f"{node.name}_real", codes, scale, zero_point, output, origin)
    context.define(node, Dynamic(real, Coded(codes, scale, zero_point)))


def _broadcast(shape: tuple[int, ...], to: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(shape, to)
    except ValueError:
        return None


def _channels(context: Context, node: OnnxNode, x: Dynamic, scale: NDArray[np.float32]
              ) -> NDArray[np.float32]:
    """``scale`` as (1,) or (channels,), channels being the last axis of ``x``."""
    shape = context.build.shape(x.tensor)
    array = context.per_sample(node, "scale", scale, shape)
    if array.size == 1:
        return array.reshape(1)
    if array.size != shape[-1] or array.shape[-1] != shape[-1]:
        raise Hindrance(f"a scale of shape {list(scale.shape)} for an activation of "
                        f"{list(context.full_shape(x))}",
                        "scales of activations may differ along the last axis alone")
    return array.reshape(-1)


def _scale(context: Context, node: OnnxNode) -> NDArray[np.float32]:
    scale = context.floats(node, 1, "scale")
    require_positive(context, node, "the scale", scale)
    return scale


def _zero_point(context: Context, node: OnnxNode, low: int, high: int) -> NDArray[np.int64]:
    real = context.floats(node, 2, "zero point").astype(np.float64)
    wrong = (real != np.rint(real)) | (real < low) | (real > high)
    if wrong.any():
        raise context.fault(node, f"zero point {float(real[wrong][0]):g} is not a whole number "
                                  f"from {low} to {high}")
    return real.astype(np.int64)


def _bits(context: Context, node: OnnxNode) -> int:
    bits = context.floats(node, 3, "bit width").ravel()
    if not (bits == bits[0]).all():
        raise Hindrance("the bit width differs from element to element", "use one bit width")
    if not (bits[0] == np.rint(bits[0]) and 1 <= bits[0] <= MAX_BITS):
        raise context.fault(node, f"bit width {float(bits[0]):g} is not a whole number from 1 to "
                                  f"{MAX_BITS}")
    return int(bits[0])


def _flag(context: Context, node: OnnxNode, name: str) -> bool:
    if name not in node.attributes:
        raise context.fault(node, f"attribute {name!r} is missing; it must be 0 or 1")
    value = context.attribute(node, name, 0)
    if value not in (0, 1):
        raise context.fault(node, f"attribute {name!r} is {value}, but must be 0 or 1")
    return bool(value)


HANDLERS: dict[str, Handler] = {"Quant": quant, "IntQuant": quant, "BipolarQuant": bipolar_quant}
