"""Processing elements between streams, many in one compiled top, against exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hw.pe import DotProduct
from hw.shapes import vector_of
from hw.streams.pipeline import stalling_pipeline
from hw.unique import Unique
from hw.verilog import to_verilog
from sw_model.formats import CodedFormat, Format
from verif.emulator import Emulator
from verif.manifest import Manifest, Stream

from .bundle import Bundle

__all__ = ["Case", "DotStream", "check_dots", "codes_of"]

#: Results are cut into pieces of so many bits.
PIECE = 16


class DotStream(wiring.Component):
    """A processing element of interval 1 between streams.

    Members
    -------
    a, w : ``In(stream.Signature(vector_of(format, lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(16, pieces)))``
        The result, its sign extended.
    """

    def __init__(self, make: type[DotProduct], spec: Any) -> None:
        self._pe = Unique(make, spec)
        self.latency = self._pe.component.latency
        pieces = -(-len(self._pe.o) // PIECE)
        super().__init__({
            "a": In(stream.Signature(vector_of(spec.activations, spec.lanes))),
            "w": In(stream.Signature(vector_of(spec.weights, spec.lanes))),
            "o": Out(stream.Signature(ArrayLayout(PIECE, pieces)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.pe = pe = self._pe
        enable = stalling_pipeline(m, [self.a, self.w], self.o, depth=self.latency)
        m.d.comb += [pe.enable.eq(enable), pe.start.eq(1), pe.a.eq(self.a.payload),
                     pe.w.eq(self.w.payload), self.o.payload.as_value().eq(pe.o)]
        return m


@dataclass
class Case:
    """An element and its operands: codes of shape (vectors, lanes)."""

    make: type[DotProduct]
    spec: Any
    a: NDArray[Any]
    w: NDArray[Any]

    def expected(self) -> list[int]:
        """Dot products on the product grid, by Python's integers."""
        a, w = (form.to_fixed(codes).astype(object) for form, codes in (
            (self.spec.activations, self.a), (self.spec.weights, self.w)))
        return [int(value) for value in (a * w).sum(axis=1)]


def codes_of(form: Format) -> NDArray[np.int64]:
    """Every code that is a number."""
    codes = np.arange(form.min, form.max + 1)
    if isinstance(form, CodedFormat):
        codes = codes[form.legal()]
        codes = codes[np.isfinite(form.decode(codes))]
    return codes


def check_dots(cases: Sequence[Case], folder: Path) -> None:
    """Emulate all cases side by side, without stalls and with them."""
    units = [DotStream(case.make, case.spec) for case in cases]
    (folder / "rtl").mkdir(parents=True)
    (folder / "rtl/bundle.v").write_text(to_verilog(Bundle(units), "bundle"), encoding="utf-8")
    count = max(len(case.a) for case in cases)
    streams, inputs = [], {}
    for k, (case, unit) in enumerate(zip(cases, units, strict=True)):
        for name, form in (("a", case.spec.activations), ("w", case.spec.weights)):
            streams.append(Stream(name=f"u{k}__{name}", direction="in", tensor=f"{name}{k}",
                                  format=str(form), lanes=case.spec.lanes,
                                  vector=case.spec.lanes))
            inputs[f"{name}{k}"] = np.resize(getattr(case, name), (count, case.spec.lanes))
        pieces = len(unit.o.payload.as_value()) // PIECE
        streams.append(Stream(name=f"u{k}__o", direction="out", tensor=f"o{k}",
                              format=f"uint{PIECE}", lanes=pieces, vector=pieces))
    Manifest(name="bundle", top="bundle", verilog="rtl/bundle.v", gatemill="test",
             streams=tuple(streams)).save(folder)
    emulator = Emulator(folder, taps=False, quick=True)
    for samples, stalls in ((count, 0.0), (min(count, 500), 0.3)):
        run = emulator.run({name: codes[:samples] for name, codes in inputs.items()},
                           idle=stalls, stall=stalls, seed=1)
        for k, (case, unit) in enumerate(zip(cases, units, strict=True)):
            pieces = run.outputs[f"o{k}"].reshape(samples, -1)[:len(case.a)]
            bits = PIECE * pieces.shape[1]
            got = [sum(int(piece) << PIECE * place for place, piece in enumerate(row))
                   for row in pieces]
            wanted = [value % (1 << bits) for value in case.expected()[:len(got)]]
            wrong = [place for place, pair in enumerate(zip(got, wanted, strict=True))
                     if pair[0] != pair[1]]
            assert not wrong, (f"{case.make.__name__} of {case.spec}: vector {wrong[0]}, "
                               f"{case.a[wrong[0]]} and {case.w[wrong[0]]}, gives "
                               f"{got[wrong[0]]}, not {wanted[wrong[0]]}")
            assert unit.latency >= 1
