"""Units that choose among the elements of vectors."""

from __future__ import annotations

from hw.network.netlist import Part
from hw.sampling.framed import FramedSampler, FramedTopK
from sw_model.ops import SeededSample

from .context import Context, UnitParts, require_alone, vector_jobs

__all__ = ["sampler", "top_k"]


def top_k(context: Context) -> UnitParts:
    """The largest elements of vectors, and where they are."""
    specs = [node.spec(context.tensors(node)) for node in context.nodes]  # type: ignore[attr-defined]
    return UnitParts(Part(context.name, FramedTopK, {
        "spec": max(specs, key=lambda spec: spec.longest), "lanes": context.unit.lanes,
        "jobs": vector_jobs(context)}))


def sampler(context: Context) -> UnitParts:
    """One of the largest elements of each vector, drawn by its weight.

    Raises
    ------
    InputFault
        If the unit has several jobs.
    """
    require_alone(context)
    (node,) = context.nodes
    assert isinstance(node, SeededSample)
    return UnitParts(Part(context.name, FramedSampler, {
        "spec": node.spec, "lanes": context.unit.lanes, "jobs": vector_jobs(context),
        "scale": node.multiplier, "part": node.part, "seed": node.seed,
        "multiplier": context.multiplier}))
