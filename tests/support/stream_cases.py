# amaranth: UnusedElaboratable=no
"""Components of the stream kit with stimulus and expected words.

The tests of each component run its cases in Icarus; one Verilator build runs them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from amaranth.hdl import Shape, unsigned
from amaranth.lib.data import StructLayout

from hw.shapes import vector_of
from hw.streams import Fork, Join, Queue, Register, Route, Select, Skid, WidthDown, WidthUp
from sw_model.formats import BipolarFormat, IntFormat
from sw_model.tables import vectors_to_words

from .units import Interval, Unit, padded

__all__ = ["CASES"]

_PAYLOADS: dict[str, Any] = {
    "bit": unsigned(1),
    "int8": vector_of(IntFormat(8), 1),
    "3 x int5": vector_of(IntFormat(5), 3),
    "struct": StructLayout({"data": vector_of(IntFormat(4), 2), "last": 1}),
    "17 x int9": vector_of(IntFormat(9), 17),
}

#: (lanes of the wide side, of the narrow side).
_WIDTHS = ((4, 4), (4, 2), (6, 2), (8, 1), (6, 3))

#: Vectors that fill their words and vectors that do not, and several in turn.
_JOBS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((24, 1),), ((10, 1),), ((1, 3),), ((3, 1),),
    ((10, 2), (3, 1), (8, 3)), ((1, 1), (25, 1)), ((5, 1), (6, 1), (5, 1), (6, 1)))

_SEQUENCES: tuple[tuple[tuple[int, int], ...], ...] = (
    ((0, 5),), ((0, 3), (1, 2)), ((1, 1), (0, 4), (2, 1), (0, 1)),
    ((0, 2), (1, 2), (0, 1), (0, 1), (1, 2)), ((2, 1), (1, 1), (0, 1), (3, 17)))


def _words(rng: np.random.Generator, shape: Any, count: int) -> list[int]:
    width = Shape.cast(shape).width
    return [int.from_bytes(rng.bytes(-(-width // 8)), "little") >> -width % 8
            for _ in range(count)]


def _buffers(rng: np.random.Generator, make: Callable[[Any], Any], count: int,
             name: str) -> list[Unit]:
    units = []
    for spelling, payload in _PAYLOADS.items():
        component, words = make(payload), _words(rng, payload, count)
        units.append(Unit(component, {"i": words}, {"o": words}, latency=component.latency,
                          interval=Interval(1), name=f"{name} of {spelling}"))
    return units


def _registers(rng: np.random.Generator) -> list[Unit]:
    return _buffers(rng, Register, 30, "Register")


def _skids(rng: np.random.Generator) -> list[Unit]:
    return [unit for latency in (0, 1)
            for unit in _buffers(rng, lambda payload, latency=latency: Skid(
                payload, latency=latency), 30, f"Skid(latency={latency})")]


def _queues(rng: np.random.Generator) -> list[Unit]:
    return [unit for depth in (1, 2, 3, 8, 64)
            for unit in _buffers(rng, lambda payload, depth=depth: Queue(payload, depth),
                                 30 + depth, f"Queue(depth={depth})")]


def _vectors(rng: np.random.Generator, jobs: tuple[tuple[int, int], ...], least: int
             ) -> list[np.ndarray[Any, Any]]:
    """Vectors of the jobs, repeated until there are ``least`` elements."""
    drawn: list[np.ndarray[Any, Any]] = []
    while sum(map(len, drawn)) < least:
        for vector, vectors in jobs:
            drawn += [rng.integers(-16, 16, vector) for _ in range(vectors)]
    return drawn


def _widths(rng: np.random.Generator, *, down: bool) -> list[Unit]:
    units = []
    for wide, narrow in _WIDTHS:
        for jobs in _JOBS:
            drawn = _vectors(rng, jobs, 60)
            masked = {lanes: np.ma.concatenate([padded(v[None], lanes) for v in drawn])
                      for lanes in (wide, narrow)}
            if down:
                component: Any = WidthDown(IntFormat(5), wide, narrow, jobs)
                words, expected, after = masked[wide], masked[narrow], 0
                interval = Interval(1, stream="o")
            else:
                component = WidthUp(IntFormat(5), narrow, wide, jobs)
                words, after = masked[narrow], min(wide, -(-jobs[0][0] // narrow) * narrow)
                expected = np.concatenate([vectors_to_words(v[None], wide) for v in drawn])
                after, interval = after // narrow - 1, Interval(1)
            units.append(Unit(component, {"i": words}, {"o": expected}, latency=1, after=after,
                              interval=interval, name=f"{type(component).__name__} of {wide} "
                              f"and {narrow} lanes, {jobs}"))
    bits = rng.integers(0, 2, (10, 8))
    make: Any = WidthDown if down else WidthUp
    ends = ((2, 1) if down else (1, 2))
    units.append(Unit(make(BipolarFormat(), *ends, ((8, 1),)),
                      {"i": vectors_to_words(bits, ends[0])},
                      {"o": vectors_to_words(bits, ends[1])}, name=f"{make.__name__} of bits"))
    return units


def _forks(rng: np.random.Generator) -> list[Unit]:
    units = []
    for ways in (1, 2, 5):
        words = _words(rng, _PAYLOADS["3 x int5"], 30)
        units.append(Unit(Fork(_PAYLOADS["3 x int5"], ways), {"i": words},
                          {f"o__{way}": words for way in range(ways)}, latency=0,
                          interval=Interval(1), name=f"Fork(ways={ways})"))
    return units


def _joins(rng: np.random.Generator) -> list[Unit]:
    units = []
    for names in (("bit",), ("int8", "3 x int5"), ("struct", "bit", "int8")):
        payloads = [_PAYLOADS[name] for name in names]
        inputs = [_words(rng, payload, 30) for payload in payloads]
        joined = [0] * 30
        place = 0
        for payload, words in zip(payloads, inputs, strict=True):
            joined = [whole | word << place for whole, word in zip(joined, words, strict=True)]
            place += Shape.cast(payload).width
        units.append(Unit(Join(*payloads), {f"i{k}": words for k, words in enumerate(inputs)},
                          {"o": joined}, latency=0, interval=Interval(1, stream="o"),
                          name=f"Join of {names}"))
    return units


def _turns(rng: np.random.Generator, make: Any) -> list[Unit]:
    units = []
    many, one = ("i", "o") if make is Select else ("o", "i")
    for sequence in _SEQUENCES:
        component = make(_PAYLOADS["int8"], sequence)
        ways: dict[str, list[int]] = {f"{many}__{way}": [] for way in range(component.ways)}
        whole: list[int] = []
        while len(whole) < 40:
            for way, count in sequence:
                words = _words(rng, _PAYLOADS["int8"], count)
                ways[f"{many}__{way}"] += words
                whole += words
        first, second = (ways, {one: whole}) if make is Select else ({one: whole}, ways)
        units.append(Unit(component, first, second, interval=Interval(1, stream=one),
                          latency=0 if make is Route else None,
                          name=f"{make.__name__} {sequence}"))
    return units


#: Units of each component, drawn with a generator.
CASES: Mapping[str, Callable[[np.random.Generator], list[Unit]]] = {
    "register": _registers,
    "skid": _skids,
    "queue": _queues,
    "width_down": lambda rng: _widths(rng, down=True),
    "width_up": lambda rng: _widths(rng, down=False),
    "fork": _forks,
    "join": _joins,
    "select": lambda rng: _turns(rng, Select),
    "route": lambda rng: _turns(rng, Route),
}
