# amaranth: UnusedElaboratable=no
"""Constant matrices between streams, in the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Cat, Module, Mux, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hw.pe.constant import ConstantMatrix
from hw.shapes import vector_of
from hw.streams.pipeline import valid_chain
from hw.verilog import to_verilog
from verif.emulator import Emulator
from verif.manifest import Manifest, Stream

__all__ = ["MatrixStream", "emulated"]

#: Results are given in pieces of so many bits, their signs extended.
PIECE = 16


class MatrixStream(wiring.Component):
    """A constant matrix between streams, given activations as often as it takes them.

    Members
    -------
    a : ``In(stream.Signature(vector_of(activations, columns)))``
    o : ``Out(stream.Signature(ArrayLayout(16, pieces)))``
        The results of all rows, one above the other, a register later.
    """

    def __init__(self, matrix: ConstantMatrix) -> None:
        self._matrix = matrix
        self.pieces = -(-matrix.spec.result.width // PIECE)
        spec = matrix.spec
        super().__init__({
            "a": In(stream.Signature(vector_of(spec.activations, spec.columns))),
            "o": Out(stream.Signature(ArrayLayout(PIECE, self.pieces * spec.rows)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.matrix = matrix = self._matrix
        start, enable, wait = Signal(), Signal(), Signal(range(max(matrix.interval, 2)))
        m.d.comb += [start.eq(self.a.valid & (wait == 0)),
                     enable.eq(self.o.ready | ~self.o.valid),
                     self.a.ready.eq(enable & start), matrix.enable.eq(enable),
                     matrix.start.eq(start), matrix.a.eq(self.a.payload),
                     self.o.valid.eq(valid_chain(m, start, depth=matrix.latency + 1,
                                                 enable=enable)[-1])]
        wide = [Signal(self.pieces * PIECE, name=f"wide_{k}") for k in range(len(matrix.o))]
        m.d.comb += [each.eq(o) for each, o in zip(wide, matrix.o, strict=True)]
        with m.If(enable):
            m.d.sync += [wait.eq(Mux(start, matrix.interval - 1, Mux(wait == 0, 0, wait - 1))),
                         self.o.payload.as_value().eq(Cat(wide))]
        return m

    def streams(self, prefix: str, suffix: str) -> list[Stream]:
        """Both streams, of the names ``<prefix>a`` and ``<prefix>o``, and tensors ``a<suffix>``
        and ``o<suffix>``."""
        spec = self._matrix.spec
        pieces = self.pieces * spec.rows
        return [Stream(name=f"{prefix}a", direction="in", tensor=f"a{suffix}",
                       format=str(spec.activations), lanes=spec.columns, vector=spec.columns),
                Stream(name=f"{prefix}o", direction="out", tensor=f"o{suffix}",
                       format=f"uint{PIECE}", lanes=pieces, vector=pieces)]

    def products(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """The results, shape (vectors, rows), that pieces of the stream ``o`` stand for."""
        pieces = outputs.reshape(-1, self._matrix.spec.rows, self.pieces).astype(np.int64)
        top = pieces[..., -1:]
        if self._matrix.spec.result.signed:
            top -= (top >> PIECE - 1) << PIECE
        whole: NDArray[np.int64] = (pieces << PIECE * np.arange(self.pieces)).sum(axis=-1)
        return whole


def emulated(matrix: ConstantMatrix, vectors: NDArray[Any], folder: Path, *, more: str = ""
             ) -> NDArray[np.int64]:
    """The products of vectors of codes, by the Verilog of a new element in a new folder; ``more``
    has modules that it is made of."""
    (folder / "rtl").mkdir(parents=True)
    unit = MatrixStream(matrix)
    (folder / "rtl/matrix.v").write_text(f"{to_verilog(unit, 'matrix')}{more}", encoding="utf-8")
    Manifest(name="matrix", top="matrix", verilog="rtl/matrix.v", gatemill="bench",
             streams=tuple(unit.streams("", ""))).save(folder)
    run = Emulator(folder, taps=False, quick=True).run({"a": vectors})
    return unit.products(run.outputs["o"])
