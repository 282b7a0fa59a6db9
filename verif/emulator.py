"""A build folder as a function of NumPy arrays: its Verilog, compiled and called in-process.

The loop over clock cycles runs in C++ (``native/harness.cpp``); one call pushes thousands of
samples through the streams of the top module and brings back what came out, what passed every
tap, and in which cycle.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault

from .emulator_build import SimulationFault, library
from .emulator_streams import (
    PARTS,
    Buffer,
    Job,
    SharedStream,
    Status,
    load_native,
    stream_tensor,
    tap_tensors,
)
from .manifest import Manifest, Stream, TapTensor
from .stimulus import check_samples

__all__ = ["Emulator", "Run", "SimulationFault", "Stuck", "working_directory"]

#: Cycles in one call of the loop: short enough for Ctrl-C and a progress display.
CHUNK = 1 << 16

#: Cycles in which something must move, where there is no prediction.
PATIENCE = 1_000_000

#: Cycles to watch for words that should not come, after the last one that should.
DRAIN = 1000

#: The working directory is the process's: one model at a time reads its memory images.
_directory_lock = threading.Lock()


class Stuck(SimulationFault):
    """Nothing moves any more, but words are missing.

    Parameters
    ----------
    message : str
    missing : mapping of str to tuple of int and int
        Words that came and words that were due, by stream or tap, where they differ.
    cycle : int
        In which the last word moved.
    """

    def __init__(self, message: str, missing: Mapping[str, tuple[int, int]], cycle: int) -> None:
        super().__init__(message)
        self.missing = dict(missing)
        self.cycle = cycle


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Parameters
    ----------
    outputs, taps : mapping of str to array
        Codes by tensor, shape (samples, *shape).
    cycles : int
        From the end of the reset until the last word moved.
    accepted : mapping of str to array
        By input stream: the cycle in which the first word of every sample was taken.
    delivered : mapping of str to array
        By output stream: the cycle in which the last word of every sample was taken.
    seconds : float
        Time that the loop took.
    """

    outputs: dict[str, NDArray[Any]]
    taps: dict[str, NDArray[Any]]
    cycles: int
    accepted: dict[str, NDArray[np.uint64]]
    delivered: dict[str, NDArray[np.uint64]]
    seconds: float = field(compare=False)

    @property
    def samples(self) -> int:
        """Samples that went through."""
        return len(next(iter(self.delivered.values())))

    @property
    def cycles_per_second(self) -> float:
        """Simulated clock cycles a second."""
        return self.cycles / self.seconds

    @property
    def inferences_per_second(self) -> float:
        """Samples a second."""
        return self.samples / self.seconds

    @property
    def latency(self) -> int:
        """Cycles from the first sample's first word in to its last word out."""
        start = min((int(c[0]) for c in self.accepted.values()), default=0)
        return max(int(c[0]) for c in self.delivered.values()) - start

    @property
    def interval(self) -> float | None:
        """Cycles from one sample to the next, over the second half; None below four samples."""
        if self.samples < 4:
            return None
        half = self.samples // 2
        return max(float(int(c[-1]) - int(c[half - 1])) / (len(c) - half)
                   for c in self.delivered.values())


class Emulator:
    """The hardware of a build folder, compiled for the host.

    Parameters
    ----------
    folder : Path
        With ``manifest.json``, Verilog and memory images. The images are read at every run.
        Tensors get the shapes that ``graph.json`` has for them, if it is there.
    taps : bool
        Whether taps can be recorded; a build without them simulates faster.
    waves : Path, optional
        A VCD file for every run to write (the next run replaces it). Slow.
    quick : bool
        Whether to compile without optimisation, for runs of a few samples.

    Raises
    ------
    InputFault
        If the manifest or a file that it names is missing.
    SimulationFault
        If Verilator refuses the Verilog.
    ToolMissing
        If Verilator or the compiler is not there.
    """

    def __init__(self, folder: Path, *, taps: bool = True, waves: Path | None = None,
                 quick: bool = False) -> None:
        self._folder = folder
        self._manifest = manifest = Manifest.load(folder)
        self._taps = manifest.taps if taps else ()
        self._waves = waves
        for name in [manifest.verilog, *(memory.file for memory in manifest.memory)]:
            if not (folder / name).is_file():
                raise InputFault(f"{folder / name}: missing; build the folder again")
        self._shapes = _shapes(folder, manifest)
        ports = [manifest.clock, manifest.reset,
                 *(f"{s.name}__{part}" for s in manifest.streams for part in PARTS)]
        wires = [f"{tap.signal}_{part}" for tap in self._taps for part in PARTS]
        self._native = load_native(library(folder / manifest.verilog, manifest.top, ports, wires,
                                           waves=waves is not None, quick=quick))

    @property
    def folder(self) -> Path:
        """Where the hardware is."""
        return self._folder

    @property
    def manifest(self) -> Manifest:
        """Of the folder."""
        return self._manifest

    def run(
        self,
        inputs: Mapping[str, NDArray[Any]],
        *,
        idle: float = 0.0,
        stall: float = 0.0,
        seed: int = 0,
        taps: bool = True,
        deadline: int | None = None,
        window: tuple[int, int] | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Run:
        """Push samples through the hardware, from a reset on.

        Parameters
        ----------
        inputs : mapping of str to array
            Codes by input tensor, shape (samples, *shape).
        idle, stall : float
            Chance that a source offers nothing, or a sink takes nothing, in a cycle.
        seed : int
            Of idling, stalling, and of the noise in padding lanes and while idling.
        taps : bool
            Whether to record them, if the emulator was built with taps.
        deadline : int, optional
            Cycles without any transfer after which the run is given up. By default four
            times what the prediction has for a sample, at least 10,000 cycles.
        window : pair of int, optional
            First cycle that goes into the waveform, and the one behind the last.
        progress : callable, optional
            Called now and then with the share that is done, 0 to 1.

        Raises
        ------
        Stuck
            If words are missing when the deadline comes.
        SimulationFault
            If a stream breaks its rules, words come that should not, or a memory image is
            broken; the message names stream and cycle.
        ValueError
            If inputs are missing, unknown, out of range or differ in length.
        """
        samples = self._check(inputs, idle, stall)
        streams = self._manifest.streams
        rng = np.random.default_rng(seed)
        sources = [Buffer.of_source(stream, inputs[stream.tensor], idle=idle, rng=rng)
                   for stream in streams if stream.direction == "in"]
        sinks = [Buffer.of_sink(stream, samples, stall=stall)
                 for stream in streams if stream.direction == "out"]
        watched = [Buffer.of_tap(tap, self._manifest.top, samples)
                   for tap in (self._taps if taps else ())]
        start, end = window or (0, 2**64 - 1)
        patience = self._patience(idle, stall) if deadline is None else deadline
        job = Job(clock=self._manifest.clock.encode(), reset=self._manifest.reset.encode(),
                  seed=seed, deadline=patience, drain=min(patience, DRAIN),
                  trace_from=start, trace_to=end)
        seconds = self._simulate(job, [*sources, *sinks, *watched], progress)
        return Run(
            outputs=dict(stream_tensor(buffer, self._shapes) for buffer in sinks),
            taps={name: codes for buffer in watched
                  for name, codes in tap_tensors(buffer, self._shapes)},
            cycles=int(job.progress) + 1,
            accepted={buffer.name: buffer.stamps for buffer in sources},
            delivered={buffer.name: buffer.stamps for buffer in sinks}, seconds=seconds)

    def _check(self, inputs: Mapping[str, NDArray[Any]], idle: float, stall: float) -> int:
        for name, chance in (("idle", idle), ("stall", stall)):
            if not 0 <= chance < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {chance}")
        return check_samples(self._manifest.inputs, inputs)

    def _patience(self, idle: float, stall: float) -> int:
        prediction = self._manifest.prediction
        if prediction is None:
            return PATIENCE
        slower = 1 / ((1 - idle) * (1 - stall))
        return max(10_000, round(4 * (prediction.interval + prediction.latency) * slower))

    def _simulate(self, job: Job, buffers: Sequence[Buffer],
                  progress: Callable[[float], None] | None) -> float:
        """Run the loop to its end; the seconds that it took."""
        streams = (SharedStream * len(buffers))(*(buffer.shared for buffer in buffers))
        for buffer, shared in zip(buffers, streams, strict=True):
            buffer.shared = shared  # the array holds copies, and the loop writes there
        due = sum(buffer.shared.capacity for buffer in buffers)
        wave = str(self._waves.absolute()).encode() if self._waves else None
        with self._model() as call:
            call("gm_start", ctypes.byref(job), streams, len(buffers), wave)
            start = time.perf_counter()
            try:
                while (status := call("gm_advance", CHUNK)) == Status.MORE:
                    if progress is not None:
                        progress(sum(buffer.shared.moved for buffer in buffers) / due)
            except SimulationFault as fault:
                fault.cycle = int(job.cycle)
                raise
            seconds = time.perf_counter() - start
        if status == Status.STUCK:
            raise _stuck(self._folder, job, buffers)
        if extra := [f"{b.name} ({b.shared.surplus})" for b in buffers if b.shared.surplus]:
            many = SimulationFault(f"{self._folder}: words after the last one that was due: "
                                   f"{', '.join(extra)}")
            many.cycle = int(job.progress)
            raise many
        return seconds

    @contextlib.contextmanager
    def _model(self) -> Iterator[Callable[..., Status]]:
        """A new model, as a function that calls the library and raises what it reports."""
        message = ctypes.create_string_buffer(1000)
        handle = ctypes.c_void_p()

        def call(name: str, *arguments: Any) -> Status:
            status = Status(getattr(self._native, name)(*arguments, message, len(message)))
            said = message.value.decode(errors="replace")
            if status == Status.FAULT:
                raise SimulationFault(f"{self._folder}: {said}")
            if status == Status.BUG:
                raise RuntimeError(f"emulator of {self._folder}: {said}")
            return status

        with working_directory((self._folder / self._manifest.verilog).parent):
            call("gm_open", ctypes.byref(handle))
        try:
            yield lambda name, *arguments: call(name, handle, *arguments)
        finally:
            self._native.gm_close(handle)


def _stuck(folder: Path, job: Job, buffers: Sequence[Buffer]) -> Stuck:
    waiting = [buffer for buffer in buffers if not buffer.complete]
    return Stuck(f"{folder}: nothing moves after cycle {job.progress}: "
                 f"{'; '.join(buffer.state() for buffer in waiting)}",
                 {b.name: (int(b.shared.moved), int(b.shared.capacity)) for b in waiting},
                 int(job.progress))


def _shapes(folder: Path, manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Shapes per sample by tensor, where a graph is there and they are fixed."""
    path = folder / "graph.json"
    if not path.is_file():
        return {}
    try:
        tensors = json.loads(path.read_text(encoding="utf-8"))["tensors"]
        shapes = {tensor["name"]: tuple(tensor["shape"]) for tensor in tensors
                  if all(isinstance(extent, int) for extent in tensor["shape"])}
    except (ValueError, KeyError, TypeError) as error:
        raise InputFault(f"{path}: not a network ({error!r}); build the folder again") from error
    carried: list[Stream | TapTensor] = [*manifest.streams]
    carried += [item for tap in manifest.taps for item in tap.sequence]
    for item in carried:
        shape, size = shapes.get(item.tensor), item.vector * item.vectors
        if shape is not None and math.prod(shape) != size:
            raise InputFault(f"{path}: tensor {item.tensor!r} has shape {list(shape)}, but the "
                             f"manifest has {size} elements; build the folder again")
    return shapes


@contextlib.contextmanager
def working_directory(folder: Path) -> Iterator[None]:
    """The process's working directory, for one caller at a time; then as it was."""
    with _directory_lock:
        before = os.getcwd()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
