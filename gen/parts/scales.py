"""Units that scale without a multiplier or at random, by block, sum two scales, or rotate."""

from __future__ import annotations

import numpy as np
from amaranth import Shape

from hw.codec.block_quantiser import BlockQuantiser
from hw.network.netlist import Part
from hw.rescale.framework_lane import framework_fields
from hw.rescale.hadamard import HadamardUnit
from hw.rescale.k_hot import KHotRescale
from hw.rescale.rescale_add import RescaleAdd
from hw.rescale.shift import ShiftRescale
from hw.rescale.stochastic import StochasticShift
from sw_model.faults import InputFault
from sw_model.specs import FrameworkRescaleSpec, ShiftSpec, StochasticShiftSpec

from .context import Context, Ints, Provider, UnitParts, constant, parameters, require_alone
from .library import shared_spec

__all__ = ["block_quantise", "hadamard", "k_hot", "rescale_add", "shift", "stochastic_shift"]


def shift(context: Context) -> UnitParts:
    """Shifts, one for all channels or one for each."""
    spec = shared_spec(context)
    part = Part(context.name, ShiftRescale, {"spec": spec, "lanes": context.unit.lanes})
    layout = ShiftRescale.parameter_layout(spec, context.unit.lanes)
    return UnitParts(part, _distances(context, spec, layout))


def stochastic_shift(context: Context) -> UnitParts:
    """The same, rounded at random.

    Raises
    ------
    InputFault
        If the unit has not a lane for each seed, or several jobs.
    """
    require_alone(context)
    spec = shared_spec(context)
    if context.unit.lanes != spec.lanes:
        raise InputFault(f"plan: unit {context.unit.name!r} must have a lane for each of its "
                         f"{spec.lanes} seeds, not {context.unit.lanes}")
    return UnitParts(Part(context.name, StochasticShift, {"spec": spec}), _distances(
        context, spec, StochasticShift.parameter_layout(spec)))


def _distances(context: Context, spec: ShiftSpec | StochasticShiftSpec, payload: object
               ) -> tuple[Provider, ...]:
    """What streams in where shifts differ."""
    if spec.shifts == 1:
        return ()
    rows = [constant(context.tensors(node)[1])[:, None] - spec.shift_low
            for node in context.nodes]
    return (parameters(context, payload, rows, [Shape.cast(range(spec.shifts)).width],
                       f"{context.unit.lanes} lanes of a shift less {spec.shift_low}"),)


def k_hot(context: Context) -> UnitParts:
    """Factors of few bits; one for all channels becomes wires."""
    spec, lanes = shared_spec(context), context.unit.lanes
    factors = [constant(context.tensors(node)[1]) for node in context.nodes]
    arguments = {"spec": spec, "lanes": lanes}
    if len(set(np.concatenate(factors).tolist())) == 1:
        return UnitParts(Part(context.name, KHotRescale, {
            **arguments, "constant": int(factors[0][0])}))
    layout = KHotRescale.parameter_layout(spec, lanes)
    fields = layout.elem_shape.members
    rows = [np.array([[KHotRescale.parameters_of(spec, int(code))[name] for name in fields]
                      for code in codes]) for codes in factors]
    return UnitParts(Part(context.name, KHotRescale, arguments), (parameters(
        context, layout, rows, [Shape.cast(shape).width for shape in fields.values()],
        f"{lanes} lanes of a sign and the places of {spec.factor.hot} ones"),))


def rescale_add(context: Context) -> UnitParts:
    """Sums of two tensors, each with its scale."""
    spec, lanes = shared_spec(context), context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes, "multiplier": context.multiplier}
    scales = [[constant(tensor) for tensor in context.tensors(node)[2:]]
              for node in context.nodes]
    distinct = {tuple(int(each[0]) for each in four) for four in scales}
    if len(distinct) == 1 and all(len(each) == 1 for four in scales for each in four):
        (four,) = distinct
        return UnitParts(Part(context.name, RescaleAdd, {
            **arguments, "constants": (four[:2], four[2:])}))
    columns, widths = [], []
    for branch, place in ((spec.a, 0), (spec.b, 2)):
        found, width = _branch(branch, [four[place:place + 2] for four in scales])
        columns.append(found)
        widths += width
    rows = [np.stack(np.broadcast_arrays(*(each for branch in job for each in branch)), axis=1)
            for job in zip(*columns, strict=True)]
    return UnitParts(Part(context.name, RescaleAdd, arguments), (parameters(
        context, RescaleAdd.parameter_layout(spec, lanes), rows, widths,
        f"{lanes} lanes of multiplier and shift of both operands"),))


def _branch(spec: FrameworkRescaleSpec, scales: list[list[Ints]]
            ) -> tuple[list[list[Ints]], list[int]]:
    """An operand's fields for each job, and their widths."""
    fields = framework_fields(spec).members
    columns = [[multiplier, *([np.array([spec.shift_of(int(e)) for e in exponent])]
                              if "shift" in fields else [])] for multiplier, exponent in scales]
    return columns, [Shape.cast(shape).width for shape in fields.values()]


def hadamard(context: Context) -> UnitParts:
    """Rotations by Sylvester's matrix.

    Raises
    ------
    InputFault
        If the lanes do not divide a vector.
    """
    spec, lanes = shared_spec(context), context.unit.lanes
    _require_divisor(context, spec.size, "the elements that are rotated together")
    return UnitParts(Part(context.name, HadamardUnit, {"spec": spec, "lanes": lanes}))


def block_quantise(context: Context) -> UnitParts:
    """Numbers in blocks that share a scale.

    Raises
    ------
    InputFault
        If the lanes do not divide a block.
    """
    spec, lanes = shared_spec(context), context.unit.lanes
    _require_divisor(context, spec.size, "the elements of a block")
    return UnitParts(Part(context.name, BlockQuantiser, {
        "source": spec.source, "form": spec.block, "lanes": lanes,
        "tensor_scale": spec.tensor_scale}))


def _require_divisor(context: Context, size: int, what: str) -> None:
    if size % context.unit.lanes:
        raise InputFault(f"plan: lanes of unit {context.unit.name!r} must divide {size}, "
                         f"{what}, not be {context.unit.lanes}")
