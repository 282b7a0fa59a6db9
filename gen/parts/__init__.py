"""From a plan's unit to hardware: the component, its providers, their memory images."""

from __future__ import annotations

from collections.abc import Callable

from boards.devices import Device

from ..mapping.layout import Layout
from ..mapping.plan import Unit
from .context import Context, Provider, UnitParts
from .dense import dense
from .rescale import binary_threshold, framework_rescale, multiply_add_shift, threshold
from .table import argmax, table

__all__ = ["Provider", "UnitParts", "unit_parts"]

#: What makes a unit of each kind.
MAKERS: dict[str, Callable[[Context], UnitParts]] = {
    "argmax": argmax,
    "binary_threshold": binary_threshold,
    "dense": dense,
    "framework_rescale": framework_rescale,
    "multiply_add_shift": multiply_add_shift,
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
