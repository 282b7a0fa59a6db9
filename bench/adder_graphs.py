"""Adder graphs that da4ml finds, as Gatemill's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw.arith.adder_graph import AdderGraph, Operand

__all__ = ["da4ml_graph", "da4ml_solutions"]

#: da4ml's ways to choose a pair of terms, and the levels beyond the fewest that it may use.
METHODS = ("wmc", "mc", "wmc-dc", "wmc-pdc")
SPARE = (0, 1, 2)

#: da4ml's numbers for an input, an addition and a subtraction.
COPY, ADD, SUBTRACT = -1, 0, 1


class Signed(NamedTuple):
    """A node shifted left, or right where ``shift`` is negative, perhaps negated; None is zero."""

    node: int | None
    shift: int = 0
    negative: bool = False


def da4ml_graph(solutions: Sequence[Any], inputs: Sequence[tuple[int, int]], depth: int
                ) -> AdderGraph:
    """The graph of fewest cells in ``depth`` levels among :func:`da4ml_solutions`.

    Its operations are taken one for one, with the ranges and the chains of
    :class:`hw.arith.adder_graph.AdderGraph`. Differences are taken the other way round where
    that saves cells and no output has to be negated for it.
    """
    found = [graph for solution in solutions
             for graph in (_graph(solution, inputs, turned=turned) for turned in (False, True))
             if graph.depth <= depth]
    return min(found, key=lambda graph: graph.cells)


def da4ml_solutions(weights: NDArray[np.int64], inputs: Sequence[tuple[int, int]]
                    ) -> Iterator[Any]:
    """What da4ml finds, by each of its methods."""
    try:
        from da4ml.cmvm import solve
    except ImportError as error:
        raise SystemExit("bench: da4ml is missing: pip install 'gatemill[bench]'") from error
    # Its kernels stand on the right, x @ kernel, and it reads them row by row.
    kernel = np.ascontiguousarray(weights.T, np.float32)
    ranges = [(float(low), float(high), 1.0) for low, high in inputs]
    for method, spare in itertools.product(METHODS, SPARE):
        yield solve(kernel, method0=method, hard_dc=spare, qintervals=ranges)


def _graph(solution: Any, inputs: Sequence[tuple[int, int]], *, turned: bool) -> AdderGraph:
    """One of its solutions; with ``turned``, differences as they are cheapest."""
    kept: set[int] = set()
    while True:
        graph = AdderGraph(inputs)
        outputs = _translated(graph, solution, kept if turned else None)
        culprits = {_turned_below(graph, output.node) for output in outputs if output.negative}
        if not culprits - kept - {None}:
            graph.outputs = [_positive(graph, output) for output in outputs]
            return graph
        kept.update(node for node in culprits if node is not None)


def _turned_below(graph: AdderGraph, node: int | None) -> int | None:
    """The difference that makes a sum negative; None if there is none."""
    first = len(graph.inputs)
    while node is not None and node >= first:
        if graph.adders[node - first].subtract:
            return node
        node = graph.adders[node - first].left.node
    return None


def _positive(graph: AdderGraph, output: Signed) -> Operand:
    """An output, negated by an adder if it must be."""
    node, shift, negative = output
    if negative and node is not None:
        node = graph.add(Operand(None), Operand(node), subtract=True)
    return Operand(node, shift)


def _translated(graph: AdderGraph, solution: Any, kept: set[int] | None) -> list[Signed]:
    """The outputs of all stages of a solution, one after the other."""
    values = [Signed(node) for node in range(len(graph.inputs))]
    for stage in solution.solutions:
        buffer: list[Signed] = []
        for op in stage.ops:
            if op.opcode == COPY:
                value = values[op.id0]
                buffer.append(value._replace(shift=value.shift + stage.inp_shifts[op.id0]))
            elif op.opcode in (ADD, SUBTRACT):
                left, right = buffer[op.id0], buffer[op.id1]
                right = Signed(right.node, right.shift + op.data,
                               right.negative ^ (op.opcode == SUBTRACT))
                buffer.append(_added(graph, left, right, kept))
            else:
                raise ValueError(f"an operation of da4ml is not known here: {op}")
        values = [Signed(None) if index < 0 else Signed(
            buffer[index].node, buffer[index].shift + shift, buffer[index].negative ^ negated)
            for index, shift, negated in zip(stage.out_idxs, stage.out_shifts, stage.out_negs,
                                             strict=True)]
    return values


def _added(graph: AdderGraph, left: Signed, right: Signed, kept: set[int] | None) -> Signed:
    """The sum of two values; ``kept`` are differences that are not to be turned round."""
    if left.node is None or right.node is None:
        return right if left.node is None else left
    shift = min(left.shift, right.shift)
    subtract = left.negative != right.negative
    if left.negative and subtract:
        left, right = right, left
    node = len(graph.ranges)
    # With the lower operand first, the bits below the higher one need no adder.
    turn = subtract and kept is not None and node not in kept and left.shift > right.shift
    if turn:
        left, right = right, left
    graph.add(Operand(left.node, left.shift - shift), Operand(right.node, right.shift - shift),
              subtract=subtract)
    return Signed(node, shift, left.negative if subtract else right.negative)
