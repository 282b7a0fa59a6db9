"""The driver of registers, over wires of every quality."""

from __future__ import annotations

import numpy as np
import pytest

from boards.host import AccessFailed, Host
from boards.protocol import MOST_WORDS, Operation, Request, Response, Status
from sw_model.faults import Fault
from tests.support.board_model import Wire
from tests.support.frame_device import FrameDevice

BAUD = 10_000_000


class Registers:
    """Plain ones from 0 on, a port at 20 that keeps what it is given, one at 21 that counts."""

    def __init__(self):
        self.held, self.kept, self.count = list(range(100, 120)), [], 0
        self.device = FrameDevice(self.access, 5)

    def access(self, index, write, data):
        if index == 20 and write:
            self.kept.append(data)
            return 0
        if index == 21 and not write:
            self.count += 1
            return self.count
        if index >= 20:
            return None
        if write:
            self.held[index] = data
        return self.held[index]


def opened(rng, loss=0.0, **settings):
    registers = Registers()
    wire = Wire(registers.device, rng, loss)
    return registers, wire, Host(wire, BAUD, timeout=0.001, **settings)


def test_registers_and_ports(rng):
    registers, wire, host = opened(rng)
    assert [host.read(index) for index in (0, 19)] == [100, 119]
    host.write(3, 0xFFFFFFFF)
    assert host.read_each(0, 20) == registers.held
    assert registers.held[3] == 0xFFFFFFFF
    for count in (0, 1, MOST_WORDS, MOST_WORDS + 1, 300):
        registers.kept, registers.count = [], 0
        words = rng.integers(0, 1 << 32, count)
        host.write_port(20, words)
        assert registers.kept == words.tolist()
        assert host.read_port(21, count) == list(range(1, count + 1))
    assert host.lost == 0
    with host:
        pass
    assert wire.closed


def test_each_access_is_made_once_on_a_bad_wire(rng):
    registers, _, host = opened(rng, loss=0.02, tries=200)
    words = rng.integers(0, 1 << 32, 2000)
    host.write_port(20, words)
    assert registers.kept == words.tolist()
    assert host.read_port(21, 2000) == list(range(1, 2001))
    assert host.lost > 50
    assert registers.device.bad > 20


def test_frames_get_shorter_on_a_bad_wire_and_longer_on_a_good_one(rng):
    registers, wire, host = opened(rng, loss=0.05, tries=1000)
    host.write_port(20, range(300))
    before = registers.device.executed
    host.write_port(20, range(100))
    assert registers.device.executed - before > 5
    wire.loss = 0.0
    for _ in range(MOST_WORDS):
        host.read(0)
    before = registers.device.executed
    host.write_port(20, range(2 * MOST_WORDS))
    assert registers.device.executed - before == 2


def test_answers_of_others_are_not_believed(rng):
    """The device keeps its last answer, under a number that the next program may begin with."""
    registers = Registers()
    for sequence in range(256):
        for request in (Request(Operation.READ, 7, count=1), Request(Operation.WRITE, 0, (1,))):
            registers.device.feed(request.encode(sequence))
        wire = Wire(registers.device, rng)
        wire.write(Request(Operation.READ, 9, count=1).encode(sequence))
        assert Host(wire, BAUD, timeout=0.001).read(5) == 105


class Twice(Wire):
    """Brings the answer before once more, ahead of the one that was asked for."""

    before = b""

    def write(self, data):
        answer = self._device.feed(data)
        self._waiting += self.before + answer
        self.before = answer


def test_answers_to_earlier_requests_are_not_believed(rng):
    registers = Registers()
    host = Host(Twice(registers.device, rng), BAUD, timeout=0.001)
    assert [host.read(index) for index in range(20)] == registers.held
    assert host.lost == 0


def test_failed_accesses_are_told(rng):
    registers, _, host = opened(rng)
    with pytest.raises(AccessFailed, match=r"^the port: WRITE of register 25 failed after 0 of 1 "
                                           r"words$"):
        host.write(25, 0)
    with pytest.raises(AccessFailed) as failed:
        host.read_each(0, 22)
    assert failed.value.done == 20
    registers.held += range(80)
    with pytest.raises(AccessFailed) as failed:
        host.read_port(22, 100)
    assert failed.value.done == 0


class Silent:
    """Nobody at the end of the line."""

    port, timeout = "/dev/ttyX", None

    def write(self, data):
        pass

    def read(self, size):
        return b""


class Odd(Silent):
    """Somebody who answers other things than those that were asked."""

    def write(self, data):
        self.answer = Response(data[1], Status.MALFORMED, 0).encode()

    def read(self, size):
        return self.answer


class Pulled(Silent):
    """A plug that is pulled."""

    def write(self, data):
        raise OSError("device disconnected")


def test_faults(rng, monkeypatch):
    monkeypatch.setattr("random.randrange", lambda _: 5)
    with pytest.raises(Fault, match=r"^/dev/ttyX: no answer at 10000000 baud, tried 3 times; "
                                    r"is the bitstream loaded, with a UART at this rate\?$"):
        Host(Silent(), BAUD, timeout=0.001, tries=3)
    with pytest.raises(Fault, match=r"^/dev/ttyX: device disconnected$"):
        Host(Pulled(), BAUD)
    with pytest.raises(Fault, match=r"^/dev/ttyX: the device answers MALFORMED to READ: "):
        Host(Odd(), BAUD).read(0)
    with pytest.raises(Fault, match=r"^/dev/nosuchport: cannot be opened at 9600 baud \("):
        Host("/dev/nosuchport", 9600)
    for arguments in ({"baud": 0}, {"baud": 1, "timeout": 0.0}, {"baud": 1, "tries": 0}):
        with pytest.raises(ValueError, match="must be at least 1 and timeout above 0"):
            Host(Silent(), **arguments)


def test_numpy_words_are_taken(rng):
    registers, _, host = opened(rng)
    host.write_port(20, np.array([1, 2**32 - 1], np.uint32))
    assert registers.kept == [1, 2**32 - 1]
