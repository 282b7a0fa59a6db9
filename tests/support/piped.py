"""Pipelines between streams that stall, many in one compiled top, fed with any numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Module, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from numpy.typing import ArrayLike, NDArray

from hw.streams.pipeline import stalling_pipeline
from verif.manifest import Stream

from .emulated import emulator_of

__all__ = ["Piped", "piped"]

#: Operands and results are cut into pieces of so many bits.
PIECE = 16

#: Numbers of a run with stalls.
STALLED = 500


class Piped(wiring.Component):
    """A function that builds a pipeline, with a register behind its 32-bit result.

    Parameters
    ----------
    build : callable
        Called with the module, the operands and ``enable=``; gives the result.
    operands : sequence of shape-like
    stages : int
        Registers between operands and result.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(16, pieces)))``
        Every operand from a new piece on.
    o : ``Out(stream.Signature(ArrayLayout(16, 2)))``
    """

    def __init__(self, build: Callable[..., Value], operands: Sequence[ShapeLike], stages: int
                 ) -> None:
        self._build, self._stages = build, stages
        self.operands = [Shape.cast(shape) for shape in operands]
        pieces = sum(-(-shape.width // PIECE) for shape in self.operands)
        super().__init__({"i": In(stream.Signature(ArrayLayout(PIECE, pieces))),
                          "o": Out(stream.Signature(ArrayLayout(PIECE, 2)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self._stages + 1)
        bits, start, operands = self.i.payload.as_value(), 0, []
        for shape in self.operands:
            value = bits[start:start + shape.width]
            operands.append(value.as_signed() if shape.signed else value)
            start += -(-shape.width // PIECE) * PIECE
        result = self._build(m, *operands, enable=enable)
        held = Signal(32)
        with m.If(enable):
            m.d.sync += held.eq(result)
        m.d.comb += self.o.payload.eq(held)
        return m


def piped(pipelines: Sequence[Piped], numbers: Sequence[Sequence[ArrayLike]], folder: Path
          ) -> list[NDArray[np.uint32]]:
    """The results of every pipeline for its operands, of as many each; with stalls, the same."""
    given = [np.stack([_piece(values, k)
                       for values, shape in zip(columns, each.operands, strict=True)
                       for k in range(-(-shape.width // PIECE))], axis=-1)
             for each, columns in zip(pipelines, numbers, strict=True)]
    count = max(map(len, given))
    streams, inputs = [], {}
    for k, pieces in enumerate(given):
        streams += [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                           format=f"uint{PIECE}", lanes=lanes, vector=lanes)
                    for name, way, lanes in (("i", "in", pieces.shape[1]), ("o", "out", 2))]
        inputs[f"i{k}"] = np.resize(pieces, (count, pieces.shape[1]))
    emulator = emulator_of(pipelines, streams, folder)
    free = emulator.run(inputs).outputs
    stalled = emulator.run({name: codes[:STALLED] for name, codes in inputs.items()}, idle=0.3,
                           stall=0.3, seed=1).outputs
    results = []
    for k, pieces in enumerate(given):
        np.testing.assert_array_equal(stalled[f"o{k}"], free[f"o{k}"][:STALLED])
        found = free[f"o{k}"][:len(pieces)].astype(np.uint32).reshape(-1, 2)
        results.append(found[:, 0] | found[:, 1] << PIECE)
    return results


def _piece(values: ArrayLike, k: int) -> NDArray[np.int64]:
    return (np.asarray(values) >> k * PIECE & (1 << PIECE) - 1).astype(np.int64)
