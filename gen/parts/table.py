"""Units without parameter streams: complete tables and argmax."""

from __future__ import annotations

from hw.network.netlist import Part
from hw.nonlinear.argmax import ArgMax
from hw.nonlinear.table import TableLookup
from sw_model.specs import ArgMaxSpec, TableSpec, VectorJob

from .context import Context, UnitParts, constant, row_jobs

__all__ = ["argmax", "table"]


def table(context: Context) -> UnitParts:
    """The jobs' tables, each filled up to all codes of the input port."""
    source = context.source
    rows, counts = [], []
    for node in context.nodes:
        codes, entries = context.tensors(node)
        before, behind = codes.format.min - source.min, source.max - codes.format.max
        table_rows = constant(entries).tolist()
        counts.append(len(table_rows))
        rows += [tuple([row[0]] * before + row + [row[-1]] * behind) for row in table_rows]
    return UnitParts(Part(context.name, TableLookup, {
        "spec": TableSpec(source=source, target=context.target), "lanes": context.unit.lanes,
        "entries": tuple(rows), "jobs": row_jobs(context, counts), "memory": context.unit.memory}))


def argmax(context: Context) -> UnitParts:
    """Index of the largest element."""
    jobs = tuple(VectorJob(context.channels(node), context.vectors(node))
                 for node in context.nodes)
    return UnitParts(Part(context.name, ArgMax, {
        "spec": ArgMaxSpec(context.source, jobs), "lanes": context.unit.lanes}))
