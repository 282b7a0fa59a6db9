"""Facts about a network, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from sw_model.graph import Graph
from sw_model.node import Node, Tensor, extent
from sw_model.ops import MatMul
from sw_model.partition import partition

from .passes.reach import Range, reach

__all__ = ["describe"]


def describe(imported: Graph, compiled: Graph) -> dict[str, Any]:
    """Operations, formats, multiplications, parameters and ranges.

    Parameters
    ----------
    imported : Graph
        As the frontend made it: its inputs, outputs and operations.
    compiled : Graph
        The integer network: its layers, and the values that each can give, whatever comes in.
    """
    parts = partition(compiled)
    where = {n.name: place for place, nodes in (("host", parts.head), ("fpga", parts.core),
                                                ("host", parts.tail)) for n in nodes}
    ranges = reach(compiled)
    layers = [_layer(compiled, node, where[node.name], ranges.get(node.outputs[0]))
              for node in compiled.nodes]
    weights = [compiled.tensors[n.inputs[1]] for n in compiled.nodes if isinstance(n, MatMul)]
    biases = [compiled.tensors[n.inputs[2]] for n in compiled.nodes
              if isinstance(n, MatMul) and len(n.inputs) == 3]
    operations: dict[str, int] = {}
    for node in imported.nodes:
        operations[type(node).__name__] = operations.get(type(node).__name__, 0) + 1
    return {
        "name": imported.name,
        "inputs": [_tensor(imported.tensors[name]) for name in imported.inputs],
        "outputs": [_tensor(imported.tensors[name]) for name in imported.outputs],
        "operations": operations,
        "macs": sum(layer["macs"] for layer in layers),
        "parameters": sum(t.elements for t in weights + biases),
        "weight_bits": sum(t.elements * t.format.width for t in weights + biases),
        "layers": layers,
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "format": str(tensor.format),
            "shape": [str(d) if not isinstance(d, int) else d for d in tensor.shape],
            "scale": tensor.scale, "zero_point": tensor.zero_point}


def _layer(graph: Graph, node: Node, where: str, codes: Range | None) -> dict[str, Any]:
    output = graph.tensors[node.outputs[0]]
    macs = 0
    if isinstance(node, MatMul):
        weights = graph.tensors[node.inputs[1]]
        vectors = graph.tensors[node.inputs[0]].elements // extent(weights.shape[1:])
        macs = weights.elements * vectors
    reached = codes and output.format.to_fixed(np.array(codes.hull)).tolist()
    return {"name": node.name, "operation": type(node).__name__, "where": where,
            "format": str(output.format), "shape": _tensor(output)["shape"], "macs": macs,
            "range": reached}
