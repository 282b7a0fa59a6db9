"""Combinational components between streams, many in one compiled top, fed with any patterns."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Cat, Module, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from hw.streams.pipeline import stalling_pipeline
from hw.verilog import to_verilog
from verif.emulator import Emulator
from verif.manifest import Manifest, Stream

from .bundle import Bundle

__all__ = ["Probe", "probe"]

#: Outputs are cut into pieces of so many bits.
PIECE = 16


class Probe(wiring.Component):
    """A combinational component with one input ``i`` and any outputs, behind a register.

    Members
    -------
    i : ``In(stream.Signature(len(i)))``
    o : ``Out(stream.Signature(ArrayLayout(16, pieces)))``
        All outputs, one above the other in the order of their names.
    """

    latency = 1

    def __init__(self, component: wiring.Component) -> None:
        self._component = component
        self.outputs = {name: len(Value.cast(getattr(component, name)))
                        for name in sorted(component.signature.members) if name != "i"}
        pieces = -(-sum(self.outputs.values()) // PIECE)
        super().__init__({"i": In(stream.Signature(len(Value.cast(component.i)))),
                          "o": Out(stream.Signature(ArrayLayout(PIECE, pieces)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.inner = inner = self._component
        enable = stalling_pipeline(m, self.i, self.o, depth=1)
        held = Signal.like(self.o.payload.as_value())
        with m.If(enable):
            m.d.sync += held.eq(Cat(Value.cast(getattr(inner, name)) for name in self.outputs))
        m.d.comb += [Value.cast(inner.i).eq(self.i.payload), self.o.payload.eq(held)]
        return m


def probe(components: Sequence[wiring.Component], patterns: Sequence[ArrayLike], folder: Path
          ) -> list[dict[str, NDArray[Any]]]:
    """The outputs of every component, as bit patterns (of Python's, if wide), for its patterns.

    Each component's patterns are repeated until all have as many.
    """
    probes = [Probe(component) for component in components]
    (folder / "rtl").mkdir(parents=True)
    # Nearly all objects stay until the end: looking for garbage takes a sixth of the time.
    gc.disable()
    try:
        verilog = to_verilog(Bundle(probes), "bundle")
    finally:
        gc.enable()
    (folder / "rtl/bundle.v").write_text(verilog, encoding="utf-8")
    given = [np.asarray(each, np.int64).ravel() for each in patterns]
    count = max(map(len, given))
    streams, inputs = [], {}
    for k, each in enumerate(probes):
        width = len(Value.cast(each.i.payload))
        streams += [Stream(name=f"u{k}__i", direction="in", tensor=f"i{k}", format=f"uint{width}",
                           lanes=1, vector=1),
                    Stream(name=f"u{k}__o", direction="out", tensor=f"o{k}", format=f"uint{PIECE}",
                           lanes=len(each.o.payload.as_value()) // PIECE,
                           vector=len(each.o.payload.as_value()) // PIECE)]
        inputs[f"i{k}"] = np.resize(given[k], (count, 1))
    Manifest(name="bundle", top="bundle", verilog="rtl/bundle.v", gatemill="test",
             streams=tuple(streams)).save(folder)
    emulator = Emulator(folder, taps=False, quick=True)
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


def _fields(pieces: NDArray[Any], widths: dict[str, int]) -> dict[str, NDArray[Any]]:
    wide = sum(widths.values()) > 63
    words = np.zeros(len(pieces), object if wide else np.int64)
    for place in range(pieces.shape[1]):
        words = words | pieces[:, place].astype(words.dtype) << PIECE * place
    fields = {}
    for name, width in widths.items():
        fields[name] = words & ((1 << width) - 1)
        words = words >> width
    return fields
