"""Matrix products, of the unit ``dense`` and of inline networks alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from sw_model.formats import Format, IntFormat, covering
from sw_model.node import Node, Tensor, extent
from sw_model.ops import MatMul, accumulator_range

from ..spec.values import Numbers, RandomNumbers
from .base import Note, find_codes

__all__ = ["Product", "product"]

#: Seed of weights of which only the format is given.
SEED = 1
#: Widest sum.
MAX_WIDTH = 63


class Product(Protocol):
    """What a layer and the unit have in common."""

    outputs: int
    weights: Numbers | Format
    weight_format: Format | None
    bias: Numbers | None
    bias_format: Format | None


def product(layer: Product, name: str, x: Tensor, output: str, note: Note, *,
            names: Sequence[str] = ()) -> tuple[list[Tensor], Node] | None:
    """A matrix product's constants and output, and its node; None if faults were noted.

    Parameters
    ----------
    layer : Product
    name : str
        Of the node; its constants' names begin with it.
    x : Tensor
        What it reads; its zero point is taken off.
    output : str
        Name of the tensor of sums.
    note : callable
    names : sequence of str
        Arrays to look for in files of several.
    """
    shape = (layer.outputs, extent(x.shape[-1:]))
    matrix = _weights(layer, name, shape, note, names)
    bias = None
    if layer.bias is not None:
        bias = find_codes(note, "bias", layer.bias, [(layer.outputs,)], layer.bias_format,
                          names=(f"{name}_bias",), default=IntFormat(8))
    elif layer.bias_format is not None:
        note("bias_format", "has no effect without bias")
    if matrix is None or (bias is None) != (layer.bias is None):
        return None
    constants = [Tensor(f"{name}_weights", shape, matrix[1], value=matrix[0])]
    if bias is not None:
        constants.append(Tensor(f"{name}_bias", (layer.outputs,), bias[1], value=bias[0]))
    grid = [tensor.format.to_fixed(tensor.value) for tensor in constants
            if tensor.value is not None]
    low, high = accumulator_range(grid[0], x.format.fixed_min - x.zero_point,
                                  x.format.fixed_max - x.zero_point, *grid[1:])
    sums = covering(min(*low, 0), max(*high, 0)) if _fits(low, high) else None
    if sums is None:
        note("weights", f"need sums of more than {MAX_WIDTH} bits; use narrower ones or "
                        "narrower inputs")
        return None
    node = MatMul(name=name, inputs=(x.name, *(t.name for t in constants)), outputs=(output,),
                  format=sums, zero_point=x.zero_point)
    return [*constants, Tensor(output, (*x.shape[:-1], layer.outputs), sums)], node


def _weights(layer: Product, name: str, shape: tuple[int, ...], note: Note, names: Sequence[str]
             ) -> tuple[NDArray[Any], Format] | None:
    format_, numbers = layer.weight_format, layer.weights
    if isinstance(numbers, Format):
        if format_ is not None:
            note("weight_format", f"stands beside weights: {numbers}, which is a format already; "
                                  "leave one of them out")
        format_, numbers = numbers, RandomNumbers(SEED)
    return find_codes(note, "weights", numbers, [shape], format_,
                      names=(name, f"{name}_weights", *names), default=IntFormat(8))


def _fits(low: NDArray[Any], high: NDArray[Any]) -> bool:
    limit = 2 ** (MAX_WIDTH - 1)
    return int(low.min()) >= -limit and int(high.max()) < limit
