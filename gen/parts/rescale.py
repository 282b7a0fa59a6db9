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

from .context import Context, Ints, UnitParts, constant, parameters, row_jobs, same

__all__ = ["binary_threshold", "framework_rescale", "multiply_add_shift", "threshold"]


def multiply_add_shift(context: Context) -> UnitParts:
    """The compiler's rescale; per-tensor constants become part of the logic."""
    nodes = [node for node in context.nodes if isinstance(node, ops.MultiplyAddShift)]
    rows = [_factors(context, node) for node in nodes]
    rows, shift, extras = _common_shift(rows, [node.shift for node in nodes],
                                        context.device.dsps > 0)
    signs = max(row.shape[1] for row in rows) - 1
    rows = [np.concatenate([row, row[:, -1:]], axis=1) if row.shape[1] <= signs else row
            for row in rows]
    clamps, numbers = _clamps([(node.low, node.high) for node in nodes])
    every = np.concatenate(rows)
    spec = MultiplyAddShiftSpec(
        source=context.source, target=context.target, shift=shift, signs=signs,
        low=min(node.low for node in nodes), high=max(node.high for node in nodes),
        multiplier=covering(int(every[:, 0].min()), int(every[:, 0].max())),
        offset=covering(int(every[:, 1:].min()), int(every[:, 1:].max())),
        extra_shift=max(extras), clamps=clamps)
    counts = [len(row) for row in rows]
    operand = spec.operand_for([int(m) for m in every[:, 0]], every[:, 1:].tolist(),
                               np.repeat(extras, counts).tolist(),
                               np.repeat(numbers, counts).tolist())
    spec = replace(spec, operand=operand)
    lanes = context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes, "multiplier": context.multiplier}
    if len(np.unique(every, axis=0)) == 1 and not clamps and not spec.extra_shift:
        constants = (int(every[0, 0]), tuple(int(b) for b in every[0, 1:]))
        return UnitParts(Part(context.name, MultiplyAddShift,
                              {**arguments, "constants": constants}))
    fields, widths = _fields([
        (spec.multiplier.width, [row[:, 0] for row in rows]),
        *((spec.offset.width, [row[:, 1 + k] for row in rows]) for k in range(signs)),
        (spec.extra_shift.bit_length(), extras), (_bits(len(clamps)), numbers)], counts)
    return UnitParts(Part(context.name, MultiplyAddShift, arguments), (parameters(
        context, MultiplyAddShift.parameter_layout(spec, lanes), fields, widths,
        f"{lanes} lanes of multiplier {spec.multiplier}, {signs} offsets {spec.offset}"
        f"{', shift' * (spec.extra_shift > 0)}{', clamp' * (len(clamps) > 0)}"),))


def _factors(context: Context, node: ops.MultiplyAddShift) -> Ints:
    """Rows of multiplier and offsets: one for each channel, or for all."""
    multiplier, offset = (constant(t) for t in context.tensors(node)[1:])
    channels = max(len(multiplier), len(offset))
    columns = np.concatenate([np.broadcast_to(multiplier[:, None], (channels, 1)),
                              np.broadcast_to(offset, (channels, offset.shape[1]))], axis=1)
    distinct = np.unique(columns, axis=0)
    return distinct if len(distinct) == 1 else columns


def _common_shift(rows: list[Ints], shifts: list[int], dsps: bool
                  ) -> tuple[list[Ints], int, list[int]]:
    """Rows for one shift, and what each job shifts beyond it.

    Doubling multiplier and offset with each bit of the shift changes nothing, and costs
    nothing as long as the multiplier takes no more DSP blocks. Else the rest of the shift is
    done at run time.
    """
    most = max(shifts)
    before, after = (max(int(abs(row[:, 0]).max()).bit_length() + k
                         for row, k in zip(rows, spare, strict=True))
                     for spare in ([0] * len(rows), [most - shift for shift in shifts]))
    offsets = max(int(abs(row).max()).bit_length() + most - shift
                  for row, shift in zip(rows, shifts, strict=True))
    # A multiplier of logic has a row for every two bits, a shifter few.
    alike = -(-(after + 1) // 18) == -(-(before + 1) // 18) if dsps else after <= before + 2
    if alike and offsets <= 62:
        return ([row << (most - shift) for row, shift in zip(rows, shifts, strict=True)], most,
                [0] * len(rows))
    return rows, min(shifts), [shift - min(shifts) for shift in shifts]


def _clamps(pairs: Sequence[tuple[int, int]]) -> tuple[tuple[tuple[int, int], ...], list[int]]:
    """Distinct clamps, none if all are the same, and each job's number."""
    distinct = tuple(dict.fromkeys(pairs))
    return distinct if len(distinct) > 1 else (), [distinct.index(pair) for pair in pairs]


def _bits(count: int) -> int:
    """Bits of the number of one of ``count``."""
    return max(count - 1, 0).bit_length()


def _fields(columns: Sequence[tuple[int, Sequence[Ints | int]]], counts: Sequence[int]
            ) -> tuple[list[Ints], list[int]]:
    """Rows of each job, a column for each field, and the fields' widths.

    Parameters
    ----------
    columns : sequence of (int, one array or number for each job)
        Width and values of each field; those without bits are left out.
    counts : sequence of int
        Rows of each job.
    """
    kept = [(width, values) for width, values in columns if width]
    rows = [np.stack([np.broadcast_to(np.asarray(values[job], np.int64), (count,))
                      for _, values in kept], axis=1) for job, count in enumerate(counts)]
    return rows, [width for width, _ in kept]


def framework_rescale(context: Context) -> UnitParts:
    """A framework's own rounding, its operands as narrow as the layer's are.

    Raises
    ------
    InputFault
        If the jobs round differently, or are too wide to share.
    """
    nodes = [node for node in context.nodes if isinstance(node, ops.Rescale)]
    rows = []
    for node in nodes:
        columns = np.stack(np.broadcast_arrays(*(constant(t) for t in context.tensors(node)[1:])),
                           axis=1)
        distinct = np.unique(columns, axis=0)
        rows.append(distinct if len(distinct) == 1 else columns)
    every = np.concatenate(rows)
    clamps, numbers = _clamps([(node.low, node.high) for node in nodes])
    zeros = [node.zero_point for node in nodes]
    mode = same(context, [node.mode.value for node in nodes], "rounding")
    try:
        spec = FrameworkRescaleSpec(
            source=context.source, target=context.target, mode=mode,
            zero_point=zeros[0] if len(set(zeros)) == 1 else None,
            low=min(node.low for node in nodes), high=max(node.high for node in nodes),
            multiplier=covering(int(every[:, 0].min()), int(every[:, 0].max())),
            exponent_low=int(every[:, 1].min()), exponent_high=int(every[:, 1].max()),
            clamps=clamps)
    except ValueError as error:
        raise InputFault(f"plan: unit {context.unit.name!r} cannot serve its jobs: {error}"
                         ) from error
    lanes = context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes, "multiplier": context.multiplier}
    if len(np.unique(every, axis=0)) == 1 and not clamps and spec.zero_point is not None:
        return UnitParts(Part(context.name, FrameworkRescale, {
            **arguments, "constants": (int(every[0, 0]), int(every[0, 1]))}))
    fields, widths = _fields([
        (spec.multiplier.width, [row[:, 0] for row in rows]),
        (_bits(spec.shifts), [spec.exponent_high - row[:, 1] for row in rows]),
        (spec.target.width if spec.zero_point is None else 0, zeros),
        (_bits(len(clamps)), numbers)], [len(row) for row in rows])
    return UnitParts(Part(context.name, FrameworkRescale, arguments), (parameters(
        context, FrameworkRescale.parameter_layout(spec, lanes), fields, widths,
        f"{lanes} lanes of multiplier {spec.multiplier}{', shift' * (spec.shifts > 1)}"
        f"{', zero point' * (spec.zero_point is None)}{', clamp' * (len(clamps) > 0)}"),))


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
        # Steps that are never reached go the way of the others, so that a search can follow.
        filled.append((np.pad(thresholds, spare, constant_values=source.max + 1),
                       np.pad(steps, spare, mode="edge") if steps.shape[1] else
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
    return UnitParts(Part(context.name, ParallelThreshold, arguments), (parameters(
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
