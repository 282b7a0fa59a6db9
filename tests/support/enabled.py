"""Units with a clock enable, many in one compiled top, against exact integers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Cat, Module, Shape, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hw.streams.pipeline import stalling_pipeline
from verif.manifest import Stream

from .emulated import emulator_of
from .handshake import operands_taken

__all__ = ["Enabled", "EnabledCase", "check_enabled"]

#: Inputs and outputs are cut into pieces of so many bits.
PIECE = 16


class Enabled(wiring.Component):
    """A unit between streams: one word a cycle, or as often as a unit with ``start`` takes one.

    Parameters
    ----------
    component : wiring.Component
        With ``enable``, ``latency`` and ``o``; ``interval`` if it has ``start``.
    eager : bool
        Whether to go by its own ``ready`` and ``valid``.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(16, pieces)))``
        All operands, one above the other in the order of the members.
    o : ``Out(stream.Signature(ArrayLayout(16, pieces)))``
    """

    #: Members that are no operands.
    control = ("enable", "start")

    #: Words of a run with stalls.
    stalled = 500

    def __init__(self, component: Any, *, eager: bool = False) -> None:
        self._component, self._eager = component, eager
        self.operands = {name: member.shape
                         for name, member in component.signature.members.items()
                         if member.flow is wiring.In and name not in self.control}
        widths = sum(Shape.cast(shape).width for shape in self.operands.values())
        super().__init__({
            "i": In(stream.Signature(ArrayLayout(PIECE, -(-widths // PIECE)))),
            "o": Out(stream.Signature(ArrayLayout(
                PIECE, -(-len(Value.cast(component.o)) // PIECE))))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.inner = inner = self._component
        operands = Cat(Value.cast(getattr(inner, name)) for name in self.operands)
        m.d.comb += [operands.eq(self.i.payload.as_value()),
                     self.o.payload.as_value().eq(Value.cast(inner.o).as_unsigned())]
        self._step(m, inner)
        return m

    def _step(self, m: Module, inner: Any) -> None:
        """Drive the unit's control and both handshakes."""
        if "start" not in inner.signature.members:
            m.d.comb += inner.enable.eq(
                stalling_pipeline(m, self.i, self.o, depth=inner.latency))
        else:
            m.d.comb += self.i.ready.eq(operands_taken(
                m, inner, self.i.valid, self.o, latency=inner.latency, interval=inner.interval,
                eager=self._eager))


@dataclass
class EnabledCase:
    """A component with ``enable``, ``latency`` and ``o``, and what it is given.

    Operands and results are integers of shape (vectors, elements), or more axes: elements of
    the innermost arrays of a member, the first one fastest. Results are compared where
    ``known``, of shape (vectors,); everywhere if it is None.
    """

    component: Any
    operands: Mapping[str, NDArray[Any]]
    expected: NDArray[Any]
    between: Callable[[Any], Enabled] = Enabled
    known: NDArray[np.bool_] | None = None


def check_enabled(cases: Sequence[EnabledCase], folder: Path) -> None:
    """Emulate all cases side by side, without stalls and with them."""
    units = [case.between(case.component) for case in cases]
    given = [_words([(case.operands[name], shape) for name, shape in unit.operands.items()])
             for case, unit in zip(cases, units, strict=True)]
    count = max(map(len, given))
    streams, inputs = [], {}
    for k, (unit, words) in enumerate(zip(units, given, strict=True)):
        pieces = len(unit.o.payload.as_value()) // PIECE
        streams += [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                           format=f"uint{PIECE}", lanes=lanes, vector=lanes)
                    for name, way, lanes in (("i", "in", words.shape[1]), ("o", "out", pieces))]
        inputs[f"i{k}"] = np.resize(words, (count, words.shape[1]))
    emulator = emulator_of(units, streams, folder)
    for samples, stalls in ((count, 0.0), (min(count, max(unit.stalled for unit in units)), 0.3)):
        run = emulator.run({name: words[:samples] for name, words in inputs.items()},
                           idle=stalls, stall=stalls, seed=1)
        for k, case in enumerate(cases):
            shape = case.component.signature.members["o"].shape
            found = run.outputs[f"o{k}"].reshape(samples, -1)[:len(given[k])]
            wanted = _words([(case.expected[:len(found)], shape)])
            known = True if case.known is None else case.known[:len(found)]
            wrong = np.flatnonzero((found != wanted).any(axis=1) & known)
            assert not wrong.size, (
                f"case {k}, {type(case.component).__name__}: vector {wrong[0]}, "
                f"{ {name: each[wrong[0]].tolist() for name, each in case.operands.items()} }, "
                f"does not give {case.expected[wrong[0]].tolist()}")


def _words(members: Sequence[tuple[NDArray[Any], Any]]) -> NDArray[np.int64]:
    """Numbers of each member's innermost elements as words of pieces, the lowest bit first."""
    bits = []
    for numbers, shape in members:
        while isinstance(shape, ArrayLayout):
            shape = shape.elem_shape
        places = np.arange(Shape.cast(shape).width)
        bits.append((numbers.reshape(len(numbers), -1, 1) >> places & 1).reshape(len(numbers), -1))
    table = np.concatenate(bits, axis=1).astype(np.uint8)
    table = np.pad(table, ((0, 0), (0, -table.shape[1] % PIECE)))
    return np.packbits(table, axis=1, bitorder="little").view("<u2").astype(np.int64)
