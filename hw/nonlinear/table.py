# amaranth: UnusedElaboratable=no
"""Any function of a narrow code: a complete table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from amaranth import Cat, Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.specs import RowJob, TableSpec

from ..memory.lookup import LookupRom
from ..memory.rom import STYLES
from ..memory.rows import RowCounter
from ..shapes import vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["TableLookup"]

#: Bits of a table for each lane above which two lanes share a block RAM: 16 bits are worth a
#: lookup table, and one of ECP5's block RAMs with two ports, or two of iCE40's, are worth 128. To
#: Yosys a memory of lookup tables costs the same whatever its ports, and none of its rules would
#: share it.
SHARED_BITS = 1024


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
    memory : str
        Where the tables live: in ``"block"`` RAM, whose ports two lanes share where both have the
        same rows; in lookup tables (``"distributed"``), each lane's its own; or ``"auto"``, in
        block RAM if two share it and it is worth it, else where synthesis finds it better.

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
                 jobs: tuple[RowJob, ...] = (RowJob(1, shared=True),),
                 memory: str = "auto") -> None:
        if not isinstance(spec, TableSpec):
            raise TypeError(f"spec must be a TableSpec, not {spec!r}")
        if memory not in STYLES:
            raise ValueError(f"memory must be one of {', '.join(STYLES)}, not {memory!r}")
        self._spec, self._lanes, self._entries, self._memory = spec, lanes, entries, memory
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
        for rows, lanes, style in self._roms():
            m.submodules[f"table_{lanes[0]}"] = rom = LookupRom(
                self._spec.target.width, self._words(rows), len(lanes), style)
            m.d.comb += rom.enable.eq(enable)
            for port, lane in enumerate(lanes):
                m.d.comb += [
                    getattr(rom, f"address_{port}").eq(
                        Cat(self.i.payload[lane], counter.place)),
                    self.o.payload[lane].eq(getattr(rom, f"data_{port}")),
                ]
        return m

    def _roms(self) -> Iterator[tuple[tuple[int, ...], list[int], str]]:
        """Each memory's rows, the lanes that read it, and its style."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for lane in range(self._lanes):
            groups.setdefault(self._counter.rows(lane), []).append(lane)
        for rows, lanes in groups.items():
            bits = len(rows) * self._spec.target.width << self._spec.source.width
            worth = self._memory == "auto" and bits > SHARED_BITS
            share = 2 if worth or self._memory == "block" else 1
            for first in range(0, len(lanes), share):
                own = lanes[first:first + share]
                yield rows, own, "block" if worth and len(own) == 2 else self._memory

    def _words(self, rows: tuple[int, ...]) -> tuple[int, ...]:
        """The tables of ``rows``, ordered by the bit pattern of the code."""
        source, target = self._spec.source, self._spec.target
        words = []
        for row in rows:
            patterns = [0] * (1 << source.width)
            for code, entry in enumerate(self._entries[row], start=source.min):
                patterns[code % (1 << source.width)] = entry % (1 << target.width)
            words += patterns
        return tuple(words)
