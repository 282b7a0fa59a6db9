# amaranth: UnusedElaboratable=no
"""UARTs against lines drawn in time: clocks apart, noise, breaks, bytes without room."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.bus.uart import UartReceiver, UartTransmitter
from tests.support.lines import levels, sampled, with_glitches
from tests.support.pins import run_pins

DIVISORS = (4, 5, 7, 16, 104)


class Scene:
    """What a receiver gets, and what it must make of it."""

    def __init__(self, divisor, rng):
        self.divisor, self.rng = divisor, rng
        self.line, self.ready, self.parts = [], [], []

    def add(self, line, expected, *, ready=1, overrun=0, broken=0):
        """``line`` between two idle bytes; the bytes that must come, and the pulses."""
        idle = np.ones(11 * self.divisor, np.int64)
        line = np.concatenate([line, idle])
        start = len(self.line)
        self.line += line.tolist()
        self.ready += np.broadcast_to(ready, len(line)).tolist()
        self.parts.append((slice(start, len(self.line)), list(expected), overrun, broken))

    def send(self, data, *, error=0.0, gap=0, **settings):
        """``data`` at a bit rate ``error`` too slow, ``gap`` bits between stop and start."""
        bits = [bit for byte in data for bit in (*levels(byte), *[1] * gap)]
        line = sampled([1, *bits], self.divisor * (1 + error), phase=self.rng.random())
        self.add(line, settings.pop("expected", data), **settings)

    @property
    def pins(self):
        return {"rx": self.line, "o.ready": self.ready}

    def check(self, found):
        taken = found["o.valid"] & np.array(self.ready)
        for cycles, expected, overrun, broken in self.parts:
            got = found["o.payload"][cycles][taken[cycles] == 1].tolist()
            assert got == expected, f"divisor {self.divisor}: {got[:9]}, not {expected[:9]}"
            pulses = [int(found[name][cycles].sum()) for name in ("overrun", "broken")]
            assert pulses == [overrun, broken], f"divisor {self.divisor}: {expected[:9]}"
        held = (found["o.valid"][:-1] & ~np.array(self.ready[:-1])) == 1
        assert found["o.valid"][1:][held].all()
        np.testing.assert_array_equal(found["o.payload"][1:][held], found["o.payload"][:-1][held])


def received(scenes, folder):
    found = run_pins([UartReceiver(scene.divisor) for scene in scenes],
                     [scene.pins for scene in scenes], folder)
    for scene, got in zip(scenes, found, strict=True):
        scene.check(got)


def test_receiver(rng, need, tmp_path):
    need("verilator")
    scenes = []
    for divisor in DIVISORS:
        scene = Scene(divisor, rng)
        for error in (-0.02, -0.01, 0.0, 0.01, 0.02):
            scene.send(range(256) if divisor < 16 else rng.bytes(30), error=error)
            for gap in (1, 2):
                scene.send([0x00, 0xFF, 0x55, 0xAA, *rng.bytes(20)], error=error, gap=gap)
        # A byte that ends early reads as ones; a break is one fault, however long, and no byte.
        scene.add(sampled([1, *levels(0x45)[:4]], divisor), [0xFD])
        for length in (10, 11, 19, 30):
            scene.add(np.zeros(length * divisor, np.int64), [], broken=1)
            scene.send([0x0F, 0x80])
        scene.add(sampled(levels(0x2A, stop=0), divisor), [], broken=1)
        scene.send(b"after")
        # False starts, up to what one of three samples sees.
        for length in range(1, divisor // 2):
            scene.add(np.array([0] * length), [])
            scene.send(b"ok")
        scenes.append(scene)
    received(scenes, tmp_path / "build")


def test_noise_shorter_than_the_spacing(rng, need, tmp_path):
    need("verilator")
    scenes = []
    for divisor in (16, 24, 104):
        scene, spacing = Scene(divisor, rng), UartReceiver(divisor).spacing
        for _ in range(60):
            data = rng.bytes(3)
            clean = sampled([bit for byte in data for bit in (*levels(byte), 1, 1)], divisor)
            noisy = with_glitches(clean, divisor, spacing - 1, rng)
            # Idle stays clean: a glitch there is a start that must be found false first.
            idle = sampled([bit for _ in data for bit in (*[0] * 10, 1, 1)], divisor) == 1
            noisy[idle] = 1
            scene.add(noisy, list(data))
        scenes.append(scene)
    received(scenes, tmp_path / "build")


def test_bytes_without_room(rng, need, tmp_path):
    """One stays until it is taken, however late; those that come meanwhile are dropped."""
    need("verilator")
    scenes = []
    for divisor in (4, 16):
        scene, byte = Scene(divisor, rng), 10 * divisor
        for data in ([1, 2], [0xFF, 0, 0x55], list(rng.bytes(4))):
            ready = np.zeros(byte * (len(data) + 1) + divisor + 1, np.int64)
            ready[-1] = 1
            line = sampled([bit for each in data for bit in levels(each)], divisor)
            line = np.concatenate([line, np.ones(byte + divisor + 1, np.int64)])
            scene.add(line, data[:1], overrun=len(data) - 1,
                      ready=np.concatenate([ready, np.ones(11 * divisor, np.int64)]))
        # Taken in the middle of one that was dropped already: the next after it gets through.
        line = sampled([bit for each in (7, 8, 9) for bit in levels(each)], divisor)
        ready = np.ones(len(line) + 11 * divisor, np.int64)
        ready[:byte + byte // 2] = 0
        scene.add(line, [7, 9], overrun=1, ready=ready)
        scenes.append(scene)
    received(scenes, tmp_path / "build")


def test_rates_that_are_too_far_off(rng, need, tmp_path):
    """The tolerance is one: at 8 % the last bits are not the sender's."""
    need("verilator")
    pins, sent = [], rng.bytes(30)
    for divisor in (5, 16, 104):
        for error in (-0.08, 0.08):
            bits = [1, *(bit for byte in sent for bit in levels(byte))]
            pins.append((divisor, sampled(bits, divisor * (1 + error))))
    found = run_pins([UartReceiver(divisor) for divisor, _ in pins],
                     [{"rx": line, "o.ready": 1} for _, line in pins], tmp_path / "build")
    for got in found:
        assert bytes(got["o.payload"][got["o.valid"] == 1].tolist()) != sent


def test_latency(rng, need, tmp_path):
    need("verilator")
    units = [UartReceiver(divisor) for divisor in DIVISORS]
    lines = [sampled([1, *levels(0), 1], unit.divisor) for unit in units]
    found = run_pins(units, [{"rx": line, "o.ready": 1} for line in lines], tmp_path / "build")
    for unit, got in zip(units, found, strict=True):
        delay = int(np.argmax(got["o.valid"])) - unit.divisor
        assert unit.latency - 1 <= delay <= unit.latency


def test_transmitter(rng, need, tmp_path):
    """Every level at its cycle; back to back a byte takes ten bits, and pauses shift the next."""
    need("verilator")
    data, units, given = rng.bytes(40), [], []
    for divisor in DIVISORS:
        valid = np.ones(11 * divisor * len(data), np.int64)
        valid[len(valid) // 2:] = rng.random(len(valid) - len(valid) // 2) < 2 / divisor
        units.append(UartTransmitter(divisor))
        given.append(valid)
    # What is offered does not depend on what was taken here: every cycle its own byte.
    payloads = [rng.integers(0, 256, len(valid)) for valid in given]
    found = run_pins(units, [{"i.valid": valid, "i.payload": payload}
                             for valid, payload in zip(given, payloads, strict=True)],
                     tmp_path / "build")
    for unit, valid, payload, got in zip(units, given, payloads, found, strict=True):
        taken = np.flatnonzero(valid & got["i.ready"])
        assert len(taken) > 25
        assert set(np.diff(taken[:15])) == {unit.interval}
        line = np.ones(len(valid) + unit.interval + 1, np.int64)
        for cycle in taken:
            wave = np.repeat(levels(int(payload[cycle])), unit.divisor)
            line[cycle + unit.latency:cycle + unit.latency + len(wave)] = wave
        np.testing.assert_array_equal(got["tx"], line[:len(valid)])


class Loop(wiring.Component):
    """A transmitter wired to a receiver."""

    def __init__(self, divisor):
        self._divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter = transmitter = UartTransmitter(self._divisor)
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.d.comb += receiver.rx.eq(transmitter.tx)
        connect(m, flipped(self.i), transmitter.i)
        connect(m, receiver.o, flipped(self.o))
        return m


def test_there_and_back(rng, need, tmp_path):
    need("verilator")
    offered = [rng.integers(0, 256, 12_000) for _ in DIVISORS]
    found = run_pins([Loop(divisor) for divisor in DIVISORS],
                     [{"i.valid": 1, "i.payload": payload, "o.ready": 1} for payload in offered],
                     tmp_path / "build")
    for payload, got in zip(offered, found, strict=True):
        sent = payload[got["i.ready"] == 1].tolist()
        back = got["o.payload"][got["o.valid"] == 1].tolist()
        assert len(back) >= len(sent) - 2
        assert back == sent[:len(back)]


def test_faults():
    for kind in (UartReceiver, UartTransmitter):
        with pytest.raises(ValueError, match=r"^divisor must be at least 4, not 3$"):
            kind(3)
        with pytest.raises(TypeError, match=r"^divisor must be an integer, not 8\.0$"):
            kind(8.0)
