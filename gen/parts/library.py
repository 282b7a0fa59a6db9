# amaranth: UnusedElaboratable=no
"""Units of the library: what serves a node is made from its spec."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from amaranth.lib import wiring

from hw.network.netlist import Part
from hw.nonlinear.gated_product import GatedProduct
from hw.nonlinear.table import TableLookup
from hw.rows import RowUnit
from hw.rows.frame import FramedRows
from sw_model.node import Node
from sw_model.specs import RowJob, TableSpec

from ..mapping.frames import operands
from .context import Context, UnitParts, constant, parameters, same, vector_jobs

__all__ = ["elementwise", "gated_product", "rows", "shared_spec", "spec_of", "tabled"]

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
    """What makes units of ``make(spec, lanes)``, which may also take a ``multiplier``."""
    multiplies = "multiplier" in inspect.signature(make).parameters

    def maker(context: Context) -> UnitParts:
        arguments: dict[str, Any] = {"spec": shared_spec(context), "lanes": context.unit.lanes}
        if multiplies:
            arguments["multiplier"] = context.multiplier
        return UnitParts(Part(context.name, make, arguments))

    return maker


def tabled(context: Context) -> UnitParts:
    """A complete table of a node that has a single operand of few bits, made by the node."""
    def entries(node: Node) -> tuple[int, ...]:
        tensors = context.tensors(node)
        form = tensors[0].format
        codes = np.arange(form.min, form.max + 1).astype(form.dtype).reshape(-1, 1)
        return tuple(int(each) for each in node.run(tensors, [codes])[0].ravel())

    form = same(context, [context.tensors(node)[0].format for node in context.nodes], "format")
    return UnitParts(Part(context.name, TableLookup, {
        "spec": TableSpec(source=form, target=context.target), "lanes": context.unit.lanes,
        "entries": (same(context, [entries(node) for node in context.nodes], "function"),),
        "jobs": tuple(RowJob(context.channels(node), context.vectors(node), shared=True)
                      for node in context.nodes),
        "memory": context.unit.memory}))


def gated_product(context: Context) -> UnitParts:
    """Products of two tensors, the first of which may go through a table."""
    spec = shared_spec(context)
    tables = [tuple(constant(tensor).tolist()) for node in context.nodes
              for tensor in context.tensors(node)[2:]]
    return UnitParts(Part(context.name, GatedProduct, {
        "spec": spec, "lanes": context.unit.lanes, "multiplier": context.multiplier,
        "entries": same(context, tables, "their table") if tables else ()}))


def rows(make: Callable[..., RowUnit]) -> Maker:
    """What makes units of ``make(spec, lanes, longest)``, which may also take a ``multiplier``, for
    the vectors of all jobs. A node's constants are parameters of its channels, one column each."""
    multiplies = "multiplier" in inspect.signature(make).parameters

    def maker(context: Context) -> UnitParts:
        arguments: dict[str, Any] = {
            "kind": make, "arguments": (shared_spec(context),), "lanes": context.unit.lanes,
            "jobs": vector_jobs(context)}
        if multiplies:
            arguments["multiplier"] = context.multiplier
        part = Part(context.name, FramedRows, arguments)
        if len(context.tensors(context.nodes[0])) == 1:
            return UnitParts(part)
        payload = FramedRows(**arguments).parameters.payload.shape()
        columns = [[constant(tensor) for tensor in context.tensors(node)[1:]]
                   for node in context.nodes]
        names = list(payload.elem_shape.members)
        widths = [tensor.format.width for tensor in context.tensors(context.nodes[0])[1:]]
        return UnitParts(part, (parameters(
            context, payload, [np.stack(np.broadcast_arrays(*each), axis=1) for each in columns],
            widths, f"{context.unit.lanes} lanes of {', '.join(names)}"),))

    return maker
