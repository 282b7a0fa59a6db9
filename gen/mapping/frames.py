"""How tensors travel: as vectors, word by word."""

from __future__ import annotations

from dataclasses import dataclass

from sw_model.graph import Graph
from sw_model.node import Node, Tensor

__all__ = ["Frame", "frame_of", "operands"]


@dataclass(frozen=True)
class Frame:
    """How a tensor travels: ``vectors`` vectors of ``vector`` elements."""

    vector: int
    vectors: int

    def words(self, lanes: int) -> int:
        """Words of one sample on ``lanes`` lanes."""
        return self.vectors * -(-self.vector // lanes)


def frame_of(tensor: Tensor) -> Frame:
    """The last axis is the vector; the others count vectors."""
    vector = Tensor("", tensor.shape[-1:], tensor.format).elements
    return Frame(vector, max(1, tensor.elements // vector))


def operands(graph: Graph, node: Node) -> tuple[str, ...]:
    """What comes to a node's unit as streams: its inputs that are not constant, in order."""
    return tuple(name for name in node.inputs if graph.tensors[name].value is None)
