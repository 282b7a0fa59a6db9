"""A constant matrix of adders alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Module
from amaranth.hdl import Elaboratable

from ..arith.adder_graph import AdderGraph
from ..arith.constant_matrix import matrix_graph
from ..arith.graph_pipeline import graph_latency, pipelined_graph
from ..shapes import fixed_value
from .constant import ConstantMatrix, ConstantSpec

__all__ = ["AdderMatrix"]


class AdderMatrix(ConstantMatrix):
    """Weights as sums of signed powers of two, common parts added once: products every cycle.

    Registers stand behind every ``levels`` levels of adders, the last among them; where the
    weights need no adder, or with 0 levels, there are none and the latency is 0. See
    :class:`ConstantMatrix` for the contract and the members, and
    :func:`hw.arith.constant_matrix.matrix_graph` for the search and its sources.

    Parameters
    ----------
    spec : ConstantSpec
    levels : int
        Levels of adders between registers; 0 for a combinational element.
    depth : int, optional
        Most levels of adders; as few as the weights need if not given.
    graph : AdderGraph, optional
        To be used instead of a search.

    Raises
    ------
    ValueError
        If the depth is less than the weights need, or a graph that is given has other inputs,
        or multiplies by another matrix.
    """

    _least_levels = 0

    def __init__(self, spec: ConstantSpec, *, levels: int = 1, depth: int | None = None,
                 graph: AdderGraph | None = None) -> None:
        super().__init__(spec, levels=levels)
        inputs = (spec.input_range,) * spec.columns
        if graph is None:
            graph = matrix_graph(spec.weights, inputs, depth=depth)
        elif graph.inputs != inputs:
            raise ValueError(f"inputs of the graph must be {spec.columns} of the range "
                             f"{spec.input_range}")
        elif not np.array_equal(graph.matrix, spec.matrix):
            raise ValueError("the graph multiplies by another matrix than the weights")
        self._graph = graph
        self.latency = graph_latency(graph, levels)

    @property
    def graph(self) -> AdderGraph:
        """The adders."""
        return self._graph

    @property
    def cells(self) -> int:
        return self._graph.cells

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        inputs = [fixed_value(self.spec.activations, code) for code in self.a]
        products = pipelined_graph(m, self._graph, inputs, enable=self.enable,
                                   levels=self.levels, name="node")
        m.d.comb += [o.eq(product) for o, product in zip(self.o, products, strict=True)]
        return m
