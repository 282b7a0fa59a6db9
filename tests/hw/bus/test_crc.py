# amaranth: UnusedElaboratable=no
"""CRC-32 against zlib: every byte, every state's bits, a byte a cycle and in shares."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from amaranth import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.bus.crc import Crc32, crc32_step
from tests.support.pins import run_pins
from tests.support.probe import probe


class Step(wiring.Component):
    """The register above ``width`` bits of data."""

    def __init__(self, width):
        self._width = width
        super().__init__({"i": In(32 + width), "o": Out(32)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(crc32_step(self.i[self._width:], self.i[:self._width]))
        return m


def after(crc, data, width):
    """The definition, bit by bit."""
    for k in range(width):
        out = (crc ^ data >> k) & 1
        crc = crc >> 1 ^ (0xEDB88320 if out else 0)
    return crc


def test_steps_of_every_width(rng, need, tmp_path):
    need("verilator")
    widths = (1, 3, 4, 8, 16, 31)
    patterns = [np.concatenate([rng.integers(0, 1 << 32 + width, 2000),
                                1 << np.arange(32 + width), [0, (1 << 32 + width) - 1]])
                for width in widths]
    found = probe(list(map(Step, widths)), patterns, tmp_path / "build")
    for width, given, got in zip(widths, patterns, found, strict=True):
        expected = [after(int(each) >> width, int(each) & (1 << width) - 1, width)
                    for each in given]
        np.testing.assert_array_equal(got["o"], expected, f"{width} bits")


def test_bytes(rng, need, tmp_path):
    """Messages of every byte, of none, and drawn; pauses; out by shifts, and checked."""
    need("verilator")
    messages = [bytes(range(256)), b"", b"\0", b"123456789", b"\xff" * 300,
                *(rng.bytes(int(size)) for size in rng.integers(1, 40, 200))]
    rows, expected = [], []

    def cycle(clear=0, enable=0, data=None, shift=0):
        rows.append((clear, enable, int(rng.integers(256)) if data is None else data, shift))

    def take(data):
        for byte in data:
            while rng.random() < 0.2:
                cycle(shift=int(rng.integers(2)))
            cycle(enable=1, data=byte)

    for message in messages:
        crc = zlib.crc32(message).to_bytes(4, "little")
        for broken in (None, int(rng.integers(32))):
            take(message)
            take(crc if broken is None else bytes(byte ^ (broken // 8 == k) << broken % 8
                                                  for k, byte in enumerate(crc)))
            expected.append((len(rows), "good", int(broken is None)))
            cycle(clear=1, enable=int(rng.integers(2)))
        take(message)
        for byte in crc:
            expected.append((len(rows), "o", byte))
            cycle(enable=1, shift=1)
        cycle(clear=1)
    columns = dict(zip(("clear", "enable", "data", "shift"), np.array(rows).T, strict=True))
    found, = run_pins([Crc32()], [columns], tmp_path / "build")
    wrong = [(place, name) for place, name, value in expected if found[name][place] != value]
    assert not wrong


def test_against_the_published_check_value():
    """Of the catalogue of CRC algorithms: "123456789" gives 0xCBF43926."""
    crc = 0xFFFFFFFF
    for byte in b"123456789":
        crc = after(crc, byte, 8)
    assert crc ^ 0xFFFFFFFF == 0xCBF43926 == zlib.crc32(b"123456789")


def test_faults():
    with pytest.raises(ValueError, match=r"^crc must have 32 bits and data 1 to 32, not 31 and 8$"):
        crc32_step(Signal(31), Signal(8))
    with pytest.raises(ValueError, match=r"not 32 and 0$"):
        crc32_step(Signal(32), Cat())
