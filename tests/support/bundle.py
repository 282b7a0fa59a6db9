# amaranth: UnusedElaboratable=no
"""Many components side by side in one top module, so that one build serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

__all__ = ["Bundle"]


class Bundle(wiring.Component):
    """Place ``components`` as ``u0``, ``u1`` and so on, with ports such as ``u0__i__valid``.

    Members
    -------
    u0, u1, ... : ``Out(component.signature)``
        The components' own.
    """

    def __init__(self, components: Sequence[wiring.Component]) -> None:
        self._components = tuple(components)
        super().__init__({f"u{k}": Out(component.signature)
                          for k, component in enumerate(self._components)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        # Combinational components alone would leave the top without clock and reset.
        beat = Signal()
        m.d.sync += beat.eq(~beat)
        for k, component in enumerate(self._components):
            m.submodules[f"u{k}"] = component
            # connect() cannot flip arrays of streams, so this is done by hand.
            outer = component.signature.flatten(getattr(self, f"u{k}"))
            inner = component.signature.flatten(component)
            for (_, member, port), (_, _, pin) in zip(outer, inner, strict=True):
                target, source = (port, pin) if member.flow is Out else (pin, port)
                m.d.comb += Value.cast(target).eq(Value.cast(source))
        return m
