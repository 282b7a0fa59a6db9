"""Operators on constants, computed at import: shape arithmetic and prepared parameters."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from sw_model.formats import Float32Format, IntFormat
from sw_model.ops import Operator
from sw_model.ops.real import arithmetic

from .limits import MAX_RANK, count_elements
from .onnx_context import Context, Handler
from .onnx_reader import OnnxNode
from .onnx_tensor import decode
from .onnx_values import CodedConstant, Constant

__all__ = ["FOLDS", "OPERATORS", "constant", "permutation", "reshaped_sizes", "scaled", "shape"]

INT64 = IntFormat(64)
FLOAT32 = Float32Format()

#: Element-wise operators by their ONNX names.
OPERATORS = {"Add": Operator.ADD, "Sub": Operator.SUB, "Mul": Operator.MUL,
             "Div": Operator.DIV, "Pow": Operator.POW}


def constant(context: Context, node: OnnxNode) -> None:
    """Constant: its value, in whichever attribute it is."""
    context.arity(node, 0, 0)
    if len(node.attributes) != 1:
        raise context.fault(node, "needs one attribute: its value")
    ((name, value),) = node.attributes.items()
    origin = node.outputs[0]
    if name == "value" and isinstance(value, TensorProto):
        stored = decode(f"{context.model.where}: node {node.name!r}: its value", value)
        result = Constant(stored.array, stored.format, origin)
    elif name in ("value_int", "value_ints") and isinstance(value, int | list):
        result = Constant(_int64(context, node, value), INT64, origin)
    elif name in ("value_float", "value_floats") and isinstance(value, float | list):
        result = Constant(np.array(value, np.float32), FLOAT32, origin)
    else:
        raise context.fault(node, f"attribute {name!r} is no dense tensor of numbers")
    context.spend(node, result.array.size)
    context.define(node, result)


def _int64(context: Context, node: OnnxNode, value: object) -> NDArray[np.int64]:
    array = np.array(value)
    if array.size and array.dtype != np.int64:
        raise context.fault(node, "its value must be integers")
    return array.astype(np.int64)


def shape(context: Context, node: OnnxNode) -> None:
    """Shape: known at import, the batch axis counting as the file declares it (1 if open)."""
    context.arity(node, 1, 1)
    sizes = context.full_shape(context.operand(node, 0))
    start = context.attribute(node, "start", 0)
    end = context.attribute(node, "end", len(sizes))
    part = np.array(sizes[start:end], np.int64)
    context.define(node, Constant(part, INT64, node.outputs[0]))


def arithmetic_fold(context: Context, node: OnnxNode) -> None:
    """Add, Sub, Mul, Div, Pow of two constants; Mul and Div by positive scales keep codes."""
    context.arity(node, 2, 2)
    a, b = (context.constant(node, k, "operand") for k in (0, 1))
    if a.format != b.format:
        raise context.fault(node, f"operands of different types, {a.format} and {b.format}")
    try:
        sizes = np.broadcast_shapes(a.array.shape, b.array.shape)
    except ValueError:
        raise context.fault(node, f"operands of shapes {list(a.array.shape)} and "
                                  f"{list(b.array.shape)} do not broadcast") from None
    _check_size(context, node, sizes)
    operator = OPERATORS[node.operator]
    if a.format == FLOAT32:
        result = Constant(arithmetic(operator, a.array, b.array), FLOAT32, node.outputs[0])
        context.define(node, replace(result, coded=_scaled_constant(operator, a, b, sizes)))
    else:
        context.define(node, Constant(_integers(context, node, operator, a.array, b.array),
                                      a.format, node.outputs[0]))


def _integers(context: Context, node: OnnxNode, operator: Operator, a: NDArray[np.int64],
              b: NDArray[np.int64]) -> NDArray[np.int64]:
    with np.errstate(all="ignore"):
        match operator:
            case Operator.ADD:
                return np.asarray(a + b)
            case Operator.SUB:
                return np.asarray(a - b)
            case Operator.MUL:
                return np.asarray(a * b)
            case Operator.DIV:
                if (b == 0).any():
                    raise context.fault(node, "division of integers by zero")
                # ONNX divides integers towards zero.
                quotient = np.abs(a) // np.abs(b)
                return np.asarray(np.where((a < 0) == (b < 0), quotient, -quotient), a.dtype)
            case Operator.POW:
                raise context.fault(node, "powers of integers are not folded")


def scaled(operator: Operator, scale: NDArray[np.float32], factor: NDArray[np.float32]
           ) -> NDArray[np.float32] | None:
    """``scale`` of codes whose values are multiplied or divided by ``factor``.

    None if the result is no scale: not positive, too small or too large for float32.
    """
    if operator not in (Operator.MUL, Operator.DIV):
        return None
    result = arithmetic(operator, scale, factor)
    usable = np.isfinite(result) & (result >= np.finfo(np.float32).tiny)
    return result if bool(usable.all() and (factor > 0).all()) else None


def _scaled_constant(operator: Operator, a: Constant, b: Constant, sizes: tuple[int, ...]
                     ) -> CodedConstant | None:
    if a.coded is None and operator is Operator.MUL:
        a, b = b, a
    if a.coded is None or a.array.shape != sizes:
        return None
    scale = scaled(operator, a.coded.scale, b.array)
    return None if scale is None else replace(a.coded, scale=scale)


def square_root(context: Context, node: OnnxNode) -> None:
    """Sqrt of a constant."""
    context.arity(node, 1, 1)
    x = context.floats(node, 0, "operand")
    if (x < 0).any():
        raise context.fault(node, "the root of a negative number")
    context.spend(node, x.size)
    context.define(node, Constant(np.sqrt(x), FLOAT32, node.outputs[0]))


def relu(context: Context, node: OnnxNode) -> None:
    """Relu of a constant."""
    context.arity(node, 1, 1)
    x = context.floats(node, 0, "operand")
    context.spend(node, x.size)
    context.define(node, Constant(np.maximum(x, np.float32(0)), FLOAT32, node.outputs[0]))


def gather(context: Context, node: OnnxNode) -> None:
    """Gather from a constant."""
    context.arity(node, 2, 2)
    x, index = (context.constant(node, k, "operand") for k in (0, 1))
    if index.format not in (INT64, IntFormat(32)):
        raise context.fault(node, f"indices must be int32 or int64, not {index.format}")
    if x.array.ndim == 0:
        raise context.fault(node, "cannot gather from a scalar")
    axis = context.axis(node, context.attribute(node, "axis", 0), x.array.ndim)
    length = x.array.shape[axis]
    if ((index.array < -length) | (index.array >= length)).any():
        raise context.fault(node, f"an index is outside an axis of length {length}")
    _check_size(context, node, (*x.array.shape[:axis], *index.array.shape,
                                *x.array.shape[axis + 1:]))
    context.define(node, Constant(np.asarray(np.take(x.array, index.array, axis)), x.format,
                                  node.outputs[0]))


def concat(context: Context, node: OnnxNode) -> None:
    """Concat of constants."""
    context.arity(node, 1, len(node.inputs))
    if "" in node.inputs:
        raise context.fault(node, "an input is missing")
    parts = [context.constant(node, k, "operand") for k in range(len(node.inputs))]
    if len({part.format for part in parts}) > 1:
        raise context.fault(node, "operands are of different types")
    arrays = [part.array for part in parts]
    if "axis" not in node.attributes:
        raise context.fault(node, "attribute 'axis' is missing")
    axis = context.axis(node, context.attribute(node, "axis", 0), arrays[0].ndim)
    others = {(*a.shape[:axis], -1, *a.shape[axis + 1:]) for a in arrays if a.ndim > axis}
    if len(others) > 1 or any(a.ndim != arrays[0].ndim for a in arrays):
        raise context.fault(node, "operands differ in shape beside the axis")
    context.spend(node, sum(a.size for a in arrays))
    context.define(node, Constant(np.concatenate(arrays, axis), parts[0].format, node.outputs[0]))


def reshape(context: Context, node: OnnxNode) -> None:
    """Reshape, Flatten, Unsqueeze, Squeeze, Transpose of a constant, its codes included."""
    context.arity(node, 1, 2)
    x = context.operand(node, 0)
    assert isinstance(x, Constant), "only constants are folded"
    order = None
    if node.operator == "Transpose":
        order = permutation(context, node, x.array.ndim)
        sizes = tuple(x.array.shape[k] for k in order)
    else:
        sizes = reshaped_sizes(context, node, tuple(x.array.shape))
    context.spend(node, x.array.size)

    def move(array: NDArray[np.generic]) -> NDArray[np.generic]:
        if array.size == 1 and x.array.size != 1:
            return array.reshape(())
        wide = np.broadcast_to(array, x.array.shape)
        return wide.transpose(order) if order is not None else wide.reshape(sizes)

    coded = x.coded
    if coded is not None:
        coded = CodedConstant(np.ascontiguousarray(move(coded.fixed)).reshape(sizes), coded.format,
                              move(coded.scale), move(coded.zero_point))  # type: ignore[arg-type]
    moved = np.ascontiguousarray(move(x.array)).reshape(sizes)
    context.define(node, Constant(moved, x.format, x.origin, coded))


def permutation(context: Context, node: OnnxNode, rank: int) -> list[int]:
    """The order of axes that a Transpose makes."""
    context.arity(node, 1, 1)
    order = context.integer_list(node, "perm")
    if order is None:
        return list(reversed(range(rank)))
    if sorted(order) != list(range(rank)):
        raise context.fault(node, f"perm {order} does not permute {rank} axes")
    return order


def reshaped_sizes(context: Context, node: OnnxNode, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that Reshape, Flatten, Unsqueeze or Squeeze makes of ``sizes``.

    Raises
    ------
    InputFault
        If the number of elements would change.
    """
    match node.operator:
        case "Flatten":
            context.arity(node, 1, 1)
            axis = context.attribute(node, "axis", 1)
            if not -len(sizes) <= axis <= len(sizes):
                raise context.fault(node, f"axis {axis} of a tensor with {len(sizes)} axes")
            axis += len(sizes) if axis < 0 else 0
            return (prod(sizes[:axis]), prod(sizes[axis:]))
        case "Reshape":
            return _reshape_sizes(context, node, sizes)
        case _:
            return _squeeze_sizes(context, node, sizes)


def _reshape_sizes(context: Context, node: OnnxNode, sizes: tuple[int, ...]) -> tuple[int, ...]:
    context.arity(node, 2, 2)
    wanted = context.integers(node, 1, "shape")
    keep_zero = context.attribute(node, "allowzero", 0) != 0
    result = list(wanted)
    for k, size in enumerate(wanted):
        if size == 0 and not keep_zero:
            if k >= len(sizes):
                raise context.fault(node, f"shape {wanted} copies axis {k} of a tensor with "
                                          f"{len(sizes)} axes")
            result[k] = sizes[k]
    if wanted.count(-1) == 1:
        rest = -prod(result)
        result[wanted.index(-1)] = prod(sizes) // rest if rest > 0 else 0
    if len(result) > MAX_RANK + 1 or any(s < 0 for s in result) or prod(result) != prod(sizes):
        raise context.fault(node, f"shape {wanted} does not fit the {prod(sizes)} elements of "
                                  f"{list(sizes)}")
    return tuple(result)


def _squeeze_sizes(context: Context, node: OnnxNode, sizes: tuple[int, ...]) -> tuple[int, ...]:
    context.arity(node, 1, 2)
    axes = (context.integers(node, 1, "axes") if context.has(node, 1)
            else context.integer_list(node, "axes"))
    if node.operator == "Squeeze":
        chosen = ({k for k, size in enumerate(sizes) if size == 1} if axes is None
                  else {context.axis(node, axis, len(sizes)) for axis in axes})
        if any(sizes[k] != 1 for k in chosen):
            raise context.fault(node, f"axes {axes} of {list(sizes)} are not all of length 1")
        return tuple(size for k, size in enumerate(sizes) if k not in chosen)
    if axes is None:
        raise context.fault(node, "axes are missing")
    rank = len(sizes) + len(axes)
    chosen = {context.axis(node, axis, rank) for axis in axes}
    if len(chosen) < len(axes) or rank > MAX_RANK + 1:
        raise context.fault(node, f"axes {axes} repeat, or are too many")
    rest = iter(sizes)
    return tuple(1 if k in chosen else next(rest) for k in range(rank))


def _check_size(context: Context, node: OnnxNode, sizes: tuple[int, ...]) -> None:
    """Account for a result of shape ``sizes`` before it is made."""
    if 0 not in sizes:
        context.spend(node, count_elements(
            f"{context.model.where}: node {node.name!r}: its result", sizes))


#: Operators that are computed at import where all their inputs are constant.
FOLDS: dict[str, Handler] = {
    **dict.fromkeys(OPERATORS, arithmetic_fold), "Sqrt": square_root, "Relu": relu,
    "Gather": gather, "Concat": concat,
    **dict.fromkeys(["Reshape", "Flatten", "Unsqueeze", "Squeeze", "Transpose"], reshape)}

