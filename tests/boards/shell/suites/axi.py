"""Samples through the AXI shell by cocotbext-axi, with pauses and resets on every side."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.triggers import RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from boards.registers import Error
from verif.streams import pauses, reset, start_clock

CASES = json.loads(Path(os.environ["CASES"]).read_text())
INPUT, OUTPUT = (CASES["streams"][name] for name in "io")
STATUS, LATENCY, ERRORS, EPOCH, TIMEOUT = 0x18, 0x24, 0x28, 0x34, 0x38


def bytes_of(stream):
    """Bytes of TDATA."""
    return max(8, 1 << (stream["width"] - 1).bit_length()) // 8


def packet(stream, number):
    """The words of a sample, each in a transfer of its own."""
    words = stream["words"][number * per(stream):(number + 1) * per(stream)]
    return b"".join(word.to_bytes(bytes_of(stream), "little") for word in words)


def per(stream):
    return len(stream["words"]) // CASES["samples"]


class Bench:
    def __init__(self, dut, pause=0.0):
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_i"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_o"), dut.clk, dut.rst)
        write, read = self.master.write_if, self.master.read_if
        self.paused = (self.source, self.sink, write.aw_channel, write.w_channel,
                       write.b_channel, read.ar_channel, read.r_channel)
        for number, channel in enumerate(self.paused):
            channel.set_pause_generator(pauses(pause, f"{cocotb.RANDOM_SEED} {number} {pause}"))

    async def read(self, address):
        return int.from_bytes((await self.master.read(address, 4)).data, "little")

    async def write(self, address, data):
        await self.master.write(address, data.to_bytes(4, "little"))

    async def send(self, number, length=None):
        await self.source.send(AxiStreamFrame(packet(INPUT, number)[:length]))

    async def expect(self, number):
        frame = await self.sink.recv(compact=False)
        assert bytes(frame.tdata) == packet(OUTPUT, number), number


@cocotb.test()
@cocotb.parametrize(pause=[0, 0.5])
async def samples_come_out_right(dut, pause):
    """A thousand packets, while the registers are read."""
    start_clock(dut)
    bench = Bench(dut, pause)
    await reset(dut)
    numbers = [random.randrange(CASES["samples"]) for _ in range(1000)]

    async def send():
        for number in numbers:
            await bench.send(number)

    cocotb.start_soon(send())
    for place, number in enumerate(numbers):
        await bench.expect(number)
        if place % 100 == 0:
            assert await bench.read(ERRORS) == 0
            assert await bench.read(0) == 0x474D494C
    assert bench.sink.empty()
    assert await bench.read(STATUS) == 0


@cocotb.test()
async def measures_the_latency_that_is_predicted(dut):
    start_clock(dut)
    bench = Bench(dut)
    await reset(dut)
    for number in range(3):
        await bench.send(number)
        await bench.expect(number)
        assert await bench.read(LATENCY) == CASES["latency"]


@cocotb.test()
async def misplaced_ends_are_told_and_forgotten(dut):
    start_clock(dut)
    bench = Bench(dut, 0.2)
    await reset(dut)
    whole = len(packet(INPUT, 0))
    for number, length in enumerate((bytes_of(INPUT), whole, whole - bytes_of(INPUT), whole)):
        await bench.send(number, length)
        if length == whole:
            await bench.expect(number)
        else:
            await bench.sink.recv()
            assert await bench.read(ERRORS) == Error.LAST
            await bench.write(ERRORS, Error.LAST)
    assert await bench.read(ERRORS) == 0


@cocotb.test()
async def the_rest_that_does_not_come_is_given_up(dut):
    start_clock(dut)
    bench = Bench(dut)
    await reset(dut)
    await bench.write(TIMEOUT, 1)
    await bench.source.send(AxiStreamFrame(packet(INPUT, 0)))
    for _ in range(2):
        await RisingEdge(dut.clk)
    while not (dut.s_axis_i_tvalid.value and dut.s_axis_i_tready.value):
        await RisingEdge(dut.clk)
    bench.source.pause = True
    bench.source.clear_pause_generator()
    for _ in range(4 * 1024):
        await RisingEdge(dut.clk)
    assert await bench.read(EPOCH) == 1
    assert await bench.read(ERRORS) & Error.PART


@cocotb.test()
async def is_usable_after_a_reset(dut):
    start_clock(dut)
    await reset(dut)
    for after in range(16):
        bench = Bench(dut, 0.3)
        await bench.send(after)
        for _ in range(random.randrange(40)):
            await RisingEdge(dut.clk)
        await reset(dut, 2)
        bench.source.clear()
        bench.sink.clear()
        await RisingEdge(dut.clk)
        await bench.send(after + 1)
        await bench.expect(after + 1)
        for channel in bench.paused:
            channel.clear_pause_generator()
        bench.source.clear()
        bench.sink.clear()
