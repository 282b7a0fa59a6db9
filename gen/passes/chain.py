"""Chains of element-wise nodes between two integer tensors, as functions of a code.

Whatever lies between an accumulator and the next integer tensor (scales, batch
normalisation, activation, the framework's own rounding) treats every element by itself: it
is a function f(code) for each channel. A :class:`LaneFunction` evaluates f by running the
nodes' own golden functions, so that nothing here knows how any of them computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Float32Format
from sw_model.graph import Graph
from sw_model.node import AtMost, Dimension, Node, NodeError, Tensor
from sw_model.ops import (
    Arithmetic,
    BatchNormalisation,
    Dequantise,
    MultiplyAddShift,
    MultiThreshold,
    Operator,
    Quantise,
    Relu,
    Rescale,
    Reshape,
    Table,
)

__all__ = ["ELEMENTWISE", "Chain", "LaneFunction", "Refusal", "TooLarge", "find_chain",
           "is_integer"]

#: Nodes that treat every element of one tensor by itself.
ELEMENTWISE = (Arithmetic, BatchNormalisation, Dequantise, MultiplyAddShift, MultiThreshold,
               Quantise, Relu, Rescale, Table)

#: Exponents for which the golden power is made of roots, products and quotients that IEEE 754
#: rounds (a reciprocal of 24 bits lies too far from any tie for float64 to misjudge it).
EXACT_EXPONENTS = (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0)


class Refusal(Exception):
    """A chain that has no exact integer form, or not the wanted one, and why."""


class TooLarge(Refusal):
    """A chain that is well defined, but whose steps are too many to look at."""


def is_integer(tensor: Tensor) -> bool:
    """Whether a tensor holds integer codes."""
    return not isinstance(tensor.format, Float32Format)


@dataclass(frozen=True)
class Chain:
    """Element-wise nodes and reshapes from one integer tensor to another.

    Parameters
    ----------
    start, end : Tensor
    nodes : tuple of Node
        In order; each reads the one before it.
    cuts : tuple of int
        Positions in ``nodes`` behind which the chain may be split: the tensors there are
        integers too.
    """

    start: Tensor
    end: Tensor
    nodes: tuple[Node, ...]
    cuts: tuple[int, ...]


def operand(graph: Graph, node: Node) -> str | None:
    """The only input of ``node`` that is not constant, or None."""
    varying = [name for name in node.inputs if graph.tensors[name].value is None]
    return varying[0] if len(varying) == 1 else None


def find_chain(graph: Graph, last: Node, *, longest: bool = True) -> Chain | None:
    """The chain that ends with ``last``, or None if it does not begin at an integer tensor.

    Parameters
    ----------
    graph : Graph
    last : Node
        Element-wise, with an integer output.
    longest : bool
        Whether to go back past integer tensors, as long as nothing but the chain reads them
        or what it makes of them.
    """
    kept = {*graph.outputs, *(s.update for s in graph.states)}
    shared = False
    nodes: list[Node] = [last]
    while (name := operand(graph, nodes[0])) is not None:
        tensor, producer = graph.tensors[name], graph.producer(name)
        along = isinstance(producer, (*ELEMENTWISE, Reshape)) and operand(graph, producer)
        shared |= name in kept or len(graph.readers(name)) > 1
        if is_integer(tensor) and (shared or not along or not longest):
            cuts = tuple(k for k, n in enumerate(nodes[:-1]) if not isinstance(n, Reshape)
                         and is_integer(graph.tensors[n.outputs[0]]))
            return Chain(tensor, graph.tensors[last.outputs[0]], tuple(nodes), cuts)
        if not along:
            return None
        assert producer is not None
        nodes.insert(0, producer)
    return None


@dataclass(frozen=True)
class LaneFunction:
    """f(code) of a chain, vectorised over positions and lanes (channels).

    Parameters
    ----------
    nodes : tuple of Node
        Element-wise, in order.
    tensors : tuple of tuple of Tensor
        The inputs of every node.
    constants : tuple of tuple of (array or None)
        For every input of every node its constant, of one row for all lanes or a row for
        each; None marks the input that varies.
    lanes : int
        Rows of the constants that differ by lane; 1 if none does.
    """

    nodes: tuple[Node, ...]
    tensors: tuple[tuple[Tensor, ...], ...]
    constants: tuple[tuple[NDArray[Any] | None, ...], ...]
    lanes: int

    def __call__(self, codes: NDArray[Any], count: int | None = None) -> NDArray[Any]:
        """Codes, or reals, that the first ``count`` nodes (all if left out) make.

        Parameters
        ----------
        codes : integers, shape (positions, lanes)
            Any number of lanes if ``lanes`` is 1.
        count : int, optional

        Raises
        ------
        Refusal
            If a value is infinite or NaN, or a node refuses it.
        """
        value = codes
        for node, tensors, constants in zip(self.nodes[:count], self.tensors, self.constants,
                                            strict=False):
            given = [value if c is None else c for c in constants]
            try:
                (value,) = node.run(tensors, given)
            except NodeError as error:
                raise Refusal(str(error)) from error
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise Refusal(f"node {node.name!r} ({type(node).__name__}) yields NaN or an "
                              "infinity for an accumulator that can occur")
        return value.astype(np.int64) if value.dtype.kind in "iu" else value

    @cached_property
    def classes(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Lanes whose constants are equal: (one lane of each class, class of every lane)."""
        rows = [np.ascontiguousarray(c).reshape(len(c), -1) for each in self.constants
                for c in each if c is not None and len(c) > 1]
        if not rows:
            return np.zeros(1, np.intp), np.zeros(self.lanes, np.intp)
        joined = np.concatenate([r.view(np.uint8).reshape(len(r), -1) for r in rows], axis=1)
        _, first, inverse = np.unique(joined, axis=0, return_index=True, return_inverse=True)
        return first, inverse.reshape(-1)

    def take(self, lanes: NDArray[np.intp]) -> LaneFunction:
        """The same function with the constants of some lanes only."""
        if self.lanes == 1:
            return self
        constants = tuple(tuple(c[lanes] if c is not None and len(c) > 1 else c for c in each)
                          for each in self.constants)
        return LaneFunction(self.nodes, self.tensors, constants, len(lanes))

    @staticmethod
    def of_node(node: Node, tensors: Sequence[Tensor]) -> LaneFunction:
        """The function of one node whose constants have one row or a row for each channel."""
        constants = tuple(t.value for t in tensors)
        lanes = max((len(c) for c in constants if c is not None), default=1)
        return LaneFunction((node,), (tuple(tensors),), (constants,), lanes)

    @staticmethod
    def of_chain(graph: Graph, chain: Chain) -> tuple[LaneFunction, bool]:
        """The function of a chain, and whether its lanes are the last axis of ``start``.

        If they are not, they are the last axis of ``end``: a reshape in between has moved
        constants from one axis to another.

        Raises
        ------
        Refusal
            If constants vary along another axis than the last.
        """
        for tensor in (chain.start, chain.end):
            try:
                return _function(graph, chain, _last(tensor.shape)), tensor is chain.start
            except Refusal:
                if tensor is chain.end:
                    raise
        raise AssertionError("unreachable")


def _function(graph: Graph, chain: Chain, lanes: int) -> LaneFunction:
    nodes = tuple(n for n in chain.nodes if not isinstance(n, Reshape))
    tensors = tuple(tuple(graph.input_tensors(n)) for n in nodes)
    for node, each in zip(nodes, tensors, strict=True):
        _check_power(node, each)
    constants = tuple(tuple(_rows(node, t, graph.tensors[node.outputs[0]].shape, lanes)
                            for t in each)
                      for node, each in zip(nodes, tensors, strict=True))
    differ = any(c is not None and len(c) > 1 for each in constants for c in each)
    plain = tuple(tuple(replace(t, value=None) for t in each) for each in tensors)
    return LaneFunction(nodes, plain, constants, lanes if differ else 1)


def _check_power(node: Node, tensors: Sequence[Tensor]) -> None:
    """Refuse powers whose last bit depends on the machine."""
    if isinstance(node, Arithmetic) and node.operator is Operator.POW:
        exponent = tensors[1].value
        if exponent is None or exponent.size != 1 or float(exponent.flat[0]) not in EXACT_EXPONENTS:
            raise Refusal(f"node {node.name!r} (Arithmetic): float32 powers are the same on every "
                          "machine only for one exponent of -1, 0, 0.5, 1, 2 or 3")


def _rows(node: Node, tensor: Tensor, shape: tuple[Dimension, ...], lanes: int
          ) -> NDArray[Any] | None:
    """The constant ``tensor`` of ``node`` with a row for each lane, or one row for all."""
    value = tensor.value
    if value is None:
        return None
    extents = tuple(d.maximum if isinstance(d, AtMost) else d for d in shape)
    if isinstance(node, Arithmetic):
        if value.size == 1:
            return value.reshape(1)
        value = np.broadcast_to(value, extents).reshape(-1)
    if len(value) == 1:
        return value
    count = int(np.prod(extents, dtype=np.int64))
    if count % lanes:
        raise Refusal(f"node {node.name!r}: its constants do not follow the channels")
    # Elements keep their order through reshapes: element e is lane e % lanes of the chain.
    grid = (np.arange(count) % len(value)).reshape(count // lanes, lanes)
    if not (grid == grid[:1]).all() and not (value[grid] == value[grid[:1]]).all():
        raise Refusal(f"node {node.name!r}: its constant {tensor.name!r} varies along another "
                      "axis than the last")
    return value[grid[0]]


def _last(shape: tuple[Dimension, ...]) -> int:
    last = shape[-1] if shape else 1
    return last.maximum if isinstance(last, AtMost) else last
