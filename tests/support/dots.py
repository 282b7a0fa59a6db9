"""Processing elements between streams, many in one compiled top, against exact integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

from hw.pe import DotProduct, DotSpec, ElasticDotProduct
from hw.shapes import vector_of
from hw.unique import Unique
from sw_model.formats import CodedFormat, Format, parse_format
from verif.emulator import Emulator
from verif.manifest import Stream

from .emulated import emulator_of
from .handshake import operands_taken

__all__ = ["Case", "DotStream", "check_dots", "codes_of", "emulated_dots", "every_pair",
           "extremes"]

#: Results are cut into pieces of so many bits.
PIECE = 16


#: What makes an element: its class, or its class with parameters given.
Make = Callable[[DotSpec], DotProduct]


class DotStream(wiring.Component):
    """A processing element between streams, given operands as often as it takes them.

    Parameters
    ----------
    make : callable
    spec : DotSpec
    eager : bool
        Whether to go by ``ready`` and ``valid`` of an element that has them, not by the most
        time that it takes.

    Members
    -------
    a, w : ``In(stream.Signature(vector_of(format, lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(16, pieces)))``
        The result, its sign extended.
    """

    def __init__(self, make: Make, spec: DotSpec, *, eager: bool = False) -> None:
        self._pe, self._eager = Unique(make, spec) if isinstance(make, type) else make(spec), eager
        self._inner = self._pe.component if isinstance(self._pe, Unique) else self._pe
        self.latency = self._inner.latency
        pieces = -(-len(self._pe.o) // PIECE)
        super().__init__({
            "a": In(stream.Signature(vector_of(spec.activations, spec.lanes))),
            "w": In(stream.Signature(vector_of(spec.weights, spec.lanes))),
            "o": Out(stream.Signature(ArrayLayout(PIECE, pieces)))})

    @property
    def elastic(self) -> bool:
        """Whether the element's time depends on its operands."""
        return isinstance(self._inner, ElasticDotProduct)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.pe = pe = self._pe
        taken = operands_taken(m, pe, self.a.valid & self.w.valid, self.o, latency=self.latency,
                               interval=self._inner.interval, eager=self._eager)
        m.d.comb += [self.a.ready.eq(taken), self.w.ready.eq(taken),
                     pe.a.eq(self.a.payload), pe.w.eq(self.w.payload),
                     self.o.payload.as_value().eq(pe.o)]
        return m


@dataclass
class Case:
    """An element and its operands: codes of shape (vectors, lanes)."""

    make: Make
    spec: DotSpec
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


def every_pair(make: Make, a: str, w: str) -> Case:
    """All pairs of codes that are numbers, one lane."""
    spec = DotSpec(parse_format(a), parse_format(w), 1)
    left, right = (grid.reshape(-1, 1) for grid in np.meshgrid(
        codes_of(spec.activations), codes_of(spec.weights), indexing="ij"))
    return Case(make, spec, left, right)


def extremes(make: Make, a: str, w: str, lanes: int, rng: np.random.Generator,
             count: int = 200) -> Case:
    """Extremes, then any codes that are numbers."""
    spec = DotSpec(parse_format(a), parse_format(w), lanes)
    operands = []
    for form, turn in ((spec.activations, 1), (spec.weights, 2)):
        codes = codes_of(form)
        fixed = form.to_fixed(codes)
        ends = [codes[np.argmin(fixed)], codes[np.argmax(fixed)]]
        table = rng.choice(codes, (count, lanes))
        for row in range(4):
            table[row] = ends[row // turn % 2]
        operands.append(table)
    return Case(make, spec, *operands)


def emulated_dots(units: Sequence[DotStream], specs: Sequence[DotSpec], folder: Path) -> Emulator:
    """An emulator with tensors ``a0``, ``w0``, ``o0`` and so on."""
    streams = []
    for k, (unit, spec) in enumerate(zip(units, specs, strict=True)):
        streams += [Stream(name=f"u{k}__{name}", direction="in", tensor=f"{name}{k}",
                           format=str(form), lanes=spec.lanes, vector=spec.lanes)
                    for name, form in (("a", spec.activations), ("w", spec.weights))]
        pieces = len(unit.o.payload.as_value()) // PIECE
        streams.append(Stream(name=f"u{k}__o", direction="out", tensor=f"o{k}",
                              format=f"uint{PIECE}", lanes=pieces, vector=pieces))
    return emulator_of(units, streams, folder)


def check_dots(cases: Sequence[Case], folder: Path) -> None:
    """Emulate all cases side by side, without stalls and with them.

    Elements whose time depends on their operands are there twice: given operands as seldom as
    they ever need them, and as soon as they are ready.
    """
    units = [DotStream(case.make, case.spec) for case in cases]
    eager = [case for case, unit in zip(cases, units, strict=True) if unit.elastic]
    units += [DotStream(case.make, case.spec, eager=True) for case in eager]
    cases = [*cases, *eager]
    count = max(len(case.a) for case in cases)
    inputs = {f"{name}{k}": np.resize(getattr(case, name), (count, case.spec.lanes))
              for k, case in enumerate(cases) for name in ("a", "w")}
    emulator = emulated_dots(units, [case.spec for case in cases], folder)
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
            assert not wrong, (f"{case.make} of {case.spec}: vector {wrong[0]}, "
                               f"{case.a[wrong[0]]} and {case.w[wrong[0]]}, gives "
                               f"{got[wrong[0]]}, not {wanted[wrong[0]]}")
            assert unit.latency >= 1
