"""Sequential components by their pins, cycle after cycle, many in one compiled top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Cat, Const, EnableInserter, Module, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from hw.streams.pipeline import stalling_pipeline
from verif.emulator import Emulator
from verif.manifest import Stream

from .emulated import emulator_of

__all__ = ["Pins", "run_pins"]

#: Bits of a lane: no pin may have more.
LANE = 32


class Pins(wiring.Component):
    """A component whose inputs come, and whose outputs leave, as one word for each cycle.

    While no word comes it stands still.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(32, inputs)))``
        A lane for each of ``inputs``.
    o : ``Out(stream.Signature(ArrayLayout(32, outputs)))``
        A lane for each of ``outputs``, as they are in that cycle, before the clock's edge.
    """

    def __init__(self, component: wiring.Component) -> None:
        self._component = component
        pins = {".".join(map(str, path)): (member.flow, Value.cast(value)) for path, member, value
                in component.signature.flatten(component)}
        self.inputs = {name: pin for name, (flow, pin) in pins.items() if flow is In}
        self.outputs = {name: pin for name, (flow, pin) in pins.items() if flow is Out}
        super().__init__({"i": In(stream.Signature(ArrayLayout(LANE, len(self.inputs)))),
                          "o": Out(stream.Signature(ArrayLayout(LANE, len(self.outputs))))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=1)
        m.submodules.inner = EnableInserter(enable)(self._component)
        for lane, pin in enumerate(self.inputs.values()):
            m.d.comb += pin.eq(self.i.payload[lane])
        held = Signal.like(self.o.payload.as_value())
        with m.If(enable):
            m.d.sync += held.eq(Cat(map(_lane, self.outputs.values())))
        m.d.comb += self.o.payload.as_value().eq(held)
        return m


def _lane(pin: Value) -> Value:
    return Cat(pin, Const(0, LANE - len(pin)))


def run_pins(components: Sequence[wiring.Component],
             given: Sequence[Mapping[str, ArrayLike]], folder: Path
             ) -> list[dict[str, NDArray[Any]]]:
    """The outputs of every component in every cycle.

    Parameters
    ----------
    components : sequence of wiring.Component
        Not yet elaborated.
    given : sequence of mapping of str to array
        For each component the values of its inputs, cycle by cycle from the reset on, by names
        such as ``"i.payload"``; one number stands for all cycles.
    folder : Path
        New.
    """
    pins = [Pins(component) for component in components]
    tables = [_table(one, values) for one, values in zip(pins, given, strict=True)]
    count = max(map(len, tables))
    streams = [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                      format=f"uint{LANE}", lanes=lanes, vector=lanes)
               for k, one in enumerate(pins)
               for name, way, lanes in (("i", "in", len(one.inputs)),
                                        ("o", "out", len(one.outputs)))]
    inputs = {}
    for k, table in enumerate(tables):
        whole = np.zeros((count, table.shape[1]), np.int64)
        whole[:len(table)] = table
        inputs[f"i{k}"] = whole
    emulator: Emulator = emulator_of(pins, streams, folder)
    outputs = emulator.run(inputs).outputs
    return [{name: outputs[f"o{k}"].reshape(count, -1)[:len(table), lane]
             for lane, name in enumerate(one.outputs)}
            for k, (one, table) in enumerate(zip(pins, tables, strict=True))]


def _table(pins: Pins, values: Mapping[str, ArrayLike]) -> NDArray[np.int64]:
    if set(values) != set(pins.inputs):
        raise ValueError(f"values must be given for {sorted(pins.inputs)}, not {sorted(values)}")
    columns = np.broadcast_arrays(*(np.asarray(values[name]) for name in pins.inputs))
    return np.stack(columns, axis=-1).astype(np.int64)
