"""Registers behind the component that is tested, as a cocotb suite plays them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from verif.streams import StreamMonitor, StreamPorts, cycle

__all__ = ["Access", "RegisterModel", "fails"]

WORD = 32


@dataclass(frozen=True)
class Access:
    """What was asked of a register and what it answered, in which cycle."""

    address: int
    write: bool
    data: int
    error: bool
    cycle: int


def fails(address: int) -> bool:
    """Whether accesses to a register of the model fail: every eighth is not there."""
    return address % 8 == 7


class RegisterModel:
    """Answers every request on ``bus`` and keeps a list of them; watches the stream rules.

    A register that is not there (:func:`fails`) fails; any other holds what was written last,
    and adds 1 whenever it is read, so that an access too many is seen.

    Parameters
    ----------
    dut : handle
    address_width : int
    pause : iterator of bool
        Whether to wait, cycle by cycle, before a request is taken and before its response.
    """

    def __init__(self, dut: Any, address_width: int, pause: Iterator[bool],
                 fails: Callable[[int], bool] = fails) -> None:
        self._clk, self._pause, self._fails = dut.clk, pause, fails
        self._address_width = address_width
        self._request = StreamPorts(dut, "bus__request")
        self._response = StreamPorts(dut, "bus__response")
        self.registers = [random.getrandbits(WORD) for _ in range(1 << address_width)]
        self.accesses: list[Access] = []
        self._request.ready.value = self._response.valid.value = 0
        self._monitor = StreamMonitor(self._request)
        self._task = cocotb.start_soon(self._run())

    def stop(self) -> None:
        """End it, for a reset; what it offers is taken back."""
        self._task.cancel()
        self._monitor.stop()
        self._request.ready.value = self._response.valid.value = 0

    def access(self, address: int, write: bool, data: int) -> tuple[int, bool]:
        """What a register answers, and whether it failed; with its effect."""
        if self._fails(address):
            return random.getrandbits(WORD), True
        if write:
            self.registers[address] = data
            return 0, False
        found = self.registers[address]
        self.registers[address] = (found + 1) % (1 << WORD)
        return found, False

    async def _run(self) -> None:
        edge = RisingEdge(self._clk)
        while True:
            request = await self._take(edge)
            address = request % (1 << self._address_width)
            write = bool(request >> self._address_width & 1)
            data = request >> self._address_width + 1
            answer, error = self.access(address, write, data)
            while next(self._pause):
                await edge
            self._response.payload.value = answer | int(error) << WORD
            self._response.valid.value = 1
            await edge
            while self._response.ready.value != 1:
                await edge
            self.accesses.append(Access(address, write, data if write else answer, error, cycle()))
            self._response.valid.value = 0

    async def _take(self, edge: Any) -> int:
        while True:
            ready = not next(self._pause)
            self._request.ready.value = int(ready)
            await edge
            if ready and self._request.valid.value == 1:
                self._request.ready.value = 0
                return int(self._request.payload.value)
