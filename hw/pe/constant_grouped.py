"""A constant matrix by values: activations of equal weights are counted, then weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Module
from amaranth.hdl import Elaboratable

from ..arith.adder_graph import AdderGraph, Operand
from ..arith.adder_tree import adder_tree, grouped_depth, leaf_group
from ..arith.constant_matrix import matrix_graph
from ..arith.graph_pipeline import graph_latency, pipelined_graph
from ..arith.registered import registered
from .bit_planes import accumulated, bit_planes, in_turn, plane_values, serial_cells
from .constant import ConstantMatrix, ConstantSpec

__all__ = ["GroupedMatrix"]

#: Cells that a population count takes for each bit, as Yosys makes it for ECP5.
COUNTED_BIT = 2.2


class GroupedMatrix(ConstantMatrix):
    """Accumulate, multiply, accumulate: a population count for each value that weights have.

    The bits of the activations come in turn, the highest first. Those that belong to weights of
    one value are counted, counts multiplied by their values and added, all by adders alone, and
    the sums of all bits accumulated: products every so many cycles as activations have bits.
    Registers stand behind every level of the counts, behind every ``levels`` levels of what
    follows, and in the accumulators. See :class:`ConstantMatrix` for the contract and the
    members.

    Source: the hardwired neuron of HNLPU (Hardwired-Neuron Language Processing Unit,
    arXiv 2508.16151), which takes the lowest bit first.

    Parameters
    ----------
    spec : ConstantSpec
    levels : int
        Levels of adders between registers, counts apart.
    """

    def __init__(self, spec: ConstantSpec, *, levels: int = 1) -> None:
        super().__init__(spec, levels=levels)
        self.interval = len(plane_values(spec.activations))
        #: Columns that are counted together, in the order of the graph's inputs.
        self._groups: dict[tuple[int, ...], int] = {}
        weights = [self._weighted(row) for row in spec.weights]
        self._graph = self._counts_graph(weights)
        self._count_latency = max((grouped_depth(len(group), leaf_group(1))
                                   for group in self._groups), default=0)
        self._sum_latency = self._count_latency + graph_latency(self._graph, levels)
        self.latency = self._sum_latency + self.interval

    @property
    def cells(self) -> int:
        counted = sum(len(group) for group in self._groups if len(group) > 1)
        return round(COUNTED_BIT * counted) + self._graph.cells + serial_cells(self.spec)

    def _weighted(self, row: tuple[int, ...]) -> dict[int, int]:
        """The values that a row's weights have, by number of the group; new groups are noted."""
        columns: dict[int, list[int]] = {}
        for column, weight in enumerate(row):
            if weight:
                columns.setdefault(weight, []).append(column)
        return {self._groups.setdefault(tuple(group), len(self._groups)): weight
                for weight, group in columns.items()}

    def _counts_graph(self, weights: list[dict[int, int]]) -> AdderGraph:
        """From counts to the sums of rows."""
        if not self._groups:
            graph = AdderGraph([])
            graph.outputs = [Operand(None)] * len(weights)
            return graph
        matrix = np.zeros((len(weights), len(self._groups)), np.int64)
        for row, values in enumerate(weights):
            for group, weight in values.items():
                matrix[row, group] = weight
        return matrix_graph(matrix, [(0, len(group)) for group in self._groups])

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self.spec
        planes = bit_planes(self.a, self.interval)
        word = in_turn(m, planes, spec.activations, start=self.start, enable=self.enable)
        counts = []
        for k, group in enumerate(self._groups):
            count = adder_tree(m, [word[column] for column in group], enable=self.enable,
                               name=f"count_{k}", group=leaf_group(1))
            late = self._count_latency - grouped_depth(len(group), leaf_group(1))
            counts.append(registered(m, count, enable=self.enable, name=f"late_{k}", stages=late))
        sums = pipelined_graph(m, self._graph, counts, enable=self.enable, levels=self.levels,
                               name="node")
        opens = registered(m, self.start, enable=self.enable, name="opens",
                           stages=self._sum_latency)
        products = accumulated(m, sums, spec, opens=opens, enable=self.enable)
        m.d.comb += [o.eq(product) for o, product in zip(self.o, products, strict=True)]
        return m
