# amaranth: UnusedElaboratable=no
"""SPI against a controller drawn in time, up to the fastest SCK, and what it may break off."""

from __future__ import annotations

import numpy as np

from hw.bus.spi import SpiTarget
from tests.support.pins import run_pins

IDLE = 0x7E


class Controller:
    """Edges of SCK at any times, of which a target sees a sample each cycle.

    A bit is put on MOSI half a period before the rising edge at which both sides take theirs.
    """

    def __init__(self, rng):
        self.rng, self.now = rng, 0.0
        self.edges = {"sck": [(0.0, 0)], "mosi": [(0.0, 0)], "select_n": [(0.0, 1)]}
        self.selections = []

    def select(self, data, period, *, bits=None, high=0.5):
        """Send ``data``, or its first bits alone; SCK is high for that share of its period."""
        self.now += 4 + 3 * self.rng.random()
        self.edges["select_n"].append((self.now, 0))
        self.now += 4 + self.rng.random()
        levels = [byte >> 7 - k & 1 for byte in data for k in range(8)][:bits]
        rising = []
        for level in levels:
            self.edges["mosi"].append((self.now - (1 - high) * period, level))
            self.edges["sck"] += [(self.now, 1), (self.now + high * period, 0)]
            rising.append(self.now)
            self.now += period
        self.now += 4
        self.edges["select_n"].append((self.now, 1))
        self.selections.append((data[:len(levels) // 8], rising))
        self.now += 4

    def pins(self):
        times = np.arange(int(self.now) + 10)
        found = {}
        for name, edges in self.edges.items():
            moments, levels = map(np.array, zip(*edges, strict=True))
            found[name] = levels[np.searchsorted(moments, times, side="right") - 1]
        return found

    def taken(self, miso):
        """The whole bytes of each selection that the controller takes from ``miso``: the level
        in the cycle before an edge, which must already hold then."""
        for _, rising in self.selections:
            levels = [int(miso[int(np.ceil(edge)) - 1]) for edge in rising]
            yield [int("".join(map(str, levels[k:k + 8])), 2)
                   for k in range(0, len(levels) // 8 * 8, 8)]


def drawn(rng, period, high=0.5):
    controller = Controller(rng)
    for size in (1, 2, 60, 3, 1):
        controller.select(rng.bytes(size), period, high=high)
    for bits in (1, 4, 7, 9, 15):
        controller.select(rng.bytes(2), period, bits=bits, high=high)
        controller.select(rng.bytes(2), period, high=high)
    controller.select(b"", period)
    controller.select(b"\x80\x01", period, high=high)
    return controller


def test_both_ways(rng, need, tmp_path):
    """At the fastest SCK, and at slower ones that share no multiple with the clock."""
    need("verilator")
    controllers = [drawn(rng, period, high) for period, high in (
        (4.0, 0.5), (4.0, 0.3), (4.0, 0.7), (4.3, 0.5), (5.0, 0.5), (7.7, 0.4), (33.3, 0.5))]
    pins, offers = [], []
    for controller in controllers:
        lines = controller.pins()
        count = len(lines["sck"])
        offers.append((rng.random(count) < 0.7, rng.integers(0, 256, count)))
        pins.append({**lines, "i.valid": offers[-1][0].astype(int), "i.payload": offers[-1][1],
                     "o.ready": 1})
    found = run_pins([SpiTarget() for _ in pins], pins, tmp_path / "build")
    for controller, (valid, payload), lines, got in zip(controllers, offers, pins, found,
                                                        strict=True):
        sent = [byte for data, _ in controller.selections for byte in data]
        assert got["o.payload"][got["o.valid"] == 1].tolist() == sent
        assert not got["overrun"].any()
        begun = np.flatnonzero(got["i.ready"])
        loaded = np.where(valid[begun], payload[begun], IDLE).tolist()
        for (data, _), back in zip(controller.selections, controller.taken(got["miso"]),
                                   strict=True):
            # A byte begins with the selection and behind each whole byte.
            assert back == loaded[:len(data)]
            loaded = loaded[len(data) + 1:]
        assert loaded == []
        enabled = got["miso_enable"][2:] == 1
        np.testing.assert_array_equal(enabled, np.array(lines["select_n"])[:-2] == 0)


def test_bytes_without_room(rng, need, tmp_path):
    """The first stays until it is taken; those that come meanwhile are dropped, each said."""
    need("verilator")
    controller = Controller(rng)
    controller.select(bytes([1, 2, 3, 4, 5, 6]), 4.0)
    lines = controller.pins()
    ready = np.zeros(len(lines["sck"]), np.int64)
    taken = int(controller.selections[0][1][4 * 8 - 4])
    ready[taken:] = 1
    found, = run_pins([SpiTarget()], [{**lines, "i.valid": 0, "i.payload": 0, "o.ready": ready}],
                      tmp_path / "build")
    got = found["o.payload"][(found["o.valid"] & ready) == 1].tolist()
    assert got == [1, 4, 5, 6]
    assert found["overrun"].sum() == 2
    held = (found["o.valid"][:-1] & ~ready[:-1]) == 1
    assert found["o.valid"][1:][held].all()
    assert set(found["o.payload"][1:][held]) == {1}


def test_latency(rng, need, tmp_path):
    need("verilator")
    controller = Controller(rng)
    for _ in range(50):
        controller.select(rng.bytes(1), 4.0 + rng.random())
    lines = controller.pins()
    found, = run_pins([SpiTarget()], [{**lines, "i.valid": 0, "i.payload": 0, "o.ready": 1}],
                      tmp_path / "build")
    last = [rising[-1] for _, rising in controller.selections]
    delays = np.flatnonzero(found["o.valid"]) - np.array(last)
    assert SpiTarget.latency - 1 <= delays.max() <= SpiTarget.latency
