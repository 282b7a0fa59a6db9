"""Cocotb suite for a build folder: every stream and tap, bit for bit, under random stalls.

``GATEMILL_NETWORK`` names a JSON file::

    {"folder": ..., "vectors": ...,     the build, and an .npz with codes of every tensor
     "report": ...,                     where to write what went wrong
     "idle": 0.3, "stall": 0.3,         chances of idle inputs and stalled outputs
     "interrupt": 500,                  cycles after which a first run is cut off by a reset
     "deadline": 20000}                 cycles after which the second run has failed

The report is ``{"difference": {...}}`` as :class:`verif.compare.Difference` or
``{"fault": "..."}``; it is not written if all is well.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cocotb
import msgspec
import numpy as np
from cocotb.triggers import RisingEdge
from numpy.typing import NDArray

from verif.compare import Difference
from verif.manifest import Manifest
from verif.streams import (
    StreamMonitor,
    StreamPorts,
    StreamSink,
    StreamSource,
    pauses,
    reset,
    start_clock,
)
from verif.words import Expectation, expectation

__all__ = ["Task", "every_tensor"]

#: Cycles in which nothing may move once all words are out.
QUIET = 100

#: Cycles between two looks at what is still missing.
LOOK = 50


@dataclass(frozen=True)
class Task:
    """What the suite is to do."""

    folder: str
    vectors: str
    report: str
    idle: float
    stall: float
    interrupt: int
    deadline: int

    @classmethod
    def read(cls) -> Task:
        """From the file that ``GATEMILL_NETWORK`` names."""
        path = Path(os.environ["GATEMILL_NETWORK"])
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Codes of every tensor by name, in the network's order."""
        with np.load(self.vectors, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}


class _Bench:
    """Sources, sinks and monitors round and in the network."""

    def __init__(self, dut: Any, task: Task, manifest: Manifest,
                 tensors: dict[str, NDArray[Any]]) -> None:
        seed = cocotb.RANDOM_SEED
        noise = np.random.default_rng(seed)
        self._tensors = tensors
        self._watched: list[tuple[Expectation, StreamMonitor]] = []
        self.sources, self.sinks = [], []
        for stream in manifest.streams:
            ports = StreamPorts(dut, stream.name)
            expected = expectation(stream, tensors)
            if stream.direction == "in":
                words = expectation(stream, tensors, noise).words
                self.sources.append(StreamSource(
                    ports, words, idle=pauses(task.idle, f"{seed} {stream.name}")))
            else:
                self.sinks.append(StreamSink(
                    ports, stall=pauses(task.stall, f"{seed} {stream.name}")))
            self._watched.append((expected, StreamMonitor(ports, record=True)))
        for tap in manifest.taps:
            monitor = StreamMonitor(StreamPorts(dut, tap.signal, "_"), record=True)
            self._watched.append((expectation(tap, tensors), monitor))

    def stop(self) -> None:
        for process in [*self.sources, *self.sinks, *(monitor for _, monitor in self._watched)]:
            process.stop()

    def missing(self) -> list[str]:
        """Streams and taps that have not brought all their words, for people."""
        return [f"{expected.name} {len(monitor.words)} of {len(expected.words)} words"
                for expected, monitor in self._watched
                if len(monitor.words) < len(expected.words)]

    def surplus(self) -> list[str]:
        """Streams and taps that have brought words too many."""
        return [f"{expected.name} {len(monitor.words)} words instead of {len(expected.words)}"
                for expected, monitor in self._watched
                if len(monitor.words) > len(expected.words)]

    def difference(self) -> Difference | None:
        """The first difference in the network's order."""
        found: dict[str, Difference] = {}
        for expected, monitor in self._watched:
            found |= expected.differences(monitor.words, self._tensors)
        return next((found[name] for name in self._tensors if name in found), None)


@cocotb.test()
async def every_tensor(dut: Any) -> None:
    """After a reset in mid-stream, every word of every stream and tap is as expected."""
    task = Task.read()
    manifest, tensors = Manifest.load(Path(task.folder)), task.tensors()
    report: dict[str, Any] = {}
    start_clock(dut)
    try:
        await reset(dut)
        bench = _Bench(dut, task, manifest, tensors)
        for _ in range(task.interrupt):
            await RisingEdge(dut.clk)
        bench.stop()
        await reset(dut)
        bench = _Bench(dut, task, manifest, tensors)
        for _ in range(0, task.deadline, LOOK):
            if not bench.missing():
                break
            for _ in range(LOOK):
                await RisingEdge(dut.clk)
        for _ in range(QUIET):
            await RisingEdge(dut.clk)
        bench.stop()
        if (difference := bench.difference()) is not None:
            report["difference"] = msgspec.to_builtins(difference)
        assert difference is None, str(difference)
        assert not bench.missing(), f"missing after {task.deadline} cycles: " + ", ".join(
            bench.missing())
        assert not bench.surplus(), f"too many words: {', '.join(bench.surplus())}"
    except AssertionError as error:
        report.setdefault("fault", str(error))
        raise
    finally:
        if report:
            Path(task.report).write_text(json.dumps(report), encoding="utf-8")
