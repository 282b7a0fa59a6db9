# amaranth: UnusedElaboratable=no
"""Streams one behind the other, each brought to the scale of the result."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.specs import ConcatSpec, TableSpec

from ..nonlinear.table import TableLookup
from ..shapes import vector_of
from ..streams.select import Select
from .requantise import Requantise

__all__ = ["Concatenate"]


class Concatenate(wiring.Component):
    """A vector of each input in turn, requantised: together a vector of the result.

    Takes and offers a word every cycle while the consumer is ready and the input whose turn it
    is has one; inputs wait for their turn. Those of the result's own scale pass as they are.

    Parameters
    ----------
    spec : ConcatSpec
    lanes : int
        Must divide the channels of every input but the last.
    entries : tuple of tuple of int, or None
        For every input the results of all codes, the smallest code's first: requantisation by
        table. None: by adders.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes))).array(len(spec.ways))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: ConcatSpec, lanes: int,
                 entries: tuple[tuple[int, ...], ...] | None = None) -> None:
        if not isinstance(spec, ConcatSpec):
            raise TypeError(f"spec must be a ConcatSpec, not {spec!r}")
        source, target = vector_of(spec.source, lanes), vector_of(spec.target, lanes)
        for channels in spec.channels[:-1]:
            if channels % lanes:
                raise ValueError(f"lanes must divide the channels of every input but the last, "
                                 f"but {lanes} does not divide {channels}")
        if entries is not None and len(entries) != len(spec.ways):
            raise ValueError(f"there must be {len(spec.ways)} tables, not {len(entries)}")
        self._spec, self._lanes = spec, lanes
        table = None if entries is None else TableSpec(source=spec.source, target=spec.target)
        self._units: list[Any] = [
            None if way.changes_nothing
            else Requantise(way, lanes) if table is None or entries is None
            else TableLookup(table, lanes, (entries[number],))
            for number, way in enumerate(spec.ways)]
        super().__init__({"i": In(stream.Signature(source)).array(len(spec.ways)),
                          "o": Out(stream.Signature(target))})

    @property
    def spec(self) -> ConcatSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def latency(self) -> int:
        """Cycles from taking a word of the first input to offering it."""
        return 0 if self._units[0] is None else self._units[0].latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        turns = tuple((way, -(-channels // self._lanes))
                      for way, channels in enumerate(self._spec.channels))
        m.submodules.select = select = Select(vector_of(self._spec.target, self._lanes), turns)
        for number, unit in enumerate(self._units):
            if unit is None:
                connect(m, flipped(self.i[number]), select.i[number])
                continue
            m.submodules[f"requantise_{number}"] = unit
            connect(m, flipped(self.i[number]), unit.i)
            connect(m, unit.o, select.i[number])
        connect(m, select.o, flipped(self.o))
        return m
