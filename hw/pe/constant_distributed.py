"""A constant matrix by distributed arithmetic: tables of sums of four weights."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.hdl import Elaboratable

from ..arith.adder_graph import AdderGraph
from ..arith.adder_tree import tree_depth
from ..arith.graph_pipeline import graph_latency, pipelined_graph
from ..arith.registered import registered
from ..arith.subexpressions import Row, share, term_of, terms_of
from ..arith.term_tree import add_terms
from ..shapes import shape_between
from .bit_planes import accumulated, bit_planes, in_turn, plane_values, serial_cells
from .constant import ConstantMatrix, ConstantSpec

__all__ = ["DistributedMatrix"]

#: Activations of one table: as many as a look-up table has inputs.
GROUP = 4

#: The four weights' sum for each pattern of bits of four activations.
Entries = tuple[int, ...]


class DistributedMatrix(ConstantMatrix):
    """Bits of four activations look up the sum of their weights: one LUT4 for each of its bits.

    All bits of the activations are looked up at once, which gives products every cycle, or
    with ``serial`` in turn, the highest first, which takes as many cycles as activations have
    bits and one table for all of them. What rows have in common is there once. Registers stand
    behind the tables, behind every ``levels`` levels of adders, and in turn in accumulators.
    See :class:`ConstantMatrix` for the contract and the members.

    Source: White, Applications of distributed arithmetic to digital signal processing, IEEE
    ASSP Magazine 6 (1989).

    Parameters
    ----------
    spec : ConstantSpec
    levels : int
        Levels of adders between registers.
    serial : bool
        Whether the bits are taken in turn.
    """

    def __init__(self, spec: ConstantSpec, *, levels: int = 1, serial: bool = False) -> None:
        super().__init__(spec, levels=levels)
        self._serial = serial
        values = plane_values(spec.activations)
        if serial:
            self.interval = len(values)
            values = [(0, 1)]
        #: Tables in the order of the graph's inputs: what place and group look up in them.
        self._tables: dict[tuple[int, int, Entries], int] = {}
        rows = [self._terms(row, values) for row in spec.weights]
        self._graph = AdderGraph([(min(entries), max(entries)) for _, _, entries in self._tables])
        depth = max(tree_depth(max(len(row), 1)) for row in rows)
        share(self._graph, rows, depth=depth, penalty=0.5)
        self._graph.outputs = [add_terms(self._graph, terms_of(row), depth=depth) for row in rows]
        self._sum_latency = 1 + graph_latency(self._graph, levels)
        self.latency = self._sum_latency + (self.interval if serial else 0)

    @property
    def serial(self) -> bool:
        return self._serial

    @property
    def cells(self) -> int:
        tables = sum(shape_between(min(entries), max(entries)).width
                     for _, _, entries in self._tables)
        return tables + self._graph.cells + (serial_cells(self.spec) if self._serial else 0)

    def _terms(self, row: tuple[int, ...], values: list[tuple[int, int]]) -> Row:
        """A row as tables, shifted to their places; new tables are noted."""
        terms: Row = {}
        for group in range(0, len(row), GROUP):
            weights = row[group:group + GROUP]
            for place, value in enumerate(values):
                entries = tuple(sum(weight * value[index >> k & 1]
                                    for k, weight in enumerate(weights))
                                for index in range(1 << len(weights)))
                if any(entries):
                    table = self._tables.setdefault((place, group, entries), len(self._tables))
                    terms[term_of(table, place)] = 1
        return terms

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self.spec
        planes = bit_planes(self.a, len(plane_values(spec.activations)))
        if self._serial:
            planes = [in_turn(m, planes, spec.activations, start=self.start, enable=self.enable)]
        tables = [self._looked_up(m, planes[place][group:group + GROUP], entries, f"table_{k}")
                  for k, (place, group, entries) in enumerate(self._tables)]
        products = pipelined_graph(m, self._graph, tables, enable=self.enable,
                                   levels=self.levels, name="node")
        if self._serial:
            opens = registered(m, self.start, enable=self.enable, name="opens",
                               stages=self._sum_latency)
            products = accumulated(m, products, spec, opens=opens, enable=self.enable)
        m.d.comb += [o.eq(product) for o, product in zip(self.o, products, strict=True)]
        return m

    def _looked_up(self, m: Module, bits: Value, entries: Entries, name: str) -> Value:
        """The entry that ``bits`` choose, a register later."""
        register = Signal(shape_between(min(entries), max(entries)), name=name, reset_less=True)
        # Bit by bit, since a table of words would be taken for a memory.
        truths = [Const(sum((entry >> place & 1) << index for index, entry in enumerate(entries)),
                        len(entries)) for place in range(len(register))]
        with m.If(self.enable):
            m.d.sync += register.eq(Cat(truth.bit_select(bits, 1) for truth in truths))
        return register
