# amaranth: UnusedElaboratable=no
"""Many components side by side in one top module, so that one build serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Module
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
        for k, component in enumerate(self._components):
            m.submodules[f"u{k}"] = component
            wiring.connect(m, wiring.flipped(getattr(self, f"u{k}")), component)
        return m
