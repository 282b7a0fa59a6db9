"""Which samples would show that a bit of a weight is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.graph import Graph
from sw_model.node import NodeError, Tensor
from sw_model.ops import MatMul

__all__ = ["choose", "shown"]


def shown(core: Graph, inputs: Mapping[str, NDArray[Any]], flips: int,
          rng: np.random.Generator) -> NDArray[np.bool_]:
    """Of bits of weights drawn at random: which samples' outputs differ if one is wrong.

    Parameters
    ----------
    core : Graph
        The network as it is in hardware.
    inputs : mapping of str to array
        Codes, shape (samples, *shape).
    flips : int
        Bits to draw. Those whose other value is no code of the weights' format, or leads past
        an accumulator's range, are left out: what hardware would do is not defined.

    Returns
    -------
    array, shape (bits, samples)
    """
    right, _ = core.run(inputs)
    found = [np.zeros((0, len(next(iter(inputs.values())))), np.bool_)]
    for tensor in _flipped(core, flips, rng):
        faulty = dataclasses.replace(core, tensors={**core.tensors, tensor.name: tensor})
        try:
            wrong, _ = faulty.run(inputs)
        except NodeError:
            continue
        differs = [(wrong[name] != right[name]).reshape(len(right[name]), -1).any(axis=1)
                   for name in core.outputs]
        found.append(np.logical_or.reduce(differs)[None])
    return np.concatenate(found)


def choose(found: NDArray[np.bool_], samples: int) -> list[int]:
    """Samples that together show most bits: each the one that shows most of those left.

    Returns
    -------
    Indices in the order of choice; where nothing is left to show, the first that are unused.

    >>> choose(np.array([[1, 0, 1], [0, 0, 1], [0, 1, 0]], np.bool_), 3)
    [2, 1, 0]
    """
    left = found
    chosen: list[int] = []
    for _ in range(samples):
        gain = left.sum(axis=0)
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        left = left[~left[:, chosen[-1]]]
    return chosen


def _flipped(core: Graph, flips: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Weights with one bit the other way, every bit of the network as likely as the next."""
    names = dict.fromkeys(node.inputs[1] for node in core.nodes if isinstance(node, MatMul))
    weights = [core.tensors[name] for name in names]
    sizes = np.array([_value(tensor).size * tensor.format.width for tensor in weights])
    if not sizes.sum():
        return
    for _ in range(flips):
        tensor = weights[int(rng.choice(len(weights), p=sizes / sizes.sum()))]
        form, value = tensor.format, _value(tensor).copy()
        place, bit = int(rng.integers(value.size)), int(rng.integers(form.width))
        pattern = int(form.to_bits(value.reshape(-1)[place:place + 1])[0]) ^ 1 << bit
        code = pattern - (1 << form.width) if form.min < 0 and pattern >> form.width - 1 else (
            pattern)
        if form.min <= code <= form.max:
            value.reshape(-1)[place] = code
            yield dataclasses.replace(tensor, value=value)


def _value(tensor: Tensor) -> NDArray[Any]:
    assert tensor.value is not None
    return tensor.value
