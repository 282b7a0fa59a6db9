"""A simulated design as a serial port."""

from __future__ import annotations

import pytest
import serial

from verif.emulator import SimulationFault
from verif.serial_design import SerialDesign
from verif.terminal import Terminal


def test_terminal(echo, rng):
    data = bytes(rng.integers(0, 256, 3000, dtype="uint8"))
    with (Terminal(lambda: SerialDesign(echo, "echo", 4)) as terminal,
          serial.Serial(terminal.port, 115_200, timeout=20) as port):
        port.write(data)
        assert port.read(len(data)) == data


def test_spoilt(echo):
    """Both directions pass through the test's hands."""
    seen = []

    def spoil(into, data):
        seen.append((into, data))
        return bytes(byte ^ (1 if into else 2) for byte in data)

    with (Terminal(lambda: SerialDesign(echo, "echo", 4), spoil=spoil) as terminal,
          serial.Serial(terminal.port, 115_200, timeout=20) as port):
        port.write(b"abc")
        assert port.read(3) == bytes(byte ^ 3 for byte in b"abc")
    assert b"".join(data for into, data in seen if into) == b"abc"
    assert b"".join(data for into, data in seen if not into) == bytes(x ^ 1 for x in b"abc")


def test_failure_while_it_is_made(echo):
    def make():
        return SerialDesign(echo, "echo", 4, transmit="lines")

    with pytest.raises(SimulationFault, match="no lines"), Terminal(make):
        pass
