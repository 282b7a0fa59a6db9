"""Samples through an accelerator on a board: NumPy in, NumPy out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import Fault, InputFault
from verif.stimulus import check_samples

from .beats import from_beats, to_beats
from .host import AccessFailed, Host
from .registers import MAGIC, VERSION, Port, RegisterMap

__all__ = ["Board"]

#: Samples whose results are believed together, once the accelerator is known not to have been
#: reset meanwhile.
_TOGETHER = 16

#: Requests lost in a row that a sample sent in part outlives.
_REPEATS = 8

#: The most that TIMEOUT holds.
_MOST = (1 << 16) - 1

#: Looks at the registers that say whether ports are ready, before a sample is given up.
_PATIENCE = 10_000


class Board:
    """An accelerator behind the registers of a map.

    Samples go in and come out one after the other. After every few of them the driver looks
    whether the accelerator was reset, by its own time-out or another's hand: then, and where an
    access failed, it resets the accelerator and repeats them.

    Parameters
    ----------
    host : Host
    map : RegisterMap
        What must be there.
    tries : int
        How often the same samples are tried.

    Members
    -------
    repeated : int
        Samples that were sent again.

    Raises
    ------
    Fault
        If another build answers, or none of ours.
    """

    def __init__(self, host: Host, map: RegisterMap, *, tries: int = 5) -> None:
        if tries < 1:
            raise ValueError(f"tries must be at least 1, not {tries}")
        self._host, self._map, self._tries = host, map, tries
        self.repeated = 0
        self._check_identity()
        self._wait_longer()
        self._epoch = self._reset()

    def read(self, name: str) -> int:
        """A register by its name: ``LATENCY``, ``CYCLES``, ``ERRORS`` ..."""
        return self._host.read(self._map[name].index)

    def run(self, inputs: Mapping[str, NDArray[Any]], *,
            progress: Callable[[float], None] | None = None) -> dict[str, NDArray[np.int64]]:
        """Push samples through the accelerator.

        Parameters
        ----------
        inputs : mapping of str to array
            Codes by input tensor, shape (samples, *shape).
        progress : callable, optional
            Called now and then with the share that is done, 0 to 1.

        Returns
        -------
        Codes by output tensor, shape (samples, elements).

        Raises
        ------
        ValueError
            If inputs are missing, unknown, out of range or differ in length.
        Fault
            If the device does not answer any more, or the same samples failed ``tries`` times.
        """
        samples = check_samples([port.stream for port in self._map.inputs], inputs)
        given = {port: to_beats(port.stream, inputs[port.stream.tensor])
                 for port in self._map.inputs}
        taken: dict[Port, list[list[int]]] = {port: [] for port in self._map.outputs}
        for start in range(0, samples, _TOGETHER):
            end = min(start + _TOGETHER, samples)
            part = self._repeat([{port: beats[k] for port, beats in given.items()}
                                 for k in range(start, end)])
            for outputs in part:
                for port, beats in outputs.items():
                    taken[port].append(beats)
            if progress is not None:
                progress(end / samples)
        return {port.stream.tensor: from_beats(port.stream, np.array(beats, np.uint32))
                for port, beats in taken.items()}

    def _check_identity(self) -> None:
        """Whether the build that answers is the one that the map is of."""
        name = self._host.name
        magic, version, *identity = self._host.read_each(0, 6)
        if magic != MAGIC:
            raise InputFault(f"{name}: what answers is not Gatemill's: it says {magic:#010x}, "
                             f"not {MAGIC:#010x}")
        if version != VERSION:
            raise InputFault(f"{name}: the board's registers are of version {version}, but this "
                             f"driver's of {VERSION}: make the bitstream again")
        found = sum(word << 32 * k for k, word in enumerate(identity))
        if self._map.identity not in (0, found):
            raise InputFault(f"{name}: the board holds build {found:032x}, not "
                             f"{self._map.identity:032x}: load that one by `gatemill program`")
        for port in (*self._map.inputs, *self._map.outputs):
            if (beats := self._host.read(port.layout)) != port.beats:
                raise InputFault(f"{name}: a sample of {port.stream.tensor!r} has {beats} beats "
                                 f"on the board, but {port.beats} in the build folder")

    def _wait_longer(self) -> None:
        """Let the board wait for us for longer than we take to repeat what was lost."""
        register = self._map["TIMEOUT"].index
        start, before = time.monotonic(), self.read("CYCLES")
        self._host.write(register, self._map.timeout)
        rate = ((self.read("CYCLES") - before) % (1 << 32)) / (time.monotonic() - start)
        ticks = math.ceil(_REPEATS * self._host.timeout * rate / self._map.tick)
        self._host.write(register, min(max(self._map.timeout, ticks), _MOST))

    def _reset(self) -> int:
        """Begin anew; the epoch that has begun, never the one after the board's own reset."""
        for _ in range(self._tries):
            self._host.write(self._map["CONTROL"].index, 1)
            if epoch := self.read("EPOCH"):
                return epoch
        raise Fault(f"{self._host.name}: the accelerator cannot be reset: EPOCH stays 0")

    def _repeat(self, samples: list[dict[Port, NDArray[np.uint32]]]
                ) -> list[dict[Port, list[int]]]:
        """The outputs of ``samples``, all of one epoch."""
        reason = ""
        for attempt in range(self._tries):
            if attempt:
                self.repeated += len(samples)
                self._epoch = self._reset()
            try:
                found = [self._sample(sample) for sample in samples]
            except AccessFailed as failed:
                reason = str(failed)
                continue
            if self.read("EPOCH") == self._epoch:
                return found
            reason = f"{self._host.name}: the accelerator was reset in the middle of a sample"
        raise Fault(f"{reason}; tried {self._tries} times, ERRORS is {self.read('ERRORS'):#x}")

    def _sample(self, beats: dict[Port, NDArray[np.uint32]]) -> dict[Port, list[int]]:
        """One sample in, and out: its outputs have room in the shell while the inputs go in."""
        if len(beats) == 1:
            for port, words in beats.items():
                self._host.write_port(port.data, words.tolist())
        else:
            self._in_turns({port: words.tolist() for port, words in beats.items()})
        return {port: self._host.read_port(port.data, port.beats) for port in self._map.outputs}

    def _in_turns(self, beats: dict[Port, list[int]]) -> None:
        """Beats of several inputs, to whichever has room: one may wait for the other."""
        for _ in range(_PATIENCE + sum(map(len, beats.values()))):
            for port, words in beats.items():
                if words and self._host.read(port.ready):
                    self._host.write(port.data, words.pop(0))
            if not any(beats.values()):
                return
        raise AccessFailed(f"{self._host.name}: no input has room", 0)
