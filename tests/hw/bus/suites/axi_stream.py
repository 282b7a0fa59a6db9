"""Packets of AXI4-Stream by cocotbext-axi's source and sink, samples on the other side.

``GATEMILL_SAMPLES`` holds (bits of a word, words of a sample) of inputs ``u0``, ``u2`` ... and, the
same again, of outputs ``u1``, ``u3`` ...
"""

from __future__ import annotations

import json
import os
import random
from types import SimpleNamespace

import cocotb
from cocotb.triggers import FallingEdge, NextTimeStep, RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from verif.streams import (
    StreamMonitor,
    StreamPorts,
    StreamSink,
    StreamSource,
    cycle,
    pauses,
    reset,
    start_clock,
)

SAMPLES = [tuple(each) for each in json.loads(os.environ.get("GATEMILL_SAMPLES", "[]"))]

#: Chances of a source that pauses and of a sink that stalls.
PAUSES = ((0, 0), (0.5, 0), (0, 0.5), (0.4, 0.4))

PACKETS = 30


def bytes_of(width):
    """TDATA's, counted the long way."""
    size = 1
    while 8 * size < width:
        size *= 2
    return size


def packed(words, size, noise=0):
    """Words as a packet's bytes, the bits above ``noise`` at random if that is not 0."""
    return b"".join((word | (random.getrandbits(8 * size) >> noise << noise if noise else 0))
                    .to_bytes(size, "little") for word in words)


def clear_low(dut):
    for k in range(2 * len(SAMPLES)):
        getattr(dut, f"u{k}__clear").value = 0


class Input:
    """A source of packets, and a sink of words, with a count of what was misplaced."""

    def __init__(self, dut, number, idle, stall):
        self.width, self.words = SAMPLES[number]
        self.prefix = f"u{2 * number}__"
        seed = f"{cocotb.RANDOM_SEED} {number}"
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, f"{self.prefix}axi_"),
                                      dut.clk, dut.rst)
        self.source.set_pause_generator(pauses(idle, f"{seed} in"))
        self._dut = dut
        cocotb.start_soon(self._noise())
        self.start(stall)

    async def _noise(self):
        """What TDATA and TLAST hold without TVALID does not matter."""
        bus = self.source.bus
        while True:
            await FallingEdge(self._dut.clk)
            if bus.tvalid.value == 0:
                bus.tlast.value = random.getrandbits(1)
                bus.tdata.value = random.getrandbits(len(bus.tdata))

    def start(self, stall):
        """Take words; once more after :meth:`stop`."""
        ports = StreamPorts(self._dut, f"{self.prefix}o")
        self.sink = StreamSink(ports, stall=pauses(stall, f"{cocotb.RANDOM_SEED} {self.prefix}"))
        self.monitor = StreamMonitor(ports)
        self.misplaced = 0
        self._count = cocotb.start_soon(self._misplaced())

    async def _misplaced(self):
        pulse = getattr(self._dut, f"{self.prefix}misplaced")
        while True:
            await RisingEdge(self._dut.clk)
            self.misplaced += int(pulse.value)

    def stop(self):
        for process in (self.sink, self.monitor):
            process.stop()
        self._count.cancel()

    def packet(self, length):
        """Send a packet; the sample that it gives."""
        words = [random.getrandbits(self.width) for _ in range(length)]
        self.source.send_nowait(packed(words, bytes_of(self.width), self.width))
        return (words + [words[-1]] * self.words)[:self.words]

    async def compare(self, expected, misplaced):
        assert await self.sink.wait(len(expected), cycles=20 * len(expected) + 2000), \
            f"{self.prefix} gave {len(self.sink.words)} of {len(expected)} words"
        for _ in range(200):
            if self.misplaced == misplaced and self.source.idle():
                break
            await RisingEdge(self._dut.clk)
        assert [int(word, 2) for word in self.sink.words] == expected, self.prefix
        assert self.misplaced == misplaced, f"{self.prefix}: {self.misplaced} misplaced"


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("idle", "stall"), PAUSES))
async def packets_are_samples(dut, idle, stall):
    """Of the right length: each word once, nothing misplaced; without pauses one a cycle."""
    clear_low(dut)
    start_clock(dut)
    benches = [Input(dut, number, idle, stall) for number in range(len(SAMPLES))]
    await reset(dut)
    expected = [[word for _ in range(PACKETS) for word in bench.packet(bench.words)]
                for bench in benches]
    for bench, words in zip(benches, expected, strict=True):
        await bench.compare(words, 0)
        if idle == stall == 0:
            times = bench.sink.taken
            assert times[-1] - times[0] == len(times) - 1, f"{bench.prefix} rests"
        bench.stop()


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("idle", "stall"), PAUSES))
async def each_packet_is_one_sample(dut, idle, stall):
    """Too short, too long, or right, in any order."""
    clear_low(dut)
    start_clock(dut)
    benches = [Input(dut, number, idle, stall) for number in range(len(SAMPLES))]
    await reset(dut)
    jobs = []
    for bench in benches:
        words, wrong = [], 0
        for _ in range(PACKETS):
            length = random.choice([bench.words, random.randint(1, 2 * bench.words + 2), 1,
                                    max(bench.words - 1, 1), bench.words + 1])
            words += bench.packet(length)
            wrong += length != bench.words
        jobs.append((words, wrong))
    for bench, (words, wrong) in zip(benches, jobs, strict=True):
        await bench.compare(words, wrong)
        bench.stop()


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(line=["rst", "clear"])
async def the_next_packet_counts(dut, line):
    """After a reset or ``clear`` in the midst of any packet, if its rest does not come."""
    clear_low(dut)
    start_clock(dut)
    benches = [Input(dut, number, 0.2, 0) for number in range(len(SAMPLES))]
    await reset(dut)
    for after in range(1, 25):
        for bench in benches:
            bench.stop()
            bench.start(0.3)
            bench.packet(bench.words + random.choice([-1, 0, 3]) or 1)
            bench.packet(bench.words)
        for _ in range(after):
            await RisingEdge(dut.clk)
        for bench in benches:
            bench.stop()
            bench.source.clear()
            bench.source.assert_reset()
            if line == "clear":
                getattr(dut, f"{bench.prefix}clear").value = 1
        if line == "rst":
            dut.rst.value = 1
        await RisingEdge(dut.clk)
        dut.rst.value = 0
        clear_low(dut)
        await RisingEdge(dut.clk)
        expected = [bench.packet(bench.words) for bench in benches]
        for bench, words in zip(benches, expected, strict=True):
            bench.start(0)
            await bench.compare(words, 0)


class Output:
    """A source of words, and a sink of packets."""

    def __init__(self, dut, number, stall):
        self.width, self.words = SAMPLES[number]
        self.prefix = f"u{2 * number + 1}__"
        self._ports = StreamPorts(dut, f"{self.prefix}i")
        self._ports.valid.value = 0
        bus = AxiStreamBus.from_prefix(dut, f"{self.prefix}axi_")
        self.sink = AxiStreamSink(bus, dut.clk, dut.rst)
        self.sink.set_pause_generator(pauses(stall, f"{cocotb.RANDOM_SEED} {number} out"))
        for line in (bus.tdata, bus.tlast):
            StreamMonitor(SimpleNamespace(name=f"{self.prefix}{line._name}", clk=dut.clk,
                                          payload=line, valid=bus.tvalid, ready=bus.tready))

    def send(self, count, idle):
        """Offer the words of some samples."""
        self.samples = [[random.getrandbits(self.width) for _ in range(self.words)]
                        for _ in range(count)]
        self.source = StreamSource(self._ports, [word for each in self.samples for word in each],
                                   idle=pauses(idle, f"{cocotb.RANDOM_SEED} {self.prefix}"))

    async def packets(self, count):
        return [bytes((await self.sink.recv()).tdata) for _ in range(count)]


async def outputs(dut, stall):
    """One for each, after a reset: the sinks are ready or not from then on."""
    clear_low(dut)
    start_clock(dut)
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    benches = [Output(dut, number, stall) for number in range(len(SAMPLES))]
    await reset(dut)
    return benches


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("idle", "stall"), PAUSES))
async def samples_are_packets(dut, idle, stall):
    benches = await outputs(dut, stall)
    for bench in benches:
        bench.send(PACKETS, idle)
    for bench in benches:
        seen = await bench.packets(PACKETS)
        assert seen == [packed(sample, bytes_of(bench.width)) for sample in bench.samples], \
            bench.prefix
        assert bench.sink.empty()
        if idle == stall == 0:
            times = bench.source.accepted
            assert times[-1] - times[0] == len(times) - 1, f"{bench.prefix} rests"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def words_follow_the_cycle_after(dut):
    for output in await outputs(dut, 0):
        output.send(1, 0)
        offered = getattr(dut, f"{output.prefix}axi__tvalid")
        await RisingEdge(dut.clk)
        assert offered.value == 0
        await RisingEdge(dut.clk)
        assert offered.value == 1
        assert cycle() - output.source.accepted[0] == 1
        await output.packets(1)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def packets_that_began_are_whole(dut):
    """Whenever ``clear`` comes, TVALID stays and every packet has its length."""
    benches = await outputs(dut, 0.4)
    for after in range(1, 30):
        for bench in benches:
            bench.send(12, 0.3)
        for _ in range(after):
            await RisingEdge(dut.clk)
        for bench in benches:
            getattr(dut, f"{bench.prefix}clear").value = 1
        await RisingEdge(dut.clk)
        await NextTimeStep()
        clear_low(dut)
        for bench in benches:
            bench.source.stop()
        for bench in benches:
            # The accelerator starts anew, with the words of another sample.
            sent, size = bench.samples, bytes_of(bench.width)
            whole, rest = divmod(len(bench.source.accepted), bench.words)
            bench.send(1, 0)
            seen = await bench.packets(whole + (rest > 0) + 1)
            assert seen[:whole] == [packed(sample, size) for sample in sent[:whole]]
            assert seen[-1] == packed(bench.samples[0], size), bench.prefix
            if rest:
                assert seen[-2].startswith(packed(sent[whole][:rest], size))
                assert len(seen[-2]) == bench.words * size
            assert bench.sink.empty()
