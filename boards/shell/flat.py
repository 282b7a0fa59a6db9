"""Interfaces as single ports, named as other tools expect them."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Member

__all__ = ["flat_members", "join_flat"]


def flat_members(prefix: str, signature: wiring.Signature) -> dict[str, Member]:
    """The members of an interface as members of their own, their names behind a prefix.

    Parameters
    ----------
    prefix : str
        Such as ``s_axi_``.
    signature : wiring.Signature
        Of plain signals, as the component has them: flipped, of a subordinate.
    """
    return {prefix + name: member for name, member in signature.members.items()}


def join_flat(m: Module, component: Any, prefix: str, interface: Any) -> None:
    """Join a component's flat members to an interface of a part of it, of the same signature."""
    for name, member in interface.signature.members.items():
        outside, inside = getattr(component, prefix + name), getattr(interface, name)
        if member.flow is wiring.In:
            m.d.comb += Value.cast(inside).eq(Value.cast(outside))
        else:
            m.d.comb += Value.cast(outside).eq(Value.cast(inside))
