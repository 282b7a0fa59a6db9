"""Tensors against the golden model's, in the network's order: where do they first differ?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sw_model.graph import Graph

__all__ = ["Compared", "Difference", "compare", "first", "network_order"]

Arrays = Mapping[str, NDArray[Any]]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One element that is not what the golden model says.

    Parameters
    ----------
    layer, operation : str
        Node that makes the tensor, and its kind; "input" for an input of the network.
    tensor : str
    sample : int
    index : tuple of int
        Place in the sample's tensor.
    expected : int
        Code.
    seen : int or str
        Code, or the bits where some are unknown.
    source : str
        What has seen it, for people.
    """

    layer: str
    operation: str
    tensor: str
    sample: int
    index: tuple[int, ...]
    expected: int
    seen: int | str
    source: str = ""

    def __str__(self) -> str:
        place = "".join(f"[{k}]" for k in self.index)
        where = f" ({self.source})" if self.source else ""
        return (f"layer {self.layer!r} ({self.operation}): tensor {self.tensor!r}{place} of sample "
                f"{self.sample} is {self.seen}, but must be {self.expected}{where}")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How a tensor compares: elements, how many of them differ, and the first that does."""

    tensor: str
    layer: str
    operation: str
    elements: int
    differing: int = 0
    first: Difference | None = None


def network_order(graph: Graph) -> dict[str, tuple[str, str]]:
    """Layer and operation of every tensor that is not constant, in an order of computation."""
    order = {name: (name, "input") for name in graph.inputs}
    for node in graph.nodes:
        for name in node.outputs:
            order[name] = (node.name, type(node).__name__)
    return order


def compare(graph: Graph, expected: Arrays, seen: Arrays, *, source: str = "",
            first_sample: int = 0) -> list[Compared]:
    """Compare every tensor of ``seen``, in the network's order.

    Parameters
    ----------
    graph : Graph
    expected, seen : mapping of str to array
        Codes, shape (samples, *shape).
    source : str
        For messages.
    first_sample : int
        Number of the first sample, where the arrays are a part of more.

    Raises
    ------
    ValueError
        If a tensor is unknown, or the shapes differ.
    """
    order = network_order(graph)
    if unknown := sorted(set(seen) - (set(order) & set(expected))):
        raise ValueError(f"tensors that the network does not have: {', '.join(unknown)}")
    compared = []
    for name, (layer, operation) in order.items():
        if name not in seen:
            continue
        want, have = expected[name], seen[name]
        if want.shape != have.shape:
            raise ValueError(f"tensor {name!r} has shape {have.shape}, but must be {want.shape}")
        wrong = np.flatnonzero(want != have)
        first = None
        if wrong.size:
            sample, *index = (int(k) for k in np.unravel_index(wrong[0], want.shape))
            first = Difference(
                layer=layer, operation=operation, tensor=name, sample=first_sample + sample,
                index=tuple(index), expected=int(want.flat[wrong[0]]),
                seen=int(have.flat[wrong[0]]), source=source)
        compared.append(Compared(tensor=name, layer=layer, operation=operation,
                                 elements=want.size, differing=wrong.size, first=first))
    return compared


def first(compared: Iterable[Compared]) -> Difference | None:
    """The first difference, in the network's order; None if all is equal."""
    return next((item.first for item in compared if item.first is not None), None)
