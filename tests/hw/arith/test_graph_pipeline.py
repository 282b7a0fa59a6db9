# amaranth: UnusedElaboratable=no
"""Adder graphs as hardware: every number of levels between registers, and their cells."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from boards.component import resources
from hw.arith.adder_graph import AdderGraph, Operand
from hw.arith.constant_matrix import matrix_graph
from hw.arith.graph_pipeline import graph_latency, pipelined_graph
from hw.pe.constant import ConstantSpec
from hw.pe.constant_adders import AdderMatrix
from hw.shapes import shape_between
from sw_model.formats import IntFormat


class Graph(wiring.Component):
    """A graph behind registers, whose inputs are of its ranges."""

    def __init__(self, graph, levels):
        self.graph, self.levels = graph, levels
        lows, highs = zip(*graph.inputs, strict=True)
        super().__init__({
            "enable": In(1), "x": In(ArrayLayout(shape_between(min(lows), max(highs)),
                                                 len(graph.inputs))),
            "y": Out(ArrayLayout(signed(24), len(graph.outputs)))})

    def elaborate(self, platform):
        m = Module()
        inputs = []
        for k, limits in enumerate(self.graph.inputs):
            inputs.append(Signal(shape_between(*limits), name=f"x_{k}"))
            m.d.sync += inputs[-1].eq(self.x[k])
        outputs = pipelined_graph(m, self.graph, inputs, enable=self.enable, levels=self.levels,
                                  name="node")
        m.d.sync += [y.eq(output) for y, output in zip(self.y, outputs, strict=True)]
        return m


def run(graph, levels, vectors):
    """Outputs with all registers enabled always."""
    unit, found = Graph(graph, levels), []

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for vector in [*vectors, *vectors[:1] * (graph_latency(graph, levels) + 2)]:
            ctx.set(unit.x, [int(x) for x in vector])
            await ctx.tick()
            found.append(list(ctx.get(unit.y)))

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()
    return found[graph_latency(graph, levels) + 1:][:len(vectors)]


@pytest.mark.parametrize("levels", range(5))
def test_values(levels, rng):
    """Signed and unsigned inputs, of more bits than those above them and of fewer."""
    for _ in range(6):
        weights = rng.integers(-60, 61, (4, 5)) * rng.integers(0, 2, (4, 5))
        inputs = [(-8, 7), (0, 3), (-1, 1), (-100, 5), (0, 255)]
        graph = matrix_graph(weights, inputs)
        vectors = [[int(rng.integers(low, high + 1)) for low, high in inputs] for _ in range(20)]
        vectors += np.where(rng.random((20, 5)) < 0.5, *np.array(inputs).T).tolist()
        assert run(graph, levels, vectors) == graph.evaluate(vectors).tolist()


@pytest.mark.parametrize("levels", [0, 1, 2])
@pytest.mark.parametrize("subtract", [False, True])
def test_every_shift_of_small_numbers(levels, subtract):
    """Also by more bits than the other operand has, of every sign."""
    graph = AdderGraph([(-2, 1), (0, 3)])
    for left, right in ((0, 1), (1, 0), (0, 0), (1, 1)):
        for shifts in ((0, 0), (0, 1), (0, 4), (1, 0), (4, 0)):
            operands = (Operand(node, shift) for node, shift in zip(
                (left, right), shifts, strict=True))
            graph.outputs.append(Operand(graph.add(*operands, subtract=subtract), 1))
    graph.outputs += [Operand(0), Operand(1, 2), Operand(None)]
    vectors = [[x, y] for x in range(-2, 2) for y in range(4)]
    assert run(graph, levels, vectors) == graph.evaluate(vectors).tolist()


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_register_is_behind_the_last_adder(levels):
    """What comes in after the last clock edge does not change the output."""
    unit = AdderMatrix(ConstantSpec(IntFormat(8), [[1] * 8]), levels=levels)

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        ctx.set(unit.a, list(range(8)))
        for _ in range(unit.latency):
            await ctx.tick()
        ctx.set(unit.a, [100] * 8)
        await ctx.delay(1e-9)
        assert ctx.get(unit.o[0]) == 28

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


def test_latency():
    graph = matrix_graph(np.ones((1, 32), int), [(0, 1)] * 32, depth=5)
    assert [graph_latency(graph, levels) for levels in range(7)] == [0, 5, 3, 2, 2, 1, 1]
    assert graph_latency(matrix_graph([[2]], [(0, 1)]), 1) == 0


@pytest.mark.parametrize("levels", [0, 1, 3])
def test_cells_are_those_of_the_graph(levels, need, rng):
    """No compressor of several adders, whether registers are between them or not: a few chains
    of ECP5 lose a cell at an end, or are short enough for look-up tables."""
    weights = rng.integers(-32, 32, (3, 8))
    graph = matrix_graph(weights, [(-128, 127)] * 8)
    found = resources(Graph(graph, levels), ["ecp5"], dsp=False)["ecp5"]
    assert 0.98 * graph.cells <= found.area <= graph.cells
    assert found.carry * 2 == found.area
