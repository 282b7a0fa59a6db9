"""A board in Python: registers round a function of samples, at the end of a bad wire."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from boards.registers import RegisterMap

from .frame_device import FrameDevice

__all__ = ["HZ", "BoardModel", "Wire"]

#: Of the clock.
HZ = 12e6

#: From the beats of every input to those of every output, for one sample.
Function = Callable[[list[list[int]]], list[list[int]]]


class BoardModel:
    """Registers of ``map``, as a shell has them.

    Members
    -------
    accesses : int
        How many were asked for, but for those of time and time-outs.
    timeout : int
        What TIMEOUT holds.
    resets_at : set of int
        Accesses before which the accelerator is reset, as after a time-out.
    fails_at : set of int
        Accesses to data that fail.
    """

    def __init__(self, map: RegisterMap, function: Function) -> None:
        self._map, self._function = map, function
        self.constants = dict(map.constants)
        self._last = time.monotonic()
        self.accesses, self.epoch, self.timeout = 0, 0, map.timeout
        self.resets_at: set[int] = set()
        self.fails_at: set[int] = set()
        self.device = FrameDevice(self.access, map.address_width)
        self._clear()

    def _clear(self) -> None:
        self._given: list[list[int]] = [[] for _ in self._map.inputs]
        self._due: list[list[int]] = [[] for _ in self._map.outputs]

    def power_cycle(self) -> None:
        """Everything anew."""
        self._clear()
        self.epoch = 0
        self.device.reset()

    def access(self, index: int, write: bool, data: int) -> int | None:
        """As the register bus has it."""
        if index == self._map["CYCLES"].index and not write:
            return int(time.monotonic() * HZ) % (1 << 32)
        if index == self._map["TIMEOUT"].index:
            self.timeout = data if write else self.timeout
            return self.timeout
        now = time.monotonic()
        late = (now - self._last) * HZ > self.timeout * self._map.tick
        self._last = now
        if late and any(self._given):
            self._clear()
            self.epoch = (self.epoch + 1) % 256
        self.accesses += 1
        if self.accesses in self.resets_at:
            self._clear()
            self.epoch = (self.epoch + 1) % 256
        if write and index == self._map["CONTROL"].index:
            self._clear()
            self.epoch = (self.epoch + 1) % 256
            return 0
        for k, port in enumerate(self._map.inputs):
            if index == port.data and write:
                return self._give(k, data)
            if index == port.ready:
                return int(len(self._given[k]) < port.beats)
        for k, port in enumerate(self._map.outputs):
            if index == port.data and not write:
                late = not self._due[k] or self.accesses in self.fails_at
                return None if late else self._due[k].pop(0)
        if write:
            return None
        values = {**self.constants, self._map["EPOCH"].index: self.epoch,
                  self._map["ERRORS"].index: 2}
        return values.get(index)

    def _give(self, k: int, data: int) -> int | None:
        """A beat of an input; the last of all makes the outputs."""
        sizes = [port.beats for port in self._map.inputs]
        if len(self._given[k]) == sizes[k] or self.accesses in self.fails_at:
            return None
        self._given[k].append(data)
        if [len(each) for each in self._given] == sizes:
            if any(self._due):
                return None
            self._due, self._given = self._function(self._given), [[] for _ in sizes]
        return 0


class Wire:
    """What a driver takes for a serial port, with a device at its end.

    Parameters
    ----------
    device : FrameDevice
    loss : float
        Chance of each byte, either way, to be replaced, dropped or doubled.
    """

    def __init__(self, device: FrameDevice, rng: np.random.Generator, loss: float = 0.0) -> None:
        self._device, self._rng, self.loss = device, rng, loss
        self._waiting = b""
        self.timeout = 0.0
        self.closed = False

    @property
    def in_waiting(self) -> int:
        """Bytes that wait."""
        return len(self._waiting)

    def write(self, data: bytes) -> None:
        """To the device, and its answer to where it is read."""
        self._waiting += self.spoilt(self._device.feed(self.spoilt(data)))

    def read(self, size: int) -> bytes:
        """What waits; nothing after a while."""
        if not self._waiting:
            time.sleep(max(0.0, self.timeout))
        found, self._waiting = self._waiting[:size], self._waiting[size:]
        return found

    def close(self) -> None:
        """Nothing more."""
        self.closed = True

    def spoilt(self, data: bytes) -> bytes:
        """As a bad wire hands it on."""
        out = bytearray()
        for byte, fate in zip(data, self._rng.random(len(data)), strict=True):
            if fate >= self.loss:
                out.append(byte)
            elif fate < 0.6 * self.loss:
                out.append(int(self._rng.integers(256)))
            elif fate < 0.8 * self.loss:
                out += bytes((byte, byte))
        return bytes(out)
