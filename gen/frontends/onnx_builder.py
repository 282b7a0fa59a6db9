"""The graph while the ONNX importer makes it: tensors, nodes, unique names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Float32Format, Format
from sw_model.graph import Graph, Node, NodeError, Tensor
from sw_model.node import Dimension
from sw_model.ops import Dequantise, Reshape

from .limits import MAX_ELEMENTS

__all__ = ["Builder"]


class Builder:
    """Collects tensors and nodes; every node is checked as it comes.

    Parameters
    ----------
    reserved : iterable of str
        Names of the file's own tensors: made-up names keep clear of them.
    """

    def __init__(self, reserved: Iterable[str]) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._reserved = set(reserved)
        self._nodes: list[Node] = []
        self._node_names: set[str] = set()

    def fresh(self, name: str) -> str:
        """``name``, or ``name`` with a number, that no tensor has."""
        candidate, number = name, 1
        while candidate in self.tensors or candidate in self._reserved:
            number += 1
            candidate = f"{name}_{number}"
        return candidate

    def input(self, name: str, shape: Sequence[int], format_: Format) -> str:
        """A tensor that is given from outside."""
        self.tensors[name] = Tensor(name, tuple(shape), format_)
        return name

    def constant(self, origin: str, codes: NDArray[Any], format_: Format,
                 scale: NDArray[np.float32] | None = None) -> str:
        """A constant of the values ``codes``, called ``origin`` unless that name is taken."""
        name = origin
        if (known := self.tensors.get(origin)) is not None:
            if (known.value is not None and known.format == format_
                    and known.shape == codes.shape and np.array_equal(known.value, codes)):
                return origin
            name = self.fresh(origin)
        self.tensors[name] = Tensor(name, codes.shape, format_, _plain(scale), 0, codes)
        return name

    def floats(self, origin: str, values: NDArray[np.float32]) -> str:
        """A float32 constant."""
        return self.constant(origin, np.asarray(values, np.float32), Float32Format())

    def add(self, node: Node, *, scale: NDArray[np.float32] | None = None,
            zero_point: int = 0) -> str:
        """Append ``node``; declares its one output as the node infers it, and returns its name.

        Raises
        ------
        NodeError
            If the operands do not fit, or the output is larger than ``MAX_ELEMENTS``.
        """
        (name,) = node.outputs
        ((shape, format_),) = node.infer([self.tensors[i] for i in node.inputs])
        tensor = Tensor(name, shape, format_, _plain(scale), zero_point)
        if tensor.elements > MAX_ELEMENTS:
            raise NodeError(node, f"output of {tensor.elements} elements, but at most "
                                  f"{MAX_ELEMENTS} are allowed")
        unique, number = node.name, 1
        while unique in self._node_names:
            number += 1
            unique = f"{node.name}_{number}"
        self._node_names.add(unique)
        self._nodes.append(replace(node, name=unique))
        self.tensors[name] = tensor
        return name

    def dequantise(self, name: str, codes: str, scale: NDArray[np.float32], zero_point: int,
                   output: str, origin: str) -> str:
        """float32 values of ``codes`` in a tensor called ``output``."""
        return self.add(Dequantise(
            name=name, inputs=(codes, self.floats(origin, scale)), outputs=(output,),
            zero_point=zero_point))

    def annotate(self, tensor: str, scale: NDArray[np.float32], zero_point: int) -> None:
        """Note the scale of codes for people, unless one is noted."""
        known = self.tensors[tensor]
        if known.scale is None:
            self.tensors[tensor] = replace(known, scale=_plain(scale), zero_point=zero_point)

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Shape of one sample of ``tensor``."""
        return tuple(_fixed(d) for d in self.tensors[tensor].shape)

    def finish(self, name: str, inputs: Sequence[str], outputs: Sequence[tuple[str, str]]) -> Graph:
        """The checked graph, without what no output needs.

        Parameters
        ----------
        outputs : sequence of (str, str)
            Name that the file gives to an output, tensor that holds it.
        """
        for output, tensor in outputs:
            if output != tensor:
                self.add(Reshape(name=output, inputs=(tensor,), outputs=(output,),
                                 shape=self.shape(tensor)))
        wanted = {output for output, _ in outputs}
        kept: list[Node] = []
        for node in reversed(self._nodes):
            if wanted.intersection(node.outputs):
                kept.append(node)
                wanted.update(node.inputs)
        wanted.update(inputs)
        tensors = {n: t for n, t in self.tensors.items() if n in wanted}
        return Graph(name, tensors, tuple(reversed(kept)), tuple(inputs),
                     tuple(output for output, _ in outputs)).check()


def _plain(scale: NDArray[np.float32] | None) -> tuple[float, ...] | None:
    return None if scale is None else tuple(float(s) for s in scale.ravel())


def _fixed(dimension: Dimension) -> int:
    assert isinstance(dimension, int), "ONNX has no run-time dimensions"
    return dimension
