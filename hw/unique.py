# amaranth: UnusedElaboratable=no
"""Elaborate once: each distinct component becomes one RTLIL module, placed as often as needed.

Amaranth elaborates and emits every instance of a component anew. :class:`Unique` converts a
component once for each distinct set of parameters and places an ``Instance`` of it, so that
elaboration, simulation and synthesis all do the work of a module once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable
from typing import Any

from amaranth import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.back import rtlil
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring

__all__ = ["Library", "Unique"]


class Library:
    """The modules converted so far; given to ``elaborate`` as its platform.

    Members
    -------
    modules : dict of str to str
        RTLIL text by module name, in the order of conversion.
    """

    def __init__(self) -> None:
        self.modules: dict[str, str] = {}
        self._names: dict[Hashable, str] = {}
        self._clocks: dict[str, frozenset[str]] = {}

    def place(self, key: Hashable, component: wiring.Component) -> tuple[str, frozenset[str]]:
        """Module name of ``component``, converted if its ``key`` is new, and which of the
        ports ``clk`` and ``rst`` the module has."""
        if key not in self._names:
            name = self._name(component, key)
            text = rtlil.convert(component, name=name, platform=self, emit_src=False)
            self.modules[name] = text
            self._names[key] = name
            self._clocks[name] = _clock_ports(text, name)
        name = self._names[key]
        return name, self._clocks[name]

    def _name(self, component: wiring.Component, key: Hashable) -> str:
        kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(component).__name__).lower()
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:8]
        return f"{kind}_{digest}"


class Unique(wiring.Component):
    """A component that is elaborated once for each distinct set of parameters.

    In plain simulation (no :class:`Library` as platform) it is the component itself.

    Parameters
    ----------
    make : callable
        The component's class.
    *args, **kwargs
        What ``make`` is called with. All must be hashable, with a ``repr`` that says
        everything, as frozen dataclasses, tuples and numbers have.

    Members
    -------
    Those of the component.
    """

    def __init__(self, make: Callable[..., wiring.Component], *args: Hashable,
                 **kwargs: Hashable) -> None:
        self._component = make(*args, **kwargs)
        self._key = (make.__module__, make.__qualname__, args, tuple(sorted(kwargs.items())))
        hash(self._key)
        super().__init__(self._component.signature)

    @property
    def component(self) -> Any:
        """The component inside: its parameters, latency and interval."""
        return self._component

    def elaborate(self, platform: Any) -> Elaboratable:
        if not isinstance(platform, Library):
            m = Module()
            m.submodules.inner = self._component
            wiring.connect(m, wiring.flipped(self), self._component)
            return m
        name, clocks = platform.place(self._key, self._component)
        ports: dict[str, Any] = {}
        for path, member, value in self.signature.flatten(self):
            direction = "o" if member.flow is wiring.Out else "i"
            ports[f"{direction}_{'__'.join(map(str, path))}"] = Value.cast(value)
        domain = {"clk": ClockSignal(), "rst": ResetSignal()}
        ports |= {f"i_{port}": domain[port] for port in sorted(clocks)}
        return Instance(name, **ports)


def _clock_ports(text: str, name: str) -> frozenset[str]:
    start = text.index(f"module \\{name}\n")
    return frozenset(re.findall(r"^\s*wire width 1 input \d+\s+\\(clk|rst)$",
                                text[start:text.index("\nend", start)], re.MULTILINE))
