"""Units of functions: exponentials, reciprocals, roots, quotients, activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hw.network.netlist import Part
from hw.nonlinear.delta_table import DeltaTable
from hw.nonlinear.digit_serial import DividePairs, Isqrt
from hw.nonlinear.exp2 import Exp2
from hw.nonlinear.piecewise import Piecewise
from hw.nonlinear.reciprocal import NormalisedUnit
from sw_model import ops
from sw_model.faults import InputFault
from sw_model.node import Node
from sw_model.specs import IsqrtSpec

from .context import Context, UnitParts, constant, same

__all__ = ["delta_table", "divide", "exp2", "isqrt", "piecewise", "reciprocal"]


def _common(context: Context, value: Callable[[Any], Any]) -> Any:
    """What ``value`` says of all jobs, whose format must be that of the port.

    Raises
    ------
    InputFault
        If jobs differ, or what feeds them has another format.
    """
    form = same(context, [context.tensors(node)[0].format for node in context.nodes], "format")
    if context.source != form:
        raise InputFault(f"plan: unit {context.unit.name!r} takes {form}, but what feeds it gives "
                         f"{context.source}; give its sources units of their own")
    return same(context, [value(node) for node in context.nodes], "function")


def exp2(context: Context) -> UnitParts:
    """Powers of two."""
    spec = _common(context, lambda node: node.spec(context.source))
    return UnitParts(Part(context.name, Exp2, {
        "spec": spec, "lanes": context.unit.lanes, "multiplier": context.multiplier}))


def reciprocal(context: Context) -> UnitParts:
    """Reciprocals or their square roots, which the spec tells apart."""
    spec = _common(context, lambda node: node.spec(context.source))
    return UnitParts(Part(context.name, NormalisedUnit, {
        "spec": spec, "lanes": context.unit.lanes, "multiplier": context.multiplier}))


def isqrt(context: Context) -> UnitParts:
    """Exact square roots."""
    spec = _common(context, lambda _: IsqrtSpec(context.source))  # type: ignore[arg-type]
    return UnitParts(Part(context.name, Isqrt, {"spec": spec, "lanes": context.unit.lanes}))


def divide(context: Context) -> UnitParts:
    """Exact quotients and remainders.

    Raises
    ------
    InputFault
        If the unit has other lanes than two.
    """
    if context.unit.lanes != 2:
        raise InputFault(f"plan: unit {context.unit.name!r} must have 2 lanes, a numerator and a "
                         f"denominator, not {context.unit.lanes}")
    spec = _common(context, lambda _: ops.Divide.spec(context.source))
    return UnitParts(Part(context.name, DividePairs, {"spec": spec}))


def delta_table(context: Context) -> UnitParts:
    """GELU, SiLU or what else the entries say."""
    def described(node: Node) -> Any:
        assert isinstance(node, ops.DeltaTable)
        tensors = context.tensors(node)
        return node.spec(tensors), tuple(constant(tensors[1]).tolist())

    spec, entries = _common(context, described)
    return UnitParts(Part(context.name, DeltaTable, {
        "spec": spec, "entries": entries, "lanes": context.unit.lanes,
        "multiplier": context.multiplier}))


def piecewise(context: Context) -> UnitParts:
    """Piecewise polynomials."""
    spec = _common(context, lambda node: node.spec(context.tensors(node)))
    return UnitParts(Part(context.name, Piecewise, {
        "spec": spec, "lanes": context.unit.lanes, "multiplier": context.multiplier}))
