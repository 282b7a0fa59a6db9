"""Rescale and threshold units with their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw.network.netlist import Part
from hw.rescale.binary_search import BinarySearchThreshold
from hw.rescale.framework import FrameworkRescale
from hw.rescale.multiply_add_shift import MultiplyAddShift
from hw.rescale.threshold import ParallelThreshold
from sw_model import ops
from sw_model.faults import InputFault
from sw_model.formats import covering
from sw_model.specs import FrameworkRescaleSpec, MultiplyAddShiftSpec, ThresholdSpec
from sw_model.tables import pack_fields

from .context import Context, Ints, Provider, UnitParts, constant, row_jobs, same, spread

__all__ = ["binary_threshold", "framework_rescale", "multiply_add_shift", "threshold"]


def multiply_add_shift(context: Context) -> UnitParts:
    """The compiler's rescale; per-tensor constants become part of the logic."""
    nodes = [node for node in context.nodes if isinstance(node, ops.MultiplyAddShift)]
    shift = max(node.shift for node in nodes)
    rows = [_scaled(context, node, shift) for node in nodes]
    signs = max(row.shape[1] for row in rows) - 1
    rows = [np.concatenate([row, row[:, -1:]], axis=1) if row.shape[1] <= signs else row
            for row in rows]
    every = np.concatenate(rows)
    spec = MultiplyAddShiftSpec(
        source=context.source, target=context.target, shift=shift,
        low=same(context, [node.low for node in nodes], "their lower clamp"),
        high=same(context, [node.high for node in nodes], "their upper clamp"),
        multiplier=covering(int(every[:, 0].min()), int(every[:, 0].max())),
        offset=covering(int(every[:, 1:].min()), int(every[:, 1:].max())), signs=signs)
    operand = spec.operand_for([int(m) for m in every[:, 0]], every[:, 1:].tolist())
    spec = replace(spec, operand=operand)
    lanes = context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes, "multiplier": context.multiplier}
    if len(every) == 1:
        constants = (int(every[0, 0]), tuple(int(b) for b in every[0, 1:]))
        return UnitParts(Part(context.name, MultiplyAddShift,
                              {**arguments, "constants": constants}))
    widths = [spec.multiplier.width] + [spec.offset.width] * signs
    return UnitParts(Part(context.name, MultiplyAddShift, arguments), (_parameters(
        context, MultiplyAddShift.parameter_layout(spec, lanes), rows, widths,
        f"{lanes} lanes of multiplier {spec.multiplier} and {signs} offsets {spec.offset}"),))


def _parameters(context: Context, payload: object, rows: Sequence[Ints], widths: Sequence[int],
                layout: str) -> Provider:
    """A provider of the jobs' ``rows``, whose columns are fields of ``widths`` bits."""
    tables, jobs = zip(*(spread(context, node, row)
                         for node, row in zip(context.nodes, rows, strict=True)), strict=True)
    table = np.concatenate(tables)
    words = pack_fields([table[..., k] for k in range(len(widths))], widths)
    return context.provider(
        "parameters", payload, words, sum(widths) * context.unit.lanes, tuple(jobs),
        tuple(t.name for n in context.nodes for t in context.tensors(n)[1:]), layout)


def _scaled(context: Context, node: ops.MultiplyAddShift, shift: int) -> Ints:
    """Rows of multiplier and offsets for the common ``shift``: exact, as both are doubled."""
    multiplier, offset = (constant(t) for t in context.tensors(node)[1:])
    channels = max(len(multiplier), len(offset))
    columns = np.concatenate([np.broadcast_to(multiplier[:, None], (channels, 1)),
                              np.broadcast_to(offset, (channels, offset.shape[1]))], axis=1)
    distinct = np.unique(columns, axis=0)
    return (distinct if len(distinct) == 1 else columns) << (shift - node.shift)


def framework_rescale(context: Context) -> UnitParts:
    """A framework's own rounding, its operands as narrow as the layer's are."""
    nodes = [node for node in context.nodes if isinstance(node, ops.Rescale)]
    rows = []
    for node in nodes:
        columns = np.stack(np.broadcast_arrays(*(constant(t) for t in context.tensors(node)[1:])),
                           axis=1)
        distinct = np.unique(columns, axis=0)
        rows.append(distinct if len(distinct) == 1 else columns)
    every = np.concatenate(rows)
    spec = FrameworkRescaleSpec(
        source=context.source, target=context.target,
        mode=same(context, [node.mode.value for node in nodes], "rounding"),
        zero_point=same(context, [node.zero_point for node in nodes], "zero point"),
        low=same(context, [node.low for node in nodes], "their lower clamp"),
        high=same(context, [node.high for node in nodes], "their upper clamp"),
        multiplier=covering(int(every[:, 0].min()), int(every[:, 0].max())),
        exponent_low=int(every[:, 1].min()), exponent_high=int(every[:, 1].max()))
    lanes = context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes, "multiplier": context.multiplier}
    if len(every) == 1:
        return UnitParts(Part(context.name, FrameworkRescale, {
            **arguments, "constants": (int(every[0, 0]), int(every[0, 1]))}))
    widths = [spec.multiplier.width]
    if spec.shifts > 1:
        widths.append((spec.shifts - 1).bit_length())
        rows = [np.stack([row[:, 0], spec.exponent_high - row[:, 1]], axis=1) for row in rows]
    return UnitParts(Part(context.name, FrameworkRescale, arguments), (_parameters(
        context, FrameworkRescale.parameter_layout(spec, lanes), rows, widths,
        f"{lanes} lanes of multiplier {spec.multiplier} and shift"),))


def _staircases(context: Context) -> tuple[ThresholdSpec, list[tuple[Ints, Ints, Ints]]]:
    """Thresholds, steps and bases of every job, filled up to the same number of steps.

    A threshold outside the source's codes is moved to their edge, where it decides alike.
    """
    source = context.source
    jobs = []
    for node in context.nodes:
        thresholds, steps, base = (constant(t) for t in context.tensors(node)[1:])
        channels = max(len(thresholds), len(base))
        jobs.append((
            np.broadcast_to(np.clip(thresholds, source.min, source.max + 1),
                            (channels, thresholds.shape[1])),
            np.broadcast_to(steps, (channels, steps.shape[1])),
            np.broadcast_to(base, (channels,))))
    count = max(thresholds.shape[1] for thresholds, _, _ in jobs)
    filled = []
    for thresholds, steps, base in jobs:
        spare = ((0, 0), (0, count - thresholds.shape[1]))
        filled.append((np.pad(thresholds, spare, constant_values=source.max + 1),
                       np.pad(steps, spare, constant_values=1), base))
    signed = any((steps != 1).any() for _, steps, _ in filled)
    return ThresholdSpec(source=source, target=context.target, count=count,
                         signed_steps=bool(signed)), filled


def threshold(context: Context) -> UnitParts:
    """A comparator for each threshold."""
    spec, jobs = _staircases(context)
    lanes = context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes}
    if len(jobs) == 1 and len(jobs[0][0]) == 1:
        thresholds, steps, base = (part[0].tolist() for part in jobs[0])
        return UnitParts(Part(context.name, ParallelThreshold, {
            **arguments, "constants": (tuple(thresholds), tuple(steps), base)}))
    assert spec.threshold is not None
    fields = [spec.threshold.width] * spec.count + [2] * spec.count * spec.signed_steps
    rows = [np.concatenate([thresholds, *([steps] if spec.signed_steps else []), base[:, None]],
                           axis=1) for thresholds, steps, base in jobs]
    return UnitParts(Part(context.name, ParallelThreshold, arguments), (_parameters(
        context, ParallelThreshold.parameter_layout(spec, lanes), rows,
        [*fields, spec.target.width],
        f"{lanes} lanes of {spec.count} thresholds {spec.threshold}, "
        f"{'steps, ' if spec.signed_steps else ''}base {spec.target}"),))


def binary_threshold(context: Context) -> UnitParts:
    """A pipelined binary search; every row must rise or fall throughout.

    Raises
    ------
    InputFault
        If a staircase has several pieces.
    """
    spec, jobs = _staircases(context)
    falling: list[bool] = []
    for _, steps, _ in jobs:
        inner = [set(row[row != 0].tolist()) for row in steps]
        if any(len(kinds) > 1 for kinds in inner) or (steps == 0).any():
            raise InputFault(f"plan: unit {context.unit.name!r}: a staircase that rises and "
                             "falls has no binary search; use a threshold unit")
        falling += [kinds == {-1} for kinds in inner]
    return UnitParts(Part(context.name, BinarySearchThreshold, {
        "spec": spec, "lanes": context.unit.lanes,
        "thresholds": tuple(tuple(row) for job in jobs for row in job[0].tolist()),
        "bases": tuple(base for job in jobs for base in job[2].tolist()),
        "falling": tuple(falling) if any(falling) else None,
        "jobs": row_jobs(context, [len(job[0]) for job in jobs])}))
