"""Adder graphs as hardware, with registers between levels of adders."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.hdl import ValueLike

from ..shapes import shape_between
from .adder_graph import Adder, AdderGraph, Operand
from .registered import registered

__all__ = ["graph_latency", "pipelined_graph"]


def graph_latency(graph: AdderGraph, levels: int) -> int:
    """Registers from input to output, with one behind every ``levels`` adders; 0 for none."""
    return -(-graph.depth // levels) if levels else 0


def pipelined_graph(m: Module, graph: AdderGraph, inputs: Sequence[ValueLike], *,
                    enable: ValueLike, levels: int, name: str) -> list[Value]:
    """The outputs of ``graph``, ``graph_latency(graph, levels)`` enabled cycles later.

    Parameters
    ----------
    inputs : sequence of value-like
        In the graph's ranges; as many as it has.
    levels : int
        Adders between registers; 0 for a combinational graph.
    """
    return _Pipeline(m, graph, list(map(Value.cast, inputs)), enable, levels, name).outputs()


class _Pipeline:
    """Nodes at the stages in which they are computed, and registered in the later ones."""

    def __init__(self, m: Module, graph: AdderGraph, inputs: list[Value], enable: ValueLike,
                 levels: int, name: str) -> None:
        self.m, self.graph, self.enable, self.name = m, graph, enable, name
        self.levels = levels
        self.latency = graph_latency(graph, levels)
        self.stages = [(depth - 1) // levels if depth and levels else 0 for depth in graph.depths]
        self.values = dict(zip(((node, 0) for node in range(len(inputs))), inputs, strict=True))

    def outputs(self) -> list[Value]:
        first = len(self.graph.inputs)
        for node, adder in enumerate(self.graph.adders, first):
            self.values[node, self.stages[node]] = self.adder(node, adder)
        return [self.operand(output, self.latency) << output.shift
                for output in self.graph.outputs]

    def operand(self, operand: Operand, stage: int) -> Value:
        """An operand's node in a stage, not yet shifted."""
        node = operand.node
        if node is None:
            return Const(0, 1)
        if (node, stage) not in self.values:
            before = self.operand(operand, stage - 1)
            self.values[node, stage] = registered(self.m, before, enable=self.enable,
                                                  name=f"{self.name}_{node}_{stage}")
        return self.values[node, stage]

    def adder(self, node: int, adder: Adder) -> Value:
        """The sum or difference; bits that need no adder pass by it."""
        left, right = adder.left, adder.right
        if left.shift and not adder.subtract:
            left, right = right, left
        one, other = (self.operand(each, self.stages[node]) for each in (left, right))
        passed = right.shift
        high = Signal(shape_between(adder.low >> passed, adder.high >> passed),
                      name=f"{self.name}_{node}")
        one = one << left.shift
        above = one >> passed
        if self.levels != 1:
            above, other = _apart(above), _apart(other)
        self.m.d.comb += high.eq(above - other if adder.subtract else above + other)
        if not passed:
            return high
        joined = Cat(_bits(one, passed), high)
        return joined.as_signed() if adder.low < 0 else joined


def _bits(value: Value, count: int) -> Value:
    """The low bits of ``value``, its sign extended if it has fewer."""
    if len(value) >= count:
        return value[:count]
    sign = value[-1] if value.shape().signed else Const(0, 1)
    return Cat(value, sign.replicate(count - len(value)))


def _apart(value: Value) -> Value:
    """``value``, its lowest bit written so that Yosys does not see that an adder adds the very
    result of another: it would make one compressor of both, of twice the size. LUT mapping
    finds that the gates do nothing."""
    low, sign = value[0], value[-1]
    joined = Cat(low & sign | low & ~sign, value[1:])
    return joined.as_signed() if value.shape().signed else joined
