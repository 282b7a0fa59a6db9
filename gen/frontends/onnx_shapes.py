"""ONNX operators that move elements or pass them on, sample by sample."""

from __future__ import annotations

from dataclasses import replace

from sw_model.ops import Reshape, Transpose

from .onnx_context import Context
from .onnx_fold import permutation, reshaped_sizes
from .onnx_reader import OnnxNode
from .onnx_values import Constant, Dynamic, Hindrance

__all__ = ["dropout", "identity", "reshape", "transpose"]


def identity(context: Context, node: OnnxNode) -> None:
    """Identity: another name for the same value."""
    context.arity(node, 1, 1)
    _pass_on(context, node)


def dropout(context: Context, node: OnnxNode) -> None:
    """Dropout, which does nothing at inference."""
    context.arity(node, 1, 3)
    if context.has(node, 2) and context.constant(node, 2, "training mode").array.any():
        raise Hindrance("it is in training mode", "export the model for inference")
    _pass_on(context, node)


def _pass_on(context: Context, node: OnnxNode) -> None:
    value = context.operand(node, 0)
    if isinstance(value, Dynamic) and not context.read_once(node.inputs[0]):
        value = replace(value, sums=None)
    context.define(node, value)


def reshape(context: Context, node: OnnxNode) -> None:
    """Reshape, Flatten, Squeeze, Unsqueeze: the batch axis must stay first and whole."""
    context.arity(node, 1, 2)
    x = context.operand(node, 0)
    if isinstance(x, Constant):
        raise Hindrance("the shape is computed at run time", "make the shape a constant")
    before = context.full_shape(x)
    after = reshaped_sizes(context, node, before)
    if not after or after[0] != context.model.batch:
        raise Hindrance(f"it makes {list(after)} of {list(before)}, which mixes the samples of "
                        "axis 0", "keep axis 0, the batch, as it is")
    _move(context, node, x, after[1:])


def transpose(context: Context, node: OnnxNode) -> None:
    """Transpose of all axes but the batch; a Reshape where only axes of length 1 change place."""
    context.arity(node, 1, 1)
    x = context.operand(node, 0)
    assert isinstance(x, Dynamic), "constants are folded"
    sizes = context.full_shape(x)
    order = permutation(context, node, len(sizes))
    if order[0] != 0:
        raise Hindrance(f"perm {order} moves axis 0, the batch", "keep axis 0 in its place")
    after = tuple(sizes[k] for k in order[1:])
    long_axes = [k for k in order[1:] if sizes[k] != 1]
    if long_axes == sorted(long_axes):
        _move(context, node, x, after)
    else:
        _move(context, node, x, after, tuple(k - 1 for k in order[1:]))


def _move(context: Context, node: OnnxNode, x: Dynamic, shape: tuple[int, ...],
          order: tuple[int, ...] | None = None) -> None:
    """Rearrange the tensor ``x`` and the codes behind it."""
    before = context.build.shape(x.tensor)
    if order is None and shape == before:
        context.define(node, replace(x, sums=None))
        return

    def emit(source: str, output: str) -> str:
        if order is not None:
            return context.build.add(Transpose(
                name=node.name, inputs=(source,), outputs=(output,), permutation=order))
        return context.build.add(Reshape(
            name=node.name, inputs=(source,), outputs=(output,), shape=shape))

    output = node.outputs[0]
    coded = x.coded
    if coded is not None:
        # Codes whose scale differs along the last axis must keep that axis.
        same_channels = (shape[-1:] == before[-1:] if order is None
                         else order[-1] == len(order) - 1)
        if coded.scale.size == 1 or same_channels:
            codes = emit(coded.tensor, context.build.fresh(f"{output}_codes"))
            context.build.annotate(codes, coded.scale, coded.zero_point)
            coded = replace(coded, tensor=codes)
        else:
            coded = None
    context.define(node, Dynamic(emit(x.tensor, output), coded))
