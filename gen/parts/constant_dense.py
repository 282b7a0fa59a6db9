"""Dense layers of fixed weights, which are logic."""

from __future__ import annotations

import numpy as np

from hw.array.constant import ConstantLayer, ConstantLayerSpec
from hw.network.netlist import Part
from hw.pe import ConstantSpec
from sw_model.faults import InputFault
from sw_model.formats import IntFormat

from .context import Context, UnitParts, constant
from .product_reach import product_reach

__all__ = ["constant_dense"]


def constant_dense(context: Context) -> UnitParts:
    """A dense unit whose weights and biases are logic, for one job."""
    unit, target = context.unit, context.target
    assert isinstance(target, IntFormat)
    if len(context.nodes) > 1:
        raise InputFault(f"plan: unit {unit.name!r} has the weights of one job; give "
                         f"{', '.join(unit.jobs)} units of their own")
    _, weights, *biases = constants = context.tensors(context.nodes[0])
    rows, cols = constant(weights).shape
    for name, given, needed in (("rows", unit.rows, rows), ("lanes", unit.lanes, cols)):
        if given != needed:
            raise InputFault(f"plan: unit {unit.name!r}, pe {unit.pe}: vectors are multiplied "
                             f"whole, so that {name} must be {needed}, not {given}")
    if unit.memory != "auto":
        raise InputFault(f"plan: unit {unit.name!r}, pe {unit.pe}: weights are logic, so that "
                         f"memory must be auto, not {unit.memory}")
    try:
        matrix = ConstantSpec(context.source, weights.format.to_fixed(constant(weights)))
    except ValueError as error:
        raise InputFault(f"unit {unit.name!r}, pe {unit.pe}: {error}") from error
    bias = (biases[0].format.to_fixed(constant(biases[0])) if biases
            else np.zeros(rows, np.int64))
    spec = ConstantLayerSpec(matrix, target, tuple(bias.tolist()), unit.pe,
                             product_reach(context))
    return UnitParts(Part(context.name, ConstantLayer, {"spec": spec}),
                     logic=tuple(constants[1:]))
