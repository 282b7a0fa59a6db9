# amaranth: UnusedElaboratable=no
"""Units of windows over images, means, and tensors one behind the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.lib import wiring

from hw.network.netlist import Part
from hw.rescale.concatenate import Concatenate
from hw.window.framed import FramedMean
from hw.window.mean import Mean
from hw.window.pool import AveragePool, MaxPool
from sw_model import ops
from sw_model.faults import InputFault
from sw_model.specs import VectorJob

from .context import Context, UnitParts, same
from .library import shared_spec

__all__ = ["average_pool", "concatenate", "max_pool", "mean", "row_mean"]


def _channels(context: Context) -> int:
    """Of a place of the images, the same for all jobs."""
    return int(same(context, [context.channels(node) for node in context.nodes],
                    "how many channels a place has"))


def max_pool(context: Context) -> UnitParts:
    """The largest of each window."""
    return _windows(context, MaxPool, {})


def average_pool(context: Context) -> UnitParts:
    """The average of each window."""
    return _windows(context, AveragePool, {"multiplier": context.multiplier})


def _windows(context: Context, make: Callable[..., wiring.Component], more: dict[str, Any]
             ) -> UnitParts:
    return UnitParts(Part(context.name, make, {
        "spec": shared_spec(context), "lanes": context.unit.lanes,
        "channels": _channels(context), **more}))


def mean(context: Context) -> UnitParts:
    """The mean over all places, channel by channel.

    Raises
    ------
    InputFault
        If the mean is over other axes.
    """
    for node in context.nodes:
        assert isinstance(node, ops.Mean)
        if node.axes != tuple(range(len(context.tensors(node)[0].shape) - 1)):
            raise InputFault(f"plan: unit {context.unit.name!r} takes means over all axes but the "
                             f"last, or over the last alone (row_mean), but {node.name!r} is over "
                             f"{list(node.axes)}")
    return _windows(context, Mean, {})


def row_mean(context: Context) -> UnitParts:
    """The mean of each vector."""
    jobs = tuple(VectorJob(context.channels(node), context.vectors(node))
                 for node in context.nodes)
    return UnitParts(Part(context.name, FramedMean, {
        "spec": shared_spec(context), "lanes": context.unit.lanes, "jobs": jobs}))


def concatenate(context: Context) -> UnitParts:
    """Tensors one behind the other, each brought to the scale of the result.

    Raises
    ------
    InputFault
        If the lanes do not divide the channels of an input other than the last.
    """
    spec, lanes = shared_spec(context), context.unit.lanes
    if odd := [each for each in spec.channels[:-1] if each % lanes]:
        raise InputFault(f"plan: lanes of unit {context.unit.name!r} must divide the channels of "
                         f"every input but the last, but {lanes} do not divide {odd[0]}")
    return UnitParts(Part(context.name, Concatenate, {"spec": spec, "lanes": lanes}))
