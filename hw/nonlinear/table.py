# amaranth: UnusedElaboratable=no
"""Any function of a narrow code: a complete table."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.specs import RowJob, TableSpec

from ..memory.lookup import LookupRom
from ..memory.rows import RowCounter
from ..shapes import vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["TableLookup"]


class TableLookup(wiring.Component):
    """``entries[row, code - least code]`` for each lane.

    Takes a word every cycle while the consumer is ready; never drops or reorders. Codes
    that the source has no entry for (ternary's fourth pattern) give any result.

    Parameters
    ----------
    spec : TableSpec
    lanes : int
    entries : tuple of tuple of int
        ``spec.size`` codes of the target for each row, the smallest source code's first.
    jobs : tuple of RowJob
        Which rows the words of the stream need, cyclically; by default row 0 always. Rows
        may be tables of different layers (``shared``) or of different channels.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    #: Cycles from taking a word to offering its result.
    latency = 1
    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: TableSpec, lanes: int, entries: tuple[tuple[int, ...], ...],
                 jobs: tuple[RowJob, ...] = (RowJob(1, shared=True),)) -> None:
        if not isinstance(spec, TableSpec):
            raise TypeError(f"spec must be a TableSpec, not {spec!r}")
        self._spec, self._lanes, self._entries = spec, lanes, entries
        self._counter = RowCounter(jobs, lanes)
        for number, row in enumerate(entries):
            if len(row) != spec.size:
                raise ValueError(f"every row must hold {spec.size} entries, "
                                 f"but row {number} holds {len(row)}")
            spec.target.check(f"entries[{number}]", row)
        for job in jobs:
            if job.rows.stop > len(entries):
                raise ValueError(f"{job} needs {job.rows.stop} rows, "
                                 f"but there are {len(entries)}")
        super().__init__({
            "i": In(stream.Signature(vector_of(spec.source, lanes))),
            "o": Out(stream.Signature(vector_of(spec.target, lanes))),
        })

    @property
    def spec(self) -> TableSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        m.submodules.counter = counter = self._counter
        m.d.comb += counter.advance.eq(self.i.valid & self.i.ready)
        # Two lanes with the same rows share a memory, since block RAM has two ports: of more of
        # them synthesis makes look-up tables.
        groups: dict[tuple[int, ...], list[int]] = {}
        for lane in range(self._lanes):
            groups.setdefault(counter.rows(lane), []).append(lane)
        pairs = [(rows, lanes[k:k + 2]) for rows, lanes in groups.items()
                 for k in range(0, len(lanes), 2)]
        for rows, pair in pairs:
            m.submodules[f"table_{pair[0]}"] = rom = self._rom(rows, len(pair))
            m.d.comb += rom.enable.eq(enable)
            for port, lane in enumerate(pair):
                m.d.comb += [
                    getattr(rom, f"address_{port}").eq(
                        Cat(self.i.payload[lane], counter.place)),
                    self.o.payload[lane].eq(getattr(rom, f"data_{port}")),
                ]
        return m

    def _rom(self, rows: tuple[int, ...], ports: int) -> LookupRom:
        """The tables of ``rows``, ordered by the bit pattern of the code."""
        source, target = self._spec.source, self._spec.target
        words = []
        for row in rows:
            patterns = [0] * (1 << source.width)
            for code, entry in enumerate(self._entries[row], start=source.min):
                patterns[code % (1 << source.width)] = entry % (1 << target.width)
            words += patterns
        return LookupRom(target.width, tuple(words), ports)
