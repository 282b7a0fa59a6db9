"""What a user has chosen about units, put into a plan."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import msgspec

from hw.pe import CONSTANT_KINDS
from sw_model.faults import LayerFault
from sw_model.graph import Graph
from sw_model.node import Node
from sw_model.ops import MatMul, Reshape

from ..messages import nearest
from .plan import LARGEST, Plan

__all__ = ["Changes", "apply_changes", "changes_by_job"]

#: Fields of a plan's unit, by job.
Changes = Mapping[str, Mapping[str, Any]]


def changes_by_job(core: Graph, changes: Changes) -> dict[str, dict[str, Any]]:
    """``changes`` with what ``*`` says put where a layer does not say it itself.

    Parameters
    ----------
    core : Graph
        The integer network.
    changes : mapping of str to mapping
        Fields by job. ``*`` stands for every matrix product; its rows and lanes are cut to
        what a layer has.

    Raises
    ------
    LayerFault
        If there is no such job, it is no matrix product and so has no rows and no
        processing elements, or it has fewer rows or lanes; or constant weights are to be folded.
    """
    jobs = {node.name: node for node in core.nodes if not isinstance(node, Reshape)}
    found: dict[str, dict[str, Any]] = {}
    for job, fields in changes.items():
        if job == "*":
            continue
        if job not in jobs:
            raise LayerFault(job, f"no layer {job!r}; {nearest(job, jobs)}")
        sizes = _sizes(core, jobs[job])
        for name, most in sizes.items():
            if name in fields and fields[name] > most:
                raise LayerFault(job, f"layer {job!r}: {name} must be at most {most}, "
                                      f"not {fields[name]}")
        if not isinstance(jobs[job], MatMul):
            for name in ("rows", "pe"):
                if name in fields:
                    raise LayerFault(job, f"layer {job!r} is no matrix product and has no {name}")
        found[job] = dict(fields)
    for job, node in jobs.items():
        if isinstance(node, MatMul) and "*" in changes:
            sizes = _sizes(core, node)
            found[job] = {name: min(value, sizes[name]) if name in sizes else value
                          for name, value in changes["*"].items()} | found.get(job, {})
    for job, fields in found.items():
        _check_constant(core, jobs[job], fields)
    return found


def _check_constant(core: Graph, node: Node, fields: Mapping[str, Any]) -> None:
    """Raise LayerFault if constant weights are to be folded, or to live in a memory."""
    pe = fields.get("pe")
    if pe not in CONSTANT_KINDS:
        return
    sizes = _sizes(core, node)
    if (weights := prod(sizes.values())) > LARGEST:
        raise LayerFault(node.name, f"layer {node.name!r}: {pe} makes logic of {LARGEST} weights "
                                    f"at most, not of {weights}")
    for name, size in sizes.items():
        if fields.get(name, size) != size:
            raise LayerFault(node.name, f"layer {node.name!r}: {pe} multiplies whole vectors, so "
                                        f"that {name} must be {size}, not {fields[name]}")
    if fields.get("memory", "auto") != "auto":
        raise LayerFault(node.name, f"layer {node.name!r}: {pe} makes logic of the weights, so "
                                    f"that memory must be auto, not {fields['memory']}")


def _sizes(core: Graph, node: Node) -> dict[str, int]:
    """Most rows and lanes that make sense for a node."""
    tensors = core.input_tensors(node)
    if isinstance(node, MatMul):
        rows, cols = (int(d) for d in tensors[1].shape)  # type: ignore[arg-type]
        return {"rows": rows, "lanes": cols}
    last = tensors[0].shape[-1]
    return {"lanes": last} if isinstance(last, int) else {}


def apply_changes(plan: Plan, changes: Changes) -> Plan:
    """``plan`` with fields of its units changed.

    Raises
    ------
    LayerFault
        If a value is impossible.
    """
    units = list(plan.units)
    for job, fields in changes.items():
        place = next(k for k, unit in enumerate(units) if job in unit.jobs)
        try:
            plain = {**msgspec.to_builtins(units[place]), **fields}
            units[place] = msgspec.convert(plain, type(units[place]))
        except msgspec.ValidationError as error:
            raise LayerFault(job, f"layer {job!r}: {error}") from error
    return msgspec.structs.replace(plan, units=tuple(units))
