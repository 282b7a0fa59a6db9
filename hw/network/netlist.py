"""A network of components: parts, and the streams between them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..unique import Unique

__all__ = ["Netlist", "Part", "Pin", "Wire"]


@dataclass(frozen=True)
class Part:
    """A component and what it is made with.

    Parameters
    ----------
    name : str
        Of the instance.
    make : callable
        The component's class.
    arguments : mapping of str to hashable
    """

    name: str
    make: Callable[..., wiring.Component]
    arguments: Mapping[str, Hashable] = field(default_factory=dict)


@dataclass(frozen=True)
class Pin:
    """A stream member of a part; of the netlist itself where ``part`` is empty."""

    part: str
    member: str


@dataclass(frozen=True)
class Wire:
    """A stream from one pin to another.

    The wires in the top module are named after it: ``<name>_payload``, ``<name>_valid`` and
    ``<name>_ready``.
    """

    name: str
    source: Pin
    target: Pin


class Netlist(wiring.Component):
    """Parts joined by wires, each distinct part elaborated once.

    Parameters
    ----------
    ports : mapping of str to Pin
        Streams of the netlist: the part's member that each port has the signature of.
    parts : sequence of Part
    wires : sequence of Wire
        Every stream member of every part is the end of exactly one wire.

    Members
    -------
    One stream for each port.

    Raises
    ------
    ValueError
        If a pin is open or wired twice, or the ends of a wire carry different payloads.
    """

    def __init__(self, ports: Mapping[str, Pin], parts: tuple[Part, ...],
                 wires: tuple[Wire, ...]) -> None:
        self._parts = {part.name: Unique(part.make, **part.arguments) for part in parts}
        if len(self._parts) != len(parts):
            raise ValueError("two parts have the same name")
        self._wires = wires
        members = {}
        for name, pin in ports.items():
            member = self._parts[pin.part].signature.members[pin.member]
            members[name] = (Out if member.flow is Out else In)(member.signature)
        super().__init__(members)
        self._check()

    @property
    def parts(self) -> Mapping[str, Any]:
        """The components by name."""
        return {name: part.component for name, part in self._parts.items()}

    def _check(self) -> None:
        ends = [end for wire in self._wires for end in (wire.source, wire.target)]
        if twice := {end for end in ends if ends.count(end) > 1}:
            raise ValueError(f"wired more than once: {sorted(map(str, twice))}")
        every = {Pin(name, member) for name, part in self._parts.items()
                 for member in part.signature.members}
        every |= {Pin("", member) for member in self.signature.members}
        if wrong := every ^ set(ends):
            raise ValueError(f"open or unknown: {sorted(map(str, wrong))}")
        for wire in self._wires:
            shapes = [self._stream(end).payload.shape() for end in (wire.source, wire.target)]
            if shapes[0] != shapes[1]:
                raise ValueError(f"wire {wire.name!r} joins {wire.source} of {shapes[0]!r} "
                                 f"and {wire.target} of {shapes[1]!r}")

    def _stream(self, pin: Pin) -> Any:
        return getattr(self._parts[pin.part] if pin.part else self, pin.member)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        for name, part in self._parts.items():
            m.submodules[name] = part
        for wire in self._wires:
            source, target = self._stream(wire.source), self._stream(wire.target)
            payload = Signal(source.payload.shape(), name=f"{wire.name}_payload")
            valid, ready = Signal(name=f"{wire.name}_valid"), Signal(name=f"{wire.name}_ready")
            m.d.comb += [
                payload.eq(source.payload), valid.eq(source.valid), ready.eq(target.ready),
                target.payload.eq(payload), target.valid.eq(valid), source.ready.eq(ready),
            ]
        return m
