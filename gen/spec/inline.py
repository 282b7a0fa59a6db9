"""The network that a spec's list of layers describes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor, extent
from sw_model.ops import MultiThreshold, RescaleMode

from ..units.base import Note, attempt, vector_shape
from ..units.product import product
from ..units.rescale import rescale_node, scales
from .models import InlineNetwork, Layer

__all__ = ["inline_network"]

#: Standard deviations of a layer's sums that the scale ``auto`` lets fill its output.
DEVIATIONS = 3.0

#: Keys of a layer that say how sums become codes.
_OUTPUT_KEYS = ("scale", "zero_point", "activation", "rounding", "rescale")


def inline_network(spec: InlineNetwork, name: str,
                   note: Callable[[tuple[str | int, ...], str], None]) -> Graph | None:
    """The network of ``spec``; None if faults were noted.

    Parameters
    ----------
    spec : InlineNetwork
    name : str
        Of the network.
    note : callable
        Told the place in the spec and the fault.
    """
    noted = False

    def noting(place: tuple[str | int, ...], key: str, message: str) -> None:
        nonlocal noted
        noted = True
        note((*place, *key.split(".")), message)

    given = spec.input
    x = Tensor(given.name, vector_shape(given.vectors, given.size), given.format,
               zero_point=given.zero_point)
    if not given.format.fixed_min <= given.zero_point <= given.format.fixed_max:
        noting(("input",), "zero_point", f"must be {given.format.fixed_min} to "
               f"{given.format.fixed_max}, not {given.zero_point}")
    tensors, nodes = [x], list[Node]()
    taken: dict[str, int] = {}
    for place, layer in enumerate(spec.layers):
        tell = partial(noting, ("layers", place))
        if layer.name in taken:
            tell("name", f"must be unique, but layer {taken[layer.name]} is called "
                         f"{layer.name!r} too")
        taken.setdefault(layer.name, place)
        made = _layer(layer, x, "y" if layer is spec.layers[-1] else f"{layer.name}_out", tell)
        if made is None:
            # What follows can still be checked with an input of the right shape.
            made = [Tensor(f"{layer.name}_out", (*x.shape[:-1], layer.outputs),
                           layer.format or IntFormat(16), zero_point=layer.zero_point)], []
        x = made[0][-1]
        tensors += made[0]
        nodes += made[1]
    return None if noted else build(name, tensors, nodes, [given.name], ["y"])


def _layer(layer: Layer, x: Tensor, output: str, note: Note
           ) -> tuple[list[Tensor], list[Node]] | None:
    """Tensors of a layer, its output last, and its nodes."""
    _check_output(layer, note)
    attempt(note, "scale", lambda: scales(layer.scale, 1.0, layer.outputs))
    sums = output if layer.format is None else f"{layer.name}_acc"
    made = product(layer, layer.name, x, sums, note)
    _check_folding(layer, extent(x.shape[-1:]), note)
    if made is None:
        return None
    tensors, node = made
    if layer.format is None:
        return tensors, [node]
    y = Tensor(output, tensors[-1].shape, layer.format, zero_point=layer.zero_point)
    name = f"{layer.name}_rescale"
    if isinstance(layer.format, BipolarFormat):
        constants, rescale = _sign(name, tensors[-1], y)
    else:
        found = attempt(note, "scale", lambda: _rescale(layer, name, x, tensors, y))
        if found is None:
            return None
        constants, rescale = found
    return [*tensors, *constants, y], [node, rescale]


def _rescale(layer: Layer, name: str, x: Tensor, tensors: list[Tensor], y: Tensor
             ) -> tuple[list[Tensor], Node]:
    low, high = y.format.fixed_min, y.format.fixed_max
    if layer.activation == "relu":
        low = max(low, layer.zero_point)
    values = tensors[0].value
    assert values is not None
    typical = _typical(x, tensors[0], max(high - layer.zero_point, layer.zero_point - low, 1))
    return rescale_node(name, tensors[-1], y, scales(layer.scale, typical, layer.outputs),
                        RescaleMode(layer.rounding), low, high)


def _typical(x: Tensor, weights: Tensor, most: int) -> float:
    """The scale that lets :data:`DEVIATIONS` of the sums reach ``most``, codes of ``x`` being
    independent and equally likely."""
    assert weights.value is not None
    codes = np.array([x.format.fixed_min, x.format.fixed_max], np.float64) - x.zero_point
    # The mean square of a uniform distribution between two ends.
    square = (codes[0] ** 2 + codes[0] * codes[1] + codes[1] ** 2) / 3
    grid = weights.format.to_fixed(weights.value).astype(np.float64)
    deviation = np.sqrt((grid**2).sum(axis=1).mean() * square)
    return float(most / (DEVIATIONS * max(deviation, 1.0)))


def _sign(name: str, sums: Tensor, y: Tensor) -> tuple[list[Tensor], Node]:
    """+1 for sums from zero up, else -1."""
    constants = [Tensor(f"{name}_thresholds", (1, 1), IntFormat(2), value=np.zeros((1, 1), int)),
                 Tensor(f"{name}_steps", (1, 1), TernaryFormat(), value=np.ones((1, 1), int)),
                 Tensor(f"{name}_base", (1,), IntFormat(1, False), value=np.zeros(1, int))]
    node = MultiThreshold(name=name, inputs=(sums.name, *(t.name for t in constants)),
                          outputs=(y.name,), format=y.format)
    return constants, node


def _check_output(layer: Layer, note: Note) -> None:
    """Note keys that would have no effect, and a zero point that is no code."""
    given = [key for key in _OUTPUT_KEYS if key in layer.model_fields_set]
    if layer.format is None:
        for key in given:
            note(key, "has no effect without format")
        return
    if isinstance(layer.format, BipolarFormat):
        for key in given:
            if key != "rescale":
                note(key, "has no effect on bipolar outputs, which are the signs of the sums")
        return
    low, high = layer.format.fixed_min, layer.format.fixed_max
    if not low <= layer.zero_point <= high:
        note("zero_point", f"must be {low} to {high}, not {layer.zero_point}")


def _check_folding(layer: Layer, inputs: int, note: Note) -> None:
    for key, most, of in (("rows", layer.outputs, "outputs"), ("lanes", inputs, "inputs")):
        value = getattr(layer.folding, key)
        if value is not None and value > most:
            note(f"folding.{key}", f"must be at most {most}, the layer's {of}, not {value}")
