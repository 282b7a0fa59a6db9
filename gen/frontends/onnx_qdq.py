"""ONNX's QuantizeLinear and DequantizeLinear, and the kernels ONNX Runtime fuses them into.

ONNX Runtime (1.31, default optimisation) replaces DequantizeLinear - Gemm or MatMul -
QuantizeLinear of 8-bit tensors by QGemm or QLinearMatMul: an int32 sum, times
``float32(float32(scale_x * scale_w) / scale_y)`` in float32, rounded half to even. A Relu in
between goes where the output's zero point is its smallest code; a bias belongs to the sum where
it is 32 bits wide on the sum's own scale. All else is computed as ONNX defines it, in float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Format, IntFormat, Rounding
from sw_model.node import fixed
from sw_model.ops import MatMul, Rescale, RescaleMode
from sw_model.ops.fixed_point import split_scale

from .onnx_arithmetic import arithmetic
from .onnx_context import Context, Handler
from .onnx_product import integer_bias, sum_width
from .onnx_quantisers import Grid, code_constant, code_tensor, real_constant, require_positive
from .onnx_reader import OnnxNode
from .onnx_tensor import element_type
from .onnx_values import Coded, CodedConstant, Constant, Dynamic, Hindrance, Sums

__all__ = ["DOMAINS", "HANDLERS", "add", "dequantize_linear", "quantize_linear"]

#: Domains of the two operators; Microsoft's takes the same attributes.
DOMAINS = ("", "ai.onnx", "com.microsoft")

#: Widest codes that QuantizeLinear makes.
MAX_CODE_BITS = 16


def quantize_linear(context: Context, node: OnnxNode) -> None:
    """QuantizeLinear: float32 to codes, rounding half to even."""
    context.arity(node, 2, 3)
    x = context.operand(node, 0)
    format_ = _code_format(context, node)
    scale, zero_point = _parameters(context, node, context.full_shape(x), format_)
    grid = Grid(format_, format_.min, format_.max, scale, zero_point, Rounding.HALF_EVEN, False)
    if isinstance(x, Constant):
        context.require_floats(node, "input", x)
        context.spend(node, x.array.size)
        codes = code_constant(x.array, grid).fixed.astype(format_.dtype)
        context.define(node, Constant(codes, format_, x.origin))
        return
    context.real(node, 0)
    grid = _of_channels(context, x, grid)
    output = node.outputs[0]
    if (factor := _fused_factor(context, node, x.sums, grid)) is not None:
        assert x.sums is not None
        codes_name = _rescale(context, node, x.sums, grid, factor)
    else:
        origin = context.constant(node, 1, "scale").origin
        codes_name = code_tensor(context, node, x, grid, origin, output)
    context.define(node, Dynamic(codes_name))


def dequantize_linear(context: Context, node: OnnxNode) -> None:
    """DequantizeLinear: codes to float32, remembering the codes."""
    context.arity(node, 2, 3)
    x = context.operand(node, 0)
    format_ = x.format if isinstance(x, Constant) else context.build.tensors[x.tensor].format
    if not isinstance(format_, IntFormat) or not 4 <= format_.width <= 32:
        raise context.fault(node, f"its input is {format_}, but must be an integer of 4 to 32 bits")
    scale, zero_point = _parameters(context, node, context.full_shape(x), format_)
    if isinstance(x, Constant):
        context.spend(node, x.array.size)
        coded = CodedConstant(x.array, format_, scale, zero_point)
        context.define(node, real_constant(coded, x.origin))
        return
    grid = _of_channels(context, x, Grid(format_, format_.min, format_.max, scale, zero_point,
                                         Rounding.HALF_EVEN, False))
    only = int(grid.zero_point[0])
    context.build.annotate(x.tensor, grid.scale, only)
    real = context.build.dequantise(node.name, x.tensor, grid.scale, only, node.outputs[0],
                                    context.constant(node, 1, "scale").origin)
    context.define(node, Dynamic(real, Coded(x.tensor, grid.scale, only)))


def add(context: Context, node: OnnxNode) -> None:
    """Add: a bias behind a MatMul joins the sum where ONNX Runtime makes a Gemm of the two."""
    context.arity(node, 2, 2)
    for index in (0, 1) if context.as_onnxruntime else ():
        x = context.operand(node, index)
        if (isinstance(x, Dynamic) and x.sums is not None and not x.sums.rectified
                and len(x.sums.inputs) == 2 and context.read_once(node.inputs[index])
                and len(context.build.shape(x.tensor)) == 1):
            bias = integer_bias(context, node, 1 - index, x.sums.scale)
            rows = context.build.shape(x.tensor)[0]
            if bias is not None and bias.size == rows and _joins(context, x.sums, bias):
                _join_bias(context, node, x.sums, bias)
                return
    arithmetic(context, node)


def _joins(context: Context, sums: Sums, bias: NDArray[np.int64]) -> bool:
    """Whether sums and bias together stay in 32 bits, where ONNX Runtime adds them."""
    x, weights = (context.build.tensors[name] for name in sums.inputs)
    assert weights.value is not None
    return sum_width(x.format, sums.zero_point, fixed(weights, weights.value), bias) <= 32


def _join_bias(context: Context, node: OnnxNode, sums: Sums, bias: NDArray[np.int64]) -> None:
    build, output = context.build, node.outputs[0]
    inputs = (*sums.inputs, build.constant(f"{output}_bias", bias, IntFormat(32)))
    tensor = build.add(MatMul(
        name=node.name, inputs=inputs, outputs=(build.fresh(f"{output}_sums"),),
        format=IntFormat(32), zero_point=sums.zero_point), scale=sums.scale)
    real = build.dequantise(f"{node.name}_real", tensor, sums.scale, 0, output, f"{output}_scale")
    context.define(node, Dynamic(real, sums=Sums(tensor, inputs, sums.zero_point, sums.scale)))


def _fused_factor(context: Context, node: OnnxNode, sums: Sums | None, grid: Grid
                  ) -> NDArray[np.float32] | None:
    """What ONNX Runtime multiplies ``sums`` by; None where it does not fuse."""
    if (sums is None or not context.as_onnxruntime or not context.read_once(node.inputs[0])
            or grid.scale.size != 1 or grid.format.width != 8
            or (sums.rectified and int(grid.zero_point[0]) != grid.low)):
        return None
    with np.errstate(over="ignore", under="ignore"):
        factor = np.asarray(sums.scale / grid.scale, np.float32)
    if not (np.isfinite(factor).all() and (factor > 0).all()):
        raise Hindrance("the ratio of the scales leaves float32",
                        "choose scales whose ratio is a float32 number above 0")
    return factor


def _rescale(context: Context, node: OnnxNode, sums: Sums, grid: Grid,
             factor: NDArray[np.float32]) -> str:
    build, output = context.build, node.outputs[0]
    parts = np.array([split_scale(float(f)) for f in factor], np.int64)
    multiplier, exponent = (
        build.constant(f"{output}_{what}", parts[:, k], IntFormat(32))
        for k, what in enumerate(("multiplier", "exponent")))
    zero_point = int(grid.zero_point[0])
    return build.add(Rescale(
        name=node.name, inputs=(sums.tensor, multiplier, exponent), outputs=(output,),
        format=grid.format, mode=RescaleMode.FLOAT32_HALF_EVEN, zero_point=zero_point,
        low=grid.low, high=grid.high), scale=grid.scale, zero_point=zero_point)


def _code_format(context: Context, node: OnnxNode) -> Format:
    """Format of the codes that a QuantizeLinear makes."""
    kind = context.attribute(node, "output_dtype", 0)
    if context.has(node, 2):
        format_ = context.constant(node, 2, "zero point").format
    elif kind:
        format_ = element_type(f"{context.model.where}: node {node.name!r}: its output", kind)
    else:
        format_ = IntFormat(8, signed=False)
    if not isinstance(format_, IntFormat) or not 4 <= format_.width <= MAX_CODE_BITS:
        raise context.fault(node, f"its codes are {format_}, but must be integers of 4 to "
                                  f"{MAX_CODE_BITS} bits")
    return format_


def _parameters(context: Context, node: OnnxNode, sizes: tuple[int, ...], format_: Format
                ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scale and zero point, of shapes that broadcast to ``sizes``."""
    if context.attribute(node, "block_size", 0):
        raise Hindrance("it has a scale for each block", "quantise per tensor or per channel")
    scale = context.floats(node, 1, "scale")
    require_positive(context, node, "the scale", scale)
    zero_point = np.zeros(scale.shape, np.int64)
    if context.has(node, 2):
        given = context.constant(node, 2, "zero point")
        if given.format != format_ or given.array.size != scale.size:
            raise context.fault(node, f"the zero point is {given.format} {list(given.array.shape)},"
                                      f" but must be {format_} {list(scale.shape)}")
        zero_point = given.array.astype(np.int64).reshape(scale.shape)
    if scale.size == 1:
        return scale.reshape(1), zero_point.reshape(1)
    axis = context.axis(node, context.attribute(node, "axis", 1), len(sizes))
    if scale.shape != sizes[axis:axis + 1]:
        raise context.fault(node, f"scale has shape {list(scale.shape)}, but must be one number "
                                  f"or [{sizes[axis]}], the length of axis {axis}")
    shape = [1] * len(sizes)
    shape[axis] = sizes[axis]
    return scale.reshape(shape), zero_point.reshape(shape)


def _of_channels(context: Context, x: Dynamic, grid: Grid) -> Grid:
    """``grid`` for a run-time tensor: a scale for the last axis at most, one zero point."""
    shape = context.full_shape(x)
    scale, zero_point = grid.scale, grid.zero_point.ravel()
    if scale.size > 1 and (len(shape) == 1 or scale.shape[-1] != shape[-1]):
        raise Hindrance("an activation with a scale for each index of an axis that is not the "
                        "last", "scales of activations may differ along the last axis alone")
    if not (zero_point == zero_point[0]).all():
        raise Hindrance("the zero point differs from channel to channel",
                        "use one zero point for activations")
    return Grid(grid.format, grid.low, grid.high, scale.ravel(), zero_point[:1], grid.rounding,
                grid.inside)


HANDLERS: dict[str, Handler] = {"QuantizeLinear": quantize_linear,
                                "DequantizeLinear": dequantize_linear}
