"""MatMul and Gemm: exact integer sums of codes, then float32 in the file's order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Format, IntFormat, covering
from sw_model.ops import MatMul, Operator, accumulator_range

from .onnx_arithmetic import combine
from .onnx_context import Context
from .onnx_reader import OnnxNode
from .onnx_values import Coded, Constant, Dynamic, Hindrance, Sums

__all__ = ["gemm", "integer_bias", "matmul", "product", "sum_width"]

#: Widest sums: beyond them 64-bit arithmetic could overflow on the way.
MAX_SUM_WIDTH = 48

ONE = np.float32(1)


@dataclass(frozen=True)
class Weights:
    """A weight matrix as the golden model takes it.

    Parameters
    ----------
    tensor : str
        Of the graph: codes, shape (rows, columns), the zero point taken off.
    fixed : integers, shape (rows, columns)
    scale : float32, shape (1,) or (rows,)
    bytes_wide : bool
        Whether the file stores them in 8 bits.
    """

    tensor: str
    fixed: NDArray[np.int64]
    scale: NDArray[np.float32]
    bytes_wide: bool


def matmul(context: Context, node: OnnxNode) -> None:
    """MatMul of a quantised run-time tensor and a quantised constant matrix."""
    context.arity(node, 2, 2)
    coded, weights = _operands(context, node, transposed=False)
    context.define(node, product(context, node.name, node.outputs[0], coded, weights))


def gemm(context: Context, node: OnnxNode) -> None:
    """Gemm: ``alpha * (x @ weights) + beta * c`` of vectors, the product of codes."""
    context.arity(node, 2, 3)
    if context.attribute(node, "transA", 0):
        raise Hindrance("transA moves axis 0, the batch", "transpose in the exporter")
    alpha = np.float32(context.attribute(node, "alpha", 1.0))
    beta = np.float32(context.attribute(node, "beta", 1.0))
    x = context.operand(node, 0)
    if isinstance(x, Dynamic) and len(context.build.shape(x.tensor)) != 1:
        raise context.fault(node, f"its input has {len(context.full_shape(x))} axes, but must "
                                  "have 2")
    coded, weights = _operands(context, node,
                               transposed=context.attribute(node, "transB", 0) != 0)
    output, biased = node.outputs[0], context.has(node, 2)
    if context.as_onnxruntime and not biased and alpha > 0:
        # ONNX Runtime's QGemm takes alpha into the scale.
        context.define(node, product(context, node.name, output, coded, weights, alpha=alpha))
        return
    if biased and context.as_onnxruntime and alpha == 1 and beta == 1:
        bias = integer_bias(context, node, 2, _sum_scale(context, node.name, coded, weights))
        if bias is not None:
            context.define(node, product(context, node.name, output, coded, weights, bias=bias))
            return
    steps: list[tuple[str, Operator, str]] = []
    if alpha != 1:
        steps.append(("alpha", Operator.MUL,
                      context.build.floats(f"{output}_alpha", np.array([alpha]))))
    if biased:
        steps.append(("bias", Operator.ADD, _addend(context, node, beta, len(weights.fixed))))
    current = product(context, node.name,
                      context.build.fresh(f"{output}_product") if steps else output,
                      coded, weights)
    if not steps:
        context.define(node, current)
        return
    tensor = current.tensor
    for k, (what, operator, operand) in enumerate(steps, 1):
        made = output if k == len(steps) else context.build.fresh(f"{output}_{what}")
        tensor = combine(context, f"{node.name}_{what}", operator, tensor, operand, made)
    context.define(node, Dynamic(tensor))


def _addend(context: Context, node: OnnxNode, beta: np.float32, rows: int) -> str:
    """The tensor ``beta * c``."""
    output = node.outputs[0]
    c = context.operand(node, 2)
    if isinstance(c, Constant):
        context.require_floats(node, "C", c)
        array = context.per_sample(node, "C", c.array, (rows,))
        if beta == 1:
            return context.build.floats(c.origin, array)
        with np.errstate(over="ignore"):
            array = array * beta
        if not np.isfinite(array).all():
            raise context.fault(node, "beta * C leaves float32")
        return context.build.floats(f"{output}_beta_c", array)
    tensor = context.real(node, 2).tensor
    if context.build.shape(tensor) != (rows,):
        raise Hindrance(f"C of shape {list(context.build.shape(tensor))} is not as long as the "
                        f"result, {rows}", "expand C in the exporter")
    if beta == 1:
        return tensor
    return combine(context, f"{node.name}_beta", Operator.MUL, tensor,
                   context.build.floats(f"{output}_beta", np.array([beta])),
                   context.build.fresh(f"{output}_beta_c"))


def _operands(context: Context, node: OnnxNode, *, transposed: bool) -> tuple[Coded, Weights]:
    """The codes and the weights that ``node`` multiplies.

    Raises
    ------
    Hindrance
        If they are not a quantised run-time tensor and a quantised constant matrix.
    """
    x, w = context.operand(node, 0), context.operand(node, 1)
    if not isinstance(x, Dynamic) or not isinstance(w, Constant):
        kinds = ["constant" if isinstance(v, Constant) else "computed at run time" for v in (x, w)]
        raise Hindrance(f"its operands are {kinds[0]} and {kinds[1]}",
                        "the first must be computed at run time, the second a constant matrix")
    context.real(node, 0)
    context.require_floats(node, "weights", w)
    plain = [f"{what} {node.inputs[k]!r}" for k, (what, coded) in
             enumerate((("input", x.coded), ("weights", w.coded))) if coded is None]
    if plain:
        raise Hindrance("not a product of two quantised operands: " + " and ".join(plain)
                        + (" is" if len(plain) == 1 else " are") + " float",
                        "quantise both (Quant, or QuantizeLinear and DequantizeLinear)")
    assert x.coded is not None
    sizes = context.build.shape(x.tensor)
    if w.array.ndim != 2 or not sizes:
        raise Hindrance(f"weights of shape {list(w.array.shape)} and an input of "
                        f"{list(context.full_shape(x))}",
                        "only (batch, ..., columns) times a matrix is supported")
    rows_axis = 0 if transposed else 1
    if w.array.shape[1 - rows_axis] != sizes[-1]:
        raise context.fault(node, f"weights of shape {list(w.array.shape)} do not fit an input "
                                  f"of {list(context.full_shape(x))}")
    if not (x.coded.scale == x.coded.scale[0]).all():
        raise Hindrance(f"input {node.inputs[0]!r} has a scale for each column",
                        "a product needs one scale for all columns")
    return replace(x.coded, scale=x.coded.scale[:1]), _weights(context, node, w, rows_axis)


def _weights(context: Context, node: OnnxNode, constant: Constant, rows_axis: int) -> Weights:
    coded = constant.coded
    assert coded is not None
    fixed, zero_point = coded.fixed.astype(np.int64), coded.zero_point
    format_: Format = coded.format
    if zero_point.any():
        fixed = fixed - zero_point
        format_ = covering(format_.fixed_min - int(zero_point.max()),
                           format_.fixed_max - int(zero_point.min()))
    scale = coded.scale
    if scale.size == 1:
        scale = scale.reshape(1)
    else:
        wide = np.broadcast_to(scale, fixed.shape)
        wide = wide if rows_axis == 0 else wide.T
        if not (wide == wide[:, :1]).all():
            raise Hindrance("the weights' scale differs along the summed axis",
                            "quantise the weights per tensor or per output")
        scale = np.ascontiguousarray(wide[:, 0])
    fixed = np.ascontiguousarray(fixed if rows_axis == 0 else fixed.T)
    tensor = context.build.constant(constant.origin, format_.from_fixed(fixed), format_,
                                    scale if scale.size == 1 else None)
    return Weights(tensor, fixed, scale, isinstance(coded.format, IntFormat)
                   and coded.format.width == 8)


def _sum_scale(context: Context, name: str, coded: Coded, weights: Weights,
               alpha: np.float32 = ONE) -> NDArray[np.float32]:
    """float32 value of one unit of the sums; shape (1,) or (rows,)."""
    with np.errstate(over="ignore", under="ignore"):
        scale = np.asarray(coded.scale * alpha * weights.scale, np.float32)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise Hindrance("the product of the operands' scales leaves float32",
                        "choose scales whose product is a float32 number above 0")
    return scale


def product(context: Context, name: str, output: str, coded: Coded, weights: Weights, *,
            alpha: np.float32 = ONE, bias: NDArray[np.int64] | None = None) -> Dynamic:
    """``alpha * (x @ weights + bias)`` in float32 from exact sums, as the tensor ``output``.

    ``bias`` counts in units of the sums, shape (rows,).
    """
    scale = _sum_scale(context, name, coded, weights, alpha)
    inputs: tuple[str, ...] = (coded.tensor, weights.tensor)
    if bias is not None:
        inputs += (context.build.constant(f"{output}_bias", bias, IntFormat(32)),)
    source = context.build.tensors[coded.tensor].format
    width = sum_width(source, coded.zero_point, weights.fixed, bias)
    if width > MAX_SUM_WIDTH:
        raise Hindrance(f"its sums need {width} bits", f"at most {MAX_SUM_WIDTH} are supported")
    sums = context.build.add(MatMul(
        name=name, inputs=inputs, outputs=(context.build.fresh(f"{output}_sums"),),
        format=IntFormat(max(width, 32)), zero_point=coded.zero_point), scale=scale)
    real = context.build.dequantise(f"{name}_real", sums, scale, 0, output, f"{output}_scale")
    as_bytes = isinstance(source, IntFormat) and source.width == 8 and weights.bytes_wide
    if not as_bytes or coded.computed or width > 32:
        return Dynamic(real)
    return Dynamic(real, sums=Sums(sums, inputs, coded.zero_point, scale))


def sum_width(source: Format, zero_point: int, weights: NDArray[np.int64],
              bias: NDArray[np.int64] | None) -> int:
    """Bits of the widest sum of ``weights`` times any codes of ``source``, plus ``bias``."""
    low, high = accumulator_range(weights, source.fixed_min - zero_point,
                                  source.fixed_max - zero_point, bias)
    return max(covering_width(min(low)), covering_width(max(high)))


def covering_width(value: int) -> int:
    """Bits of the narrowest two's complement integer that holds ``value``."""
    return (value if value >= 0 else ~value).bit_length() + 1


def integer_bias(context: Context, node: OnnxNode, index: int, scale: NDArray[np.float32]
                 ) -> NDArray[np.int64] | None:
    """Input ``index`` in units of ``scale``, shape (rows,); None if it is not so quantised.

    A quantised constant of 32 bits whose scale is that of the sums to within 4 ulp: exporters
    multiply the two scales in float64 or float32.
    """
    c = context.operand(node, index)
    if not isinstance(c, Constant) or c.coded is None or c.coded.format != IntFormat(32):
        return None
    sizes = [size for size in c.array.shape if size != 1]
    if c.array.ndim > 2 or len(sizes) > 1 or c.array.size < scale.size:
        return None
    own = np.broadcast_to(c.coded.scale, c.array.shape).ravel()
    if not (np.abs(own - scale) <= 4 * np.spacing(scale)).all():
        return None
    bias = c.coded.fixed.astype(np.int64) - c.coded.zero_point
    limit = 2**31
    return bias.ravel() if (bias >= -limit).all() and (bias < limit).all() else None
