# amaranth: UnusedElaboratable=no
"""Components of which some inputs are constants."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

__all__ = ["Tied"]


class Tied(wiring.Component):
    """``component`` with constants at the inputs that ``constants`` names, and its streams.

    Members
    -------
    Those of the component that are no constants.
    """

    def __init__(self, component: Any, **constants: int) -> None:
        self._component, self._constants = component, constants
        super().__init__({name: member for name, member in component.signature.members.items()
                          if name not in constants})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.inner = inner = self._component
        for name, member in self.signature.members.items():
            ours, theirs = getattr(self, name), getattr(inner, name)
            if member.flow is wiring.In:
                connect(m, flipped(ours), theirs)
            else:
                connect(m, theirs, flipped(ours))
        m.d.comb += [getattr(inner, name).eq(value) for name, value in self._constants.items()]
        return m
