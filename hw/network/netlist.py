# amaranth: UnusedElaboratable=no
"""A network of components: parts, and the streams between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from amaranth import Module, Shape, Signal
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from ..unique import Unique

__all__ = ["Netlist", "Part", "Pin", "Port", "Wire"]


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
    """A stream member of a part, or way ``way`` of an array of streams.

    A pin of the netlist itself has an empty ``part``.
    """

    part: str
    member: str
    way: int | None = None


@dataclass(frozen=True)
class Port:
    """A stream of the netlist itself."""

    into: bool
    payload: ShapeLike


@dataclass(frozen=True)
class Wire:
    """A stream from one pin to another.

    The wires in the top module are named after it: ``<name>_payload`` (as the source has
    it), ``<name>_valid`` and ``<name>_ready``. The target's lanes may be wider than the
    source's: they are extended, by sign if the source's are signed.
    """

    name: str
    source: Pin
    target: Pin


class Netlist(wiring.Component):
    """Parts joined by wires, each distinct part elaborated once.

    Parameters
    ----------
    ports : mapping of str to Port
    parts : sequence of Part
    wires : sequence of Wire
        Every stream member of every part is the end of exactly one wire.

    Members
    -------
    One stream for each port.

    Raises
    ------
    ValueError
        If a pin is open or wired twice, or a wire's target cannot carry its source's codes.
    """

    def __init__(self, ports: Mapping[str, Port], parts: tuple[Part, ...],
                 wires: tuple[Wire, ...]) -> None:
        self._parts = {part.name: Unique(part.make, **part.arguments) for part in parts}
        if len(self._parts) != len(parts):
            raise ValueError("two parts have the same name")
        self._wires = wires
        super().__init__({name: (In if port.into else Out)(stream.Signature(port.payload))
                          for name, port in ports.items()})
        self._check()

    @property
    def parts(self) -> Mapping[str, Any]:
        """The components by name."""
        return {name: part.component for name, part in self._parts.items()}

    @property
    def wires(self) -> tuple[Wire, ...]:
        """The streams between them."""
        return self._wires

    def _check(self) -> None:
        ends = Counter(end for wire in self._wires for end in (wire.source, wire.target))
        if twice := [end for end, count in ends.items() if count > 1]:
            raise ValueError(f"wired more than once: {sorted(map(str, twice))}")
        every = {pin for name, part in self._parts.items() for pin in _pins(name, part.signature)}
        every |= set(_pins("", self.signature))
        if wrong := every ^ set(ends):
            raise ValueError(f"open or unknown: {sorted(map(str, wrong))}")
        for wire in self._wires:
            source, target = (self._stream(end).payload.shape()
                              for end in (wire.source, wire.target))
            if source != target and not _carries(source, target):
                raise ValueError(f"wire {wire.name!r} joins {wire.source} of {source!r} "
                                 f"and {wire.target} of {target!r}")

    def _stream(self, pin: Pin) -> Any:
        member = getattr(self._parts[pin.part] if pin.part else self, pin.member)
        return member if pin.way is None else member[pin.way]

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        for name, part in self._parts.items():
            m.submodules[name] = part
        for wire in self._wires:
            source, target = self._stream(wire.source), self._stream(wire.target)
            # Taps observe these wires by name, so they must reach the Verilog.
            payload = Signal(source.payload.shape(), name=f"{wire.name}_payload",
                             attrs={"keep": 1})
            valid = Signal(name=f"{wire.name}_valid", attrs={"keep": 1})
            ready = Signal(name=f"{wire.name}_ready", attrs={"keep": 1})
            m.d.comb += [
                payload.eq(source.payload), valid.eq(source.valid), ready.eq(target.ready),
                target.valid.eq(valid), source.ready.eq(ready),
            ]
            if payload.shape() == target.payload.shape():
                m.d.comb += target.payload.eq(payload)
            else:
                m.d.comb += [target.payload[lane].eq(payload[lane])
                             for lane in range(payload.shape().length)]
        return m


def _pins(part: str, signature: wiring.Signature) -> Iterator[Pin]:
    """Every stream of a part."""
    for name, member in signature.members.items():
        if member.dimensions:
            yield from (Pin(part, name, way) for way in range(member.dimensions[0]))
        else:
            yield Pin(part, name)


def _carries(source: Any, target: Any) -> bool:
    """Whether vectors of ``source`` go into vectors of ``target`` lane by lane."""
    if not (isinstance(source, ArrayLayout) and isinstance(target, ArrayLayout)
            and source.length == target.length):
        return False
    inner, outer = Shape.cast(source.elem_shape), Shape.cast(target.elem_shape)
    if inner.signed == outer.signed:
        return inner.width <= outer.width
    return outer.signed and inner.width < outer.width
