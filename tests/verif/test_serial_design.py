"""A design on serial lines: bytes pass, in the time that they take."""

from __future__ import annotations

import pytest

from sw_model.faults import InputFault
from verif.emulator import SimulationFault
from verif.serial_design import SerialDesign


@pytest.mark.parametrize("divisor", [4, 13])
def test_echo(echo, divisor, rng):
    data = bytes(rng.integers(0, 256, 200, dtype="uint8")) + b"\x00\xff\x55"
    with SerialDesign(echo, "echo", divisor, observed=["led"]) as design:
        sent, came, cycles = 0, b"", 0
        while len(came) < len(data):
            taken, fresh = design.advance(97, data[sent:])
            sent, came, cycles = sent + taken, came + fresh, cycles + 97
            assert cycles <= 10 * divisor * len(data) + 200
        assert came == data
        assert sent == len(data)
        assert design.cycles >= (10 * len(data) - 1) * divisor
        assert design.advance(100 * divisor) == (0, b"")
        assert design.read("led") == 3


def test_refused(echo, tmp_path):
    with pytest.raises(SimulationFault, match="no lines"):
        SerialDesign(echo, "echo", 4, receive="lines")
    with pytest.raises(ValueError, match="divisor must be at least 2, not 1"):
        SerialDesign(echo, "echo", 1)
    (broken := tmp_path / "broken.v").write_text("module echo(")
    with pytest.raises((SimulationFault, InputFault), match=r"broken\.v"):
        SerialDesign(broken, "echo", 4)
