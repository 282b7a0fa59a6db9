# amaranth: UnusedElaboratable=no
"""Rows as streams: what goes into units that work on them, and what must come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from amaranth import Module, signed, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from numpy.typing import ArrayLike

from hw.rows import RowUnit
from hw.rows.annotate import Annotate
from hw.rows.reduce import RowMaximum
from sw_model.tables import pack_words

from .units import Interval, Unit

__all__ = ["Below", "row_unit", "row_words"]


class Below(RowUnit):
    """How far each element is below the largest of its row.

    Members
    -------
    i : ``In(stream.Signature(row_layout(signed(width), lanes)))``
    o : ``Out(stream.Signature(row_layout(unsigned(width), lanes)))``
    """

    def __init__(self, width: int, lanes: int, longest: int) -> None:
        super().__init__(signed(width), unsigned(width), lanes, longest)
        self._most = Annotate(RowMaximum(signed(width), lanes), self.words)
        self.latency = self._most.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.most = most = self._most
        connect(m, flipped(self.i), most.i)
        row, o = most.o.payload.row, self.o.payload
        m.d.comb += [self.o.valid.eq(most.o.valid), most.o.ready.eq(self.o.ready),
                     o.keep.eq(row.keep), o.last.eq(row.last)]
        for lane in range(self.lanes):
            m.d.comb += o.data[lane].eq(most.o.payload.found - row.data[lane])
        return m


def row_words(rows: Sequence[ArrayLike], width: int, lanes: int) -> list[tuple[int, int]]:
    """Words of a stream of rows, padded with noise, and masks of the bits that count.

    >>> [tuple(map(hex, pair)) for pair in row_words([[1, 2, 3], [4, 5]], 4, 2)]
    [('0x121', '0x3ff'), ('0x2a3', '0x30f'), ('0x354', '0x3ff')]
    """
    rng = np.random.default_rng(len(rows))
    words = []
    for row in rows:
        codes = np.asarray(row, dtype=np.int64)
        for start in range(0, len(codes), lanes):
            part = codes[start:start + lanes]
            noise = rng.integers(0, 1 << min(width, 62), lanes - len(part))
            data = pack_words(np.concatenate([part, noise])[None], width)[0]
            keep = (1 << len(part) - 1) - 1
            last = int(start + lanes >= len(codes))
            flags = (1 << lanes) - 1 << lanes * width
            words.append((data | keep << lanes * width | last << lanes * width + lanes - 1,
                          flags | (1 << len(part) * width) - 1))
    return words


def row_unit(component: wiring.Component, rows: Sequence[ArrayLike], expected: Sequence[ArrayLike],
             *, name: str = "", latency: bool = True, paced: bool = True) -> Unit:
    """A check that a :class:`hw.rows.RowUnit` gives ``expected`` for ``rows``.

    Parameters
    ----------
    latency, paced : bool
        Whether to measure that of the first row, and that a word is taken every cycle.
    """
    unit: Any = component
    lanes = unit.lanes
    source, target = (port.payload.shape()["data"].shape.elem_shape.width
                      for port in (unit.i, unit.o))
    first = -(-len(np.asarray(rows[0])) // lanes)
    return Unit(unit, {"i": row_words(rows, source, lanes)},
                {"o": row_words(expected, target, lanes)},
                latency=unit.latency + (unit.passes - 1) * (first - 1) if latency else None,
                after=first - 1,
                interval=Interval(1) if paced else None, name=name)
