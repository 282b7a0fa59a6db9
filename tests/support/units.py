"""Check components against expected words in a simulator: one call for each test.

A stream is named by its member (``"i"``), an entry of an array member by ``"o__1"``. Its
words are an integer array of shape (words, lanes) of codes for a vector payload, masked
where lanes are padding (:func:`padded`), or for any other a list of whole payloads as integers,
or as pairs of integers of which the second says which bits count. Padding goes in as noise, and
is not looked at where it comes out.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from numpy.typing import ArrayLike

from hw.verilog import to_verilog
from sw_model.tables import pack_words, vectors_to_words
from verif.simulate import build

from .bundle import Bundle
from .tools import need

__all__ = ["Interval", "STALLS", "Unit", "check_unit", "check_units", "padded"]

#: Chances of idling inputs and stalling outputs: free running, either, both.
STALLS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))

#: Words of a stream: codes (words, lanes), perhaps masked, or whole payloads.
Words = ArrayLike


@dataclass(frozen=True)
class Interval:
    """``words`` words of ``stream`` in ``cycles`` cycles, in steady state."""

    cycles: int
    words: int = 1
    stream: str = "i"


@dataclass
class Unit:
    """A component, what goes in and what must come out.

    Parameters
    ----------
    component : wiring.Component
        Not yet elaborated.
    stimulus : mapping of str to words
        For every input stream.
    expected : mapping of str to words
        For every output stream.
    latency : int, optional
        Cycles from accepting input word ``after`` (on the last of the input streams to
        accept it) to offering the first output. Not measured by default.
    after : int
        Index of the input word on which the first output word depends.
    since : str
        The input stream of that word; by default the last of all to accept it.
    interval : Interval, optional
        Not measured by default; holds over the second half of the words.
    name : str, optional
        For messages; the class by default.
    """

    component: wiring.Component
    stimulus: Mapping[str, Words]
    expected: Mapping[str, Words]
    latency: int | None = None
    after: int = 0
    interval: Interval | None = None
    name: str = ""
    since: str = ""


@dataclass(frozen=True)
class _Stream:
    """A stream of a component: width and number of lanes, and which way it flows."""

    lanes: int
    width: int
    flow: Any

    def pack(self, words: Words) -> tuple[list[int], list[int]]:
        """Words as integers, and masks of what counts in each."""
        if isinstance(words, list) and all(isinstance(word, int) for word in words):
            return words, [(1 << self.lanes * self.width) - 1] * len(words)
        if isinstance(words, list) and all(isinstance(word, tuple) for word in words):
            return [word for word, _ in words], [mask for _, mask in words]
        table = np.ma.asarray(words)
        if table.ndim != 2 or table.shape[1] != self.lanes:
            raise ValueError(f"words must have the shape (words, {self.lanes}), "
                             f"not {table.shape}")
        padding = np.ma.getmaskarray(table)
        noise = np.random.default_rng(table.size).integers(0, 1 << min(self.width, 62), table.shape)
        codes = np.where(padding, noise, table.data)
        counts = np.where(padding, 0, -1)
        return pack_words(codes, self.width), pack_words(counts, self.width)


def padded(vectors: ArrayLike, lanes: int) -> np.ma.MaskedArray[Any, Any]:
    """Words of ``vectors`` (vectors, elements) on ``lanes`` lanes, the padding masked."""
    table = np.asarray(vectors)
    counts = vectors_to_words(np.ones(table.shape, np.int64), lanes)
    return np.ma.MaskedArray(vectors_to_words(table, lanes), mask=counts == 0)


def check_unit(
    component: wiring.Component,
    stimulus: Mapping[str, Words],
    expected: Mapping[str, Words],
    *,
    latency: int | None = None,
    after: int = 0,
    interval: Interval | None = None,
    **settings: Any,
) -> None:
    """Check one component; see :class:`Unit` and, for ``settings``, :func:`check_units`."""
    check_units([Unit(component, stimulus, expected, latency, after, interval)], **settings)


def check_units(
    units: Sequence[Unit],
    *,
    simulator: str = "icarus",
    stalls: Sequence[tuple[float, float]] = STALLS,
    seed: int = 1,
    deadline: int = 20_000,
    memories: Mapping[str, str] | None = None,
) -> None:
    """Simulate ``units`` side by side; every word must be as expected, under every stall.

    Each is also given consumers that wait for ``valid``, reset in mid-stream and run again,
    and watched for breaches of the stream rules. What was built is kept when the check
    fails, and removed otherwise.

    Parameters
    ----------
    units : sequence of Unit
        One build serves all.
    simulator : str
        ``"icarus"`` or ``"verilator"``; the test is skipped where it is missing.
    stalls : sequence of (float, float)
        Chances of idling inputs and stalling outputs, a run for each.
    seed : int
        Of the pauses.
    deadline : int
        Cycles after which a run has failed.
    memories : mapping of str to str, optional
        Files that ``$readmemh`` reads, by their names.

    Raises
    ------
    AssertionError
        If a word, a rule, a latency or an interval is not as it must be.
    """
    need(simulator)
    work = Path(tempfile.mkdtemp(prefix="gatemill-units-"))
    bundle = Bundle([unit.component for unit in units])
    (work / "bundle.v").write_text(to_verilog(bundle, "bundle"), encoding="utf-8")
    for name, text in (memories or {}).items():
        (work / name).write_text(text, encoding="utf-8")
    job = {"stalls": list(stalls), "deadline": deadline,
           "units": [_describe(unit, f"u{k}") for k, unit in enumerate(units)]}
    (work / "units.json").write_text(json.dumps(job), encoding="utf-8")
    simulation = build([work / "bundle.v"], "bundle", simulator=simulator, work=work / "build")
    results = simulation.run("verif.suites.unit", seed=seed, cwd=work,
                             env={"GATEMILL_UNITS": str(work / "units.json"),
                                  "PYTHONWARNINGS": "error"})
    results.require_pass()
    assert results.ran == len(stalls) + 2, f"{results.ran} tests ran: {results.names}"
    shutil.rmtree(work)


def _describe(unit: Unit, prefix: str) -> dict[str, Any]:
    streams = _streams(unit.component)
    name = unit.name or type(unit.component).__name__
    for given, flow in ((unit.stimulus, wiring.In), (unit.expected, wiring.Out)):
        there = {stream for stream, its in streams.items() if its.flow is flow}
        if set(given) != there:
            raise ValueError(f"{name}: words are given for {sorted(given)}, but its streams of "
                             f"that direction are {sorted(there)}")
    outputs = {}
    for stream_, words in unit.expected.items():
        packed, masks = streams[stream_].pack(words)
        outputs[stream_] = {"width": streams[stream_].width,
                            "words": [f"{word:x}" for word in packed],
                            "masks": [f"{mask:x}" for mask in masks]}
    return {
        "name": f"{prefix} {name}", "prefix": f"{prefix}__",
        "inputs": {stream_: [f"{word:x}" for word in streams[stream_].pack(words)[0]]
                   for stream_, words in unit.stimulus.items()},
        "outputs": outputs, "latency": unit.latency, "after": unit.after,
        "since": unit.since,
        "interval": None if unit.interval is None else vars(unit.interval),
    }


def _streams(component: wiring.Component) -> dict[str, _Stream]:
    """Streams of a component by name, entries of arrays by ``name__index``."""
    found: dict[str, _Stream] = {}
    for name, member in component.signature.members.items():
        if not (member.is_signature and isinstance(member.signature, stream.Signature)):
            continue
        shape = member.signature.members["payload"].shape
        lanes, element = ((shape.length, shape.elem_shape) if isinstance(shape, ArrayLayout)
                          else (1, shape))
        one = _Stream(lanes, Shape.cast(element).width, member.flow)
        for index in np.ndindex(*member.dimensions):
            found["__".join([name, *map(str, index)])] = one
    return found
