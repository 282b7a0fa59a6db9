"""Combinational components between streams, many in one compiled top, fed with any patterns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Cat, Module, Shape, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from hw.streams.pipeline import stalling_pipeline
from verif.manifest import Stream

from .emulated import emulator_of

__all__ = ["Probe", "probe"]

#: Outputs, and inputs of more bits than fit a number, are cut into pieces of so many bits.
PIECE = 16

#: Most bits of an input that is given as a number.
NUMBER = 63


class Probe(wiring.Component):
    """A combinational component with one input ``i`` and any outputs, behind a register.

    Members
    -------
    i : ``In(stream.Signature(len(i)))``
        ``ArrayLayout(16, pieces)`` for more than 63 bits.
    o : ``Out(stream.Signature(ArrayLayout(16, pieces)))``
        All outputs, one above the other in the order of their names.
    """

    latency = 1

    def __init__(self, component: wiring.Component) -> None:
        self._component = component
        self.outputs = {name: component.signature.members[name].shape
                        for name in sorted(component.signature.members) if name != "i"}
        pieces = -(-sum(map(width_of, self.outputs.values())) // PIECE)
        width = len(Value.cast(component.i))
        self.inputs = 1 if width <= NUMBER else -(-width // PIECE)
        shape = width if width <= NUMBER else ArrayLayout(PIECE, self.inputs)
        super().__init__({"i": In(stream.Signature(shape)),
                          "o": Out(stream.Signature(ArrayLayout(PIECE, pieces)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.inner = inner = self._component
        enable = stalling_pipeline(m, self.i, self.o, depth=1)
        held = Signal.like(self.o.payload.as_value())
        with m.If(enable):
            m.d.sync += held.eq(Cat(Value.cast(getattr(inner, name)) for name in self.outputs))
        m.d.comb += [Value.cast(inner.i).eq(Value.cast(self.i.payload)),
                     self.o.payload.eq(held)]
        return m


def probe(components: Sequence[wiring.Component], patterns: Sequence[ArrayLike], folder: Path
          ) -> list[dict[str, NDArray[Any]]]:
    """The outputs of every component for its patterns.

    Patterns are numbers, or bytes (uint8) of shape (count, bytes) with the lowest first; each
    component's are repeated until all have as many. Outputs are bit patterns, of Python's if
    wide; those of arrays are numbers of shape (count, length), those of structs a dictionary.
    """
    probes = [Probe(component) for component in components]
    given = [_pieces(each, one.inputs) for each, one in zip(patterns, probes, strict=True)]
    count = max(map(len, given))
    streams, inputs = [], {}
    for k, each in enumerate(probes):
        pieces = len(each.o.payload.as_value()) // PIECE
        width = len(Value.cast(each.i.payload)) // each.inputs
        streams += [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                           format=f"uint{bits}", lanes=lanes, vector=lanes)
                    for name, way, bits, lanes in (("i", "in", width, each.inputs),
                                                   ("o", "out", PIECE, pieces))]
        inputs[f"i{k}"] = np.resize(given[k], (count, each.inputs))
    emulator = emulator_of(probes, streams, folder)
    free = emulator.run(inputs)
    stalled = emulator.run({name: codes[:500] for name, codes in inputs.items()}, idle=0.3,
                           stall=0.3, seed=1)
    found = []
    for k, each in enumerate(probes):
        pieces = free.outputs[f"o{k}"].reshape(count, -1)
        np.testing.assert_array_equal(stalled.outputs[f"o{k}"].reshape(-1, pieces.shape[1]),
                                      pieces[:500])
        found.append(_fields(pieces[:len(given[k])], each.outputs))
    return found


def width_of(shape: Any) -> int:
    """Bits of what is like a shape."""
    return Shape.cast(shape).width


def _pieces(patterns: ArrayLike, count: int) -> NDArray[Any]:
    """Words of ``count`` pieces, or numbers."""
    array = np.asarray(patterns)
    if array.ndim < 2:
        return array.astype(np.int64).reshape(-1, 1)
    whole = np.zeros((len(array), 8 if count == 1 else 2 * count), np.uint8)
    whole[:, :array.shape[1]] = array
    return whole.view("<i8" if count == 1 else "<u2").astype(np.int64)


def _fields(pieces: NDArray[Any], shapes: dict[str, Any]) -> dict[str, Any]:
    bits = np.unpackbits(np.ascontiguousarray(pieces, "<u2").view(np.uint8), axis=-1,
                         bitorder="little")
    fields, start = {}, 0
    for name, shape in shapes.items():
        fields[name] = _numbers(bits[:, start:start + width_of(shape)], shape)
        start += width_of(shape)
    return fields


def _numbers(bits: NDArray[np.uint8], shape: Any) -> Any:
    """What ``bits``, shape (count, width), stand for."""
    if isinstance(shape, StructLayout):
        return {name: _numbers(bits[:, at:at + width_of(part)], part) for name, part, at
                in ((name, field.shape, field.offset) for name, field in shape)}
    if isinstance(shape, ArrayLayout):
        element = Shape.cast(shape.elem_shape)
        each = _words(bits.reshape(len(bits), shape.length, element.width))
        if element.signed:
            each -= (each >> (element.width - 1)) << element.width
        return each
    return _words(bits)


def _words(bits: NDArray[np.uint8]) -> NDArray[Any]:
    """Numbers of the bits along the last axis, the lowest first."""
    kind = object if bits.shape[-1] > NUMBER else np.int64
    words = np.zeros(bits.shape[:-1], kind)
    for place in range(bits.shape[-1]):
        words |= bits[..., place].astype(kind) << place
    return words
