# amaranth: UnusedElaboratable=no
"""Rows of dot products by look-up that share their tables."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable

from .base import DotSpec
from .lut_table import GROUP
from .lut_tile import LutTile
from .rows import DotRows

__all__ = ["LutRows", "SerialLutRows"]


class LutRows(DotRows):
    """A :class:`LutTile` of one vector. See :class:`DotRows` for the contract and the members.

    Parameters
    ----------
    spec, rows
        As of :class:`DotRows`.
    group : int
        Activations of one table, 2 to 8.
    """

    #: Whether the weights' bits are looked up in turn.
    serial = False

    def __init__(self, spec: DotSpec, rows: int, *, group: int = GROUP) -> None:
        super().__init__(spec, rows)
        self._tile = LutTile(spec, 1, self.rows, group=group, serial=self.serial)
        self.interval, self.latency = self._tile.interval, self._tile.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.tile = tile = self._tile
        m.d.comb += [tile.enable.eq(self.enable), tile.start.eq(self.start),
                     tile.a[0].eq(self.a), tile.w.eq(self.w), self.o.eq(tile.o[0])]
        return m


class SerialLutRows(LutRows):
    """The same, the weights' bits in turn: ``interval`` is their number."""

    serial = True
