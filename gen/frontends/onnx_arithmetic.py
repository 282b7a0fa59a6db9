"""ONNX's element-wise float32 operators, batch normalisation and ArgMax, on run-time tensors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import BipolarFormat, IntFormat
from sw_model.ops import (
    ArgMax,
    Arithmetic,
    BatchNormalisation,
    MultiplyAddShift,
    Operator,
    Relu,
    Reshape,
)

from .onnx_context import Context
from .onnx_fold import OPERATORS, scaled
from .onnx_reader import OnnxNode
from .onnx_values import Coded, Constant, Dynamic, Hindrance

__all__ = ["argmax", "arithmetic", "batch_normalisation", "combine", "relu"]


def combine(context: Context, name: str, operator: Operator, a: str, b: str, output: str) -> str:
    """The tensor ``output`` = ``a`` operator ``b``, in float32."""
    return context.build.add(Arithmetic(name=name, inputs=(a, b), outputs=(output,),
                                        operator=operator))


def arithmetic(context: Context, node: OnnxNode) -> None:
    """Add, Sub, Mul, Div, Pow of a run-time tensor and a constant, or of two such tensors."""
    context.arity(node, 2, 2)
    operator = OPERATORS[node.operator]
    names: list[str] = []
    coded: Coded | None = None
    for index in (0, 1):
        value = context.operand(node, index)
        if isinstance(value, Constant):
            context.require_floats(node, f"operand {node.inputs[index]!r}", value)
            other = context.real(node, 1 - index)
            array = context.per_sample(node, f"operand {node.inputs[index]!r}", value.array,
                                       context.build.shape(other.tensor))
            names.append(context.build.floats(value.origin, array))
            if operator is Operator.MUL or index == 1:
                coded = _rescaled(operator, other, array)
        else:
            names.append(context.real(node, index).tensor)
    if not any(isinstance(context.operand(node, k), Constant) for k in (0, 1)):
        shapes = [context.build.shape(name) for name in names]
        if shapes[0] != shapes[1]:
            raise Hindrance(f"two run-time operands of different shapes, {list(shapes[0])} and "
                            f"{list(shapes[1])}", "expand one of them in the exporter")
    result = combine(context, node.name, operator, names[0], names[1], node.outputs[0])
    context.define(node, Dynamic(result, coded))


def _rescaled(operator: Operator, x: Dynamic, factor: NDArray[np.float32]) -> Coded | None:
    """The codes behind ``x`` times or over one positive number: the same on another scale."""
    if x.coded is None or factor.size != 1:
        return None
    scale = scaled(operator, x.coded.scale, factor.reshape(1))
    return None if scale is None else replace(x.coded, scale=scale, computed=True)


def relu(context: Context, node: OnnxNode) -> None:
    """Relu; the codes behind its input are clamped likewise."""
    context.arity(node, 1, 1)
    x = context.real(node, 0)
    output = context.build.add(Relu(name=node.name, inputs=(x.tensor,), outputs=node.outputs[:1]))
    sums = x.sums if context.read_once(node.inputs[0]) else None
    context.define(node, Dynamic(output, _clamped(context, node, x.coded),
                                 None if sums is None else replace(sums, rectified=True)))


def _clamped(context: Context, node: OnnxNode, coded: Coded | None) -> Coded | None:
    """The codes of max(value, 0); None where the format has no zero."""
    if coded is None:
        return None
    format_ = context.build.tensors[coded.tensor].format
    if coded.zero_point == format_.fixed_min:
        return replace(coded, computed=True)
    if format_ == BipolarFormat():
        return None
    one = context.build.constant(f"{node.outputs[0]}_multiplier", np.ones(1, np.int64),
                                 IntFormat(2))
    zero = context.build.constant(f"{node.outputs[0]}_offset", np.zeros((1, 1), np.int64),
                                  IntFormat(1))
    codes = context.build.add(MultiplyAddShift(
        name=node.name, inputs=(coded.tensor, one, zero),
        outputs=(context.build.fresh(f"{node.outputs[0]}_codes"),), format=format_, shift=0,
        low=coded.zero_point, high=format_.max), scale=coded.scale, zero_point=coded.zero_point)
    return replace(coded, tensor=codes, computed=True)


def batch_normalisation(context: Context, node: OnnxNode) -> None:
    """BatchNormalization of vectors, with its stored mean and variance."""
    context.arity(node, 5, 5)
    if context.attribute(node, "training_mode", 0) or not context.attribute(node, "spatial", 1):
        raise Hindrance("it is in training mode or not spatial", "export the model for inference")
    x = context.real(node, 0)
    shape = context.build.shape(x.tensor)
    if len(shape) != 1:
        raise Hindrance(f"it normalises axis 1 of a tensor with {len(shape) + 1} axes",
                        "only vectors, (batch, channels), are supported")
    names: list[str] = []
    for index, what in enumerate(("scale", "bias", "mean", "variance"), 1):
        array = context.floats(node, index, what)
        if array.shape != shape:
            raise context.fault(node, f"{what} has shape {list(array.shape)}, but must be "
                                      f"{list(shape)}")
        names.append(context.build.floats(context.constant(node, index, what).origin, array))
    epsilon = context.attribute(node, "epsilon", 1e-5)
    output = context.build.add(BatchNormalisation(
        name=node.name, inputs=(x.tensor, *names), outputs=node.outputs[:1], epsilon=epsilon))
    context.define(node, Dynamic(output))


def argmax(context: Context, node: OnnxNode) -> None:
    """ArgMax of the last axis, on codes where they order as the values do."""
    context.arity(node, 1, 1)
    x = context.real(node, 0)
    shape = context.build.shape(x.tensor)
    axis = context.axis(node, context.attribute(node, "axis", 0), len(shape) + 1)
    if axis != len(shape) or not shape:
        raise Hindrance(f"it searches axis {axis} of {len(shape) + 1}",
                        "only the last axis is supported, and not the batch")
    if context.attribute(node, "select_last_index", 0):
        raise Hindrance("it takes the last of equal maxima", "set select_last_index to 0")
    keep = context.attribute(node, "keepdims", 1) != 0
    output = node.outputs[0]
    index = context.build.add(ArgMax(
        name=node.name, inputs=(_ordered(context, x),),
        outputs=(output if keep else context.build.fresh(f"{output}_index"),)))
    if not keep:
        index = context.build.add(Reshape(name=node.name, inputs=(index,), outputs=(output,),
                                          shape=shape[:-1]))
    context.define(node, Dynamic(index))


def _ordered(context: Context, x: Dynamic) -> str:
    """A tensor that orders as ``x`` does: its codes if float32 keeps them apart."""
    if x.coded is None or x.coded.scale.size != 1:
        return x.tensor
    narrow = context.build.tensors[x.coded.tensor].format.width <= 16
    return x.coded.tensor if narrow and x.coded.scale[0] > 2.0**-100 else x.tensor
