"""Units of the library: what serves a node is made from its spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.lib import wiring

from hw.network.netlist import Part
from hw.rows import RowUnit
from hw.rows.frame import FramedRows
from sw_model.node import Node
from sw_model.specs import VectorJob

from ..mapping.frames import operands
from .context import Context, UnitParts, same

__all__ = ["elementwise", "rows", "spec_of"]

Maker = Callable[[Context], UnitParts]


def spec_of(context: Context, node: Node) -> Any:
    """A node's spec: its own, or what it makes of the formats that it reads."""
    spec: Any = node.spec  # type: ignore[attr-defined]
    if not callable(spec):
        return spec
    graph = context.layout.graph
    return spec(*(graph.tensors[name].format for name in operands(graph, node)))


def shared_spec(context: Context) -> Any:
    """The spec that all jobs of a unit have."""
    return same(context, [spec_of(context, node) for node in context.nodes], "their parameters")


def elementwise(make: Callable[..., wiring.Component]) -> Maker:
    """What makes units of ``make(spec, lanes)``."""

    def maker(context: Context) -> UnitParts:
        return UnitParts(Part(context.name, make, {
            "spec": shared_spec(context), "lanes": context.unit.lanes}))

    return maker


def rows(make: Callable[..., RowUnit]) -> Maker:
    """What makes units of ``make(spec, lanes, longest)``, for the vectors of all jobs."""

    def maker(context: Context) -> UnitParts:
        jobs = tuple(VectorJob(context.channels(node), context.vectors(node))
                     for node in context.nodes)
        return UnitParts(Part(context.name, FramedRows, {
            "make": make, "arguments": (shared_spec(context),), "lanes": context.unit.lanes,
            "jobs": jobs}))

    return maker
