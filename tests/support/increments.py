# amaranth: UnusedElaboratable=no
"""Many independent designs in one top: pairs of stages that add one to every lane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shapes import vector_of
from hw.verilog import to_verilog
from sw_model.formats import Format, parse_format
from verif.manifest import Manifest, Stream, Tap, TapTensor

from .build_folders import write_folder

__all__ = ["Chain", "Increment", "Increments", "increments_folder"]


class Increment(wiring.Component):
    """Adds one to every lane, modulo its width; one word a cycle, one cycle of latency.

    Members
    -------
    i, o : streams of ``lanes`` codes
    """

    def __init__(self, form: Format, lanes: int) -> None:
        payload = vector_of(form, lanes)
        super().__init__({"i": In(stream.Signature(payload)),
                          "o": Out(stream.Signature(payload))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        step = self.o.ready | ~self.o.valid
        m.d.comb += self.i.ready.eq(step)
        with m.If(step):
            m.d.sync += self.o.valid.eq(self.i.valid)
            for lane, code in enumerate(self.i.payload):
                m.d.sync += self.o.payload[lane].eq(code + 1)
        return m


class Chain(NamedTuple):
    """Two stages between streams of vectors of ``vector`` codes."""

    format: str
    lanes: int
    vector: int


class Increments(wiring.Component):
    """Chain ``k`` of two stages between ``ik`` and ``ok``; a tap before each stage.

    Members
    -------
    i0, o0, i1, o1, ... : streams
    """

    def __init__(self, chains: Sequence[Chain]) -> None:
        self._stages = [[Increment(parse_format(c.format), c.lanes) for _ in range(2)]
                        for c in chains]
        super().__init__({f"{end}{k}": stages[0].signature.members[end]
                          for k, stages in enumerate(self._stages) for end in "io"})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        for k, (first, second) in enumerate(self._stages):
            m.submodules[f"first{k}"], m.submodules[f"second{k}"] = first, second
            _tapped(m, f"enter{k}", wiring.flipped(getattr(self, f"i{k}")), first.i)
            _tapped(m, f"middle{k}", first.o, second.i)
            wiring.connect(m, second.o, wiring.flipped(getattr(self, f"o{k}")))
        return m


def _tapped(m: Module, name: str, source: Any, target: Any) -> None:
    """Connect two streams by wires that a tap can look at."""
    keep = {"attrs": {"keep": 1}}  # or Yosys drops what only a tap looks at
    payload = Signal(source.payload.shape(), name=f"{name}_payload", **keep)
    valid, ready = Signal(name=f"{name}_valid", **keep), Signal(name=f"{name}_ready", **keep)
    m.d.comb += [payload.eq(source.payload), valid.eq(source.valid), ready.eq(target.ready),
                 target.payload.eq(payload), target.valid.eq(valid), source.ready.eq(ready)]


def increments_folder(folder: Path, chains: Sequence[Chain]) -> Path:
    """Chain ``k`` takes tensor ``xk`` (tapped as ``ek``), makes ``mk`` (tapped), yields ``yk``."""
    streams, taps = [], []
    for k, chain in enumerate(chains):
        shape = {"format": chain.format, "vector": chain.vector}
        streams += [
            Stream(name=f"i{k}", direction="in", tensor=f"x{k}", lanes=chain.lanes, **shape),
            Stream(name=f"o{k}", direction="out", tensor=f"y{k}", lanes=chain.lanes, **shape)]
        width = parse_format(chain.format).width
        taps += [Tap(signal=f"{signal}{k}", lanes=chain.lanes, width=width,
                     sequence=(TapTensor(tensor=f"{tensor}{k}", **shape),))
                 for signal, tensor in (("enter", "e"), ("middle", "m"))]
    verilog = to_verilog(Increments(chains), "increments")
    manifest = Manifest(name="increments", top="increments", verilog="rtl/increments.v",
                        gatemill="0", streams=tuple(streams), taps=tuple(taps))
    return write_folder(folder, manifest, {"rtl/increments.v": verilog})
