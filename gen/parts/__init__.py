"""From a plan's unit to hardware: the component, its providers, their memory images."""

from __future__ import annotations

from collections.abc import Callable

from boards.devices import Device

from ..mapping.layout import Layout
from ..mapping.plan import Unit
from .context import Context, Provider, UnitParts
from .dense import dense
from .functions import delta_table, divide, exp2, isqrt, piecewise, reciprocal
from .rescale import binary_threshold, framework_rescale, multiply_add_shift, threshold
from .table import argmax, table

__all__ = ["Provider", "UnitParts", "unit_parts"]

#: What makes a unit of each kind.
MAKERS: dict[str, Callable[[Context], UnitParts]] = {
    "argmax": argmax,
    "binary_threshold": binary_threshold,
    "delta_table": delta_table,
    "dense": dense,
    "divide": divide,
    "exp2": exp2,
    "framework_rescale": framework_rescale,
    "isqrt": isqrt,
    "multiply_add_shift": multiply_add_shift,
    "piecewise": piecewise,
    "reciprocal": reciprocal,
    "rsqrt": reciprocal,
    "table": table,
    "threshold": threshold,
}


def unit_parts(layout: Layout, unit: Unit, name: str, device: Device) -> UnitParts:
    """The hardware of ``unit``.

    Parameters
    ----------
    layout : Layout
    unit : Unit
    name : str
        What its instances' names begin with.
    device : Device
        What the unit must fit.

    Raises
    ------
    InputFault
        If the unit's jobs cannot share it, or the device lacks what it is made of.
    """
    return MAKERS[unit.kind](Context(layout, unit, name, device))
