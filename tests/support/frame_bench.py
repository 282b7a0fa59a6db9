"""A component that answers frames, with registers behind it, under any sequence of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Array, Module, ResetInserter, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.bus.commands import FrameCommands

from .frame_device import FrameDevice, line_of, request_of

__all__ = ["FrameBench", "Script", "missing"]


def missing(address: int) -> bool:
    """Whether there is no such register."""
    return address % 8 == 5


class FrameBench(wiring.Component):
    """:class:`FrameCommands` before registers that count how often they are read.

    Members
    -------
    reset : ``In(1)``
    pause : ``In(1)``
        High while registers neither take a request nor answer.
    i : ``In(stream.Signature(8))``
    o : ``Out(stream.Signature(8))``
    bad : ``Out(1)``
    access, address, write, data : ``Out``
        An access as it is asked for.
    """

    def __init__(self, address_width: int) -> None:
        self._width = address_width
        super().__init__({
            "reset": In(1), "pause": In(1), "i": In(stream.Signature(8)),
            "o": Out(stream.Signature(8)), "bad": Out(1), "access": Out(1),
            "address": Out(address_width), "write": Out(1), "data": Out(32)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.commands = commands = FrameCommands(self._width)
        connect(m, flipped(self.i), commands.i)
        connect(m, commands.o, flipped(self.o))
        request, response = commands.bus.request, commands.bus.response
        registers = Array(Signal(32, init=initial(k)) for k in range(16))
        held, taken = Signal.like(request.payload), request.valid & request.ready
        register, lost = registers[held.address[:4]], Signal()
        m.d.comb += [
            self.bad.eq(commands.bad), self.access.eq(taken),
            self.address.eq(request.payload.address), self.write.eq(request.payload.write),
            self.data.eq(request.payload.data), lost.eq(held.address[:3] == 5)]
        with m.FSM():
            with m.State("TAKE"):
                m.d.comb += request.ready.eq(~self.pause)
                m.d.sync += held.eq(request.payload)
                with m.If(taken):
                    m.next = "WAIT"
            with m.State("WAIT"), m.If(~self.pause):
                m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += [response.valid.eq(1), response.payload.error.eq(lost)]
                with m.If(~held.write):
                    m.d.comb += response.payload.data.eq(register)
                with m.If(response.ready):
                    with m.If(~lost):
                        m.d.sync += register.eq(register + 1)
                        with m.If(held.write):
                            m.d.sync += register.eq(held.data)
                    m.next = "TAKE"
        return ResetInserter(self.reset)(m)


def initial(register: int) -> int:
    """After a reset."""
    return 0x0101_0101 * register ^ 0x7D7E_0000


class Script:
    """Cycles of a :class:`FrameBench`, and what must come of them.

    Parameters
    ----------
    address_width : int
    stall, pause, idle : float
        Chances, cycle by cycle, that the answer is not taken, registers are not ready, no byte
        comes.
    """

    def __init__(self, address_width: int, rng: np.random.Generator, *, stall: float = 0.0,
                 pause: float = 0.0, idle: float = 0.0) -> None:
        self._width, self._rng, self._idle = address_width, rng, idle
        self._stall, self._pause = stall, pause
        self._rows: list[tuple[int, int, int]] = []
        self._parts: list[tuple[slice, bytes, list[tuple[int, ...]], int, bool]] = []
        self._device = FrameDevice(self._access, address_width)
        self._accesses: list[tuple[int, ...]] = []
        self._restart()

    def _restart(self) -> None:
        self._device.reset()
        self._registers = [initial(k) for k in range(16)]

    def _access(self, address: int, write: bool, data: int) -> int | None:
        self._accesses.append((address, int(write), data))
        if missing(address):
            return None
        found = self._registers[address % 16]
        self._registers[address % 16] = data if write else (found + 1) % (1 << 32)
        return found

    def send(self, line: bytes, *, reset_after: int | None = None) -> None:
        """Bytes, and time for the answer; or a reset so many cycles after the last of them."""
        start, bad = len(self._rows), self._device.bad
        for byte in line:
            while self._rng.random() < self._idle:
                self._rows.append((0, int(self._rng.integers(256)), 0))
            self._rows.append((1, byte, 0))
        answer = self._device.feed(line)
        slow = 1 / (1 - self._stall) + 1 / (1 - self._pause)
        accesses, self._accesses = self._accesses, []
        wait = 40 + int(slow * (5 * len(answer) + 15 * len(accesses)))
        cut = reset_after is not None
        self._rows += [(0, int(self._rng.integers(256)), 0)] * (reset_after if cut else wait)
        if cut:
            self._rows.append((0, 0, 1))
            self._restart()
        self._parts.append((slice(start, len(self._rows)), answer, accesses,
                            self._device.bad - bad, cut))

    def request(self, sequence: int, operation: int, index: int, payload: bytes,
                length: int | None = None, **settings: Any) -> None:
        """A request in a frame of its own."""
        self.send(line_of(request_of(sequence, operation, index, payload, length)), **settings)

    @property
    def pins(self) -> dict[str, Any]:
        """For :func:`tests.support.pins.run_pins`."""
        valid, payload, reset = np.array(self._rows).T
        draw = self._rng.random((2, len(valid)))
        self._ready = (draw[0] >= self._stall).astype(int)
        return {"i.valid": valid, "i.payload": payload, "reset": reset, "o.ready": self._ready,
                "pause": (draw[1] < self._pause).astype(int)}

    def check(self, found: dict[str, Any]) -> tuple[int, int]:
        """Answers, accesses and dropped frames are those of the model, in every part; how many
        requests were answered and how many frames dropped."""
        assert found["i.ready"].all()
        taken = (found["o.valid"] & self._ready) == 1
        answers = drops = 0
        for cycles, answer, accesses, bad, cut in self._parts:
            got = bytes(found["o.payload"][cycles][taken[cycles]].tolist())
            asked = np.flatnonzero(found["access"][cycles]) + cycles.start
            seen = [tuple(int(found[name][k]) for name in ("address", "write", "data"))
                    for k in asked]
            seen = [(address, write, data if write else 0) for address, write, data in seen]
            if cut:
                answer, accesses = answer[:len(got)], accesses[:len(seen)]
            assert got == answer, f"{got.hex()} came, not {answer.hex()}"
            assert seen == accesses
            assert found["bad"][cycles].sum() == bad
            answers, drops = answers + bool(answer), drops + bad
        self._check_rules(found, taken)
        return answers, drops

    def _check_rules(self, found: dict[str, Any], taken: Any) -> None:
        """What is offered stays until it is taken or a reset comes."""
        reset = np.array(self._rows)[:-1, 2] == 1
        held = (found["o.valid"][:-1] == 1) & ~taken[:-1] & ~reset
        assert found["o.valid"][1:][held].all()
        np.testing.assert_array_equal(found["o.payload"][1:][held], found["o.payload"][:-1][held])
