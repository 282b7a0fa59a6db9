# amaranth: UnusedElaboratable=no
"""Registers do what the map says; waits end; samples sent in part are given up."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from amaranth.sim import Simulator

from boards.registers import MAGIC, Access, Error
from boards.shell.register_file import RegisterFile
from tests.support.register_maps import IDENTITY, a_map, a_stream


class Answer(NamedTuple):
    data: int
    error: int
    cycles: int


class Host:
    """Accesses by name, on the bus of a register file."""

    def __init__(self, file, map, ctx):
        self.bus, self.map, self.ctx = file.bus, map, ctx

    async def access(self, index, data=None, *, patience=1 << 14):
        request, response = self.bus.request, self.bus.response
        self.ctx.set(request.payload, {"address": index, "write": data is not None,
                                       "data": data or 0})
        self.ctx.set(request.valid, 1)
        await self.ctx.tick().until(request.ready)
        self.ctx.set(request.valid, 0)
        self.ctx.set(response.ready, 1)
        for cycles in range(1, patience):
            _, _, valid, found = await self.ctx.tick().sample(response.valid, response.payload)
            if valid:
                self.ctx.set(response.ready, 0)
                return Answer(found.data, found.error, cycles)
        raise AssertionError(f"no response in {patience} cycles")

    async def read(self, name):
        answer = await self.access(self.map[name].index)
        assert not answer.error, name
        return answer.data

    async def write(self, name, data):
        assert not (await self.access(self.map[name].index, data)).error, name


def run(map, bench):
    """``bench(host, file, ctx)`` in Amaranth's simulator."""
    file = RegisterFile(map)

    async def testbench(ctx):
        await bench(Host(file, map, ctx), file, ctx)

    simulator = Simulator(file)
    simulator.add_clock(1e-8)
    simulator.add_testbench(testbench)
    simulator.run()


def test_what_every_register_reads_and_refuses():
    map = a_map()

    async def bench(host, file, ctx):
        for register in map.registers:
            if register.name.endswith("DATA"):
                continue
            read = await host.access(register.index)
            assert read.error == (register.access is Access.WRITE), register
            if register.index in map.constants:
                assert read.data == map.constants[register.index], register
            wrote = await host.access(register.index, 0)
            assert wrote.error == (register.access is Access.READ), register
            assert wrote.cycles <= 3
        assert await host.read("ERRORS") == Error.ADDRESS
        for index in range(1 << map.address_width):
            if index not in {each.index for each in map.registers}:
                assert (await host.access(index)).error
                assert (await host.access(index, 1)).error
        identity = sum([(await host.read(f"ID_{k}")) << 32 * k for k in range(4)])
        assert identity == IDENTITY
        assert await host.read("MAGIC") == MAGIC

    run(map, bench)


def test_beats_pass_in_order_and_wait():
    map = a_map(a_stream("i", "in"), a_stream("j", "in", "uint4"), a_stream("o", "out"))

    async def bench(host, file, ctx):

        assert await host.read("I_READY") == 0
        ctx.set(file.i[0].ready, 1)
        assert await host.read("I_READY") == 1
        for beat in range(9):
            await host.write("I_DATA", 0x1000 + beat)
        ctx.set(file.i[0].ready, 0)
        assert await host.read("I_SAMPLES") == 2
        assert await host.read("J_SAMPLES") == 0
        ctx.set(file.o[0].payload, 77)
        assert await host.read("O_READY") == 0
        ctx.set(file.o[0].valid, 1)
        assert await host.read("O_READY") == 1
        assert [await host.read("O_DATA") for _ in range(4)] == [77] * 4
        assert await host.read("O_SAMPLES") == 1
        # Where a port is read that is only to be written, or the other way, nothing moves.
        assert (await host.access(map["I_DATA"].index)).error
        assert (await host.access(map["O_DATA"].index, 1)).error
        assert await host.read("O_SAMPLES") == 1

    run(map, bench)


def test_a_wait_ends():
    """Neither before the period nor more than two ticks after it; other accesses go on."""
    map = a_map()
    names = ("I_DATA", "O_DATA")

    async def bench(host, file, ctx):
        for period in (1, 3):
            await host.write("TIMEOUT", period)
            for name in names:
                data = 1 if name == "I_DATA" else None
                answer = await host.access(map[name].index, data)
                assert answer.error
                assert period * map.tick <= answer.cycles <= (period + 1) * map.tick + 4
        assert await host.read("ERRORS") == Error.WAIT
        assert await host.read("TIMEOUTS") == 4
        assert await host.read("EPOCH") == 0
        await host.write("ERRORS", Error.WAIT)
        assert await host.read("ERRORS") == 0

    run(map, bench)


def test_a_sample_sent_in_part_is_given_up():
    map = a_map()

    async def bench(host, file, ctx):
        await host.write("TIMEOUT", 1)
        ctx.set(file.i[0].ready, 1)
        await host.write("I_DATA", 5)
        assert await host.read("STATUS") == 3
        await ctx.tick().until(file.clear)
        assert await host.read("STATUS") == 4
        assert await host.read("ERRORS") == Error.PART
        assert await host.read("EPOCH") == 1
        assert await host.read("TIMEOUTS") == 1
        for _ in range(4):
            await host.write("I_DATA", 6)
        assert await host.read("I_SAMPLES") == 1
        # While the accelerator is the one who waits, or a sample is whole, nothing is given up.
        await ctx.tick().repeat(4 * map.tick)
        await host.write("I_DATA", 7)
        ctx.set(file.i[0].ready, 0)
        await ctx.tick().repeat(4 * map.tick)
        assert await host.read("EPOCH") == 1

    run(map, bench)


def test_a_time_out_of_nothing():
    """A sample is never given up, and an access waits for the longest."""
    map = a_map()

    async def bench(host, file, ctx):
        await host.write("TIMEOUT", 0)
        ctx.set(file.i[0].ready, 1)
        await host.write("I_DATA", 5)
        await ctx.tick().repeat(20 * map.tick)
        assert await host.read("EPOCH") == 0
        ctx.set(file.i[0].ready, 0)
        with pytest.raises(AssertionError, match="no response"):
            await host.access(map["I_DATA"].index, 1, patience=20 * map.tick)

    run(map, bench)


def test_the_accelerators_own_wait_counts():
    map = a_map()

    async def bench(host, file, ctx):
        await host.write("TIMEOUT", 1)
        for name in ("part", "waits"):
            ctx.set(getattr(file, name), 1)
        assert await host.read("STATUS") & 3 == 3
        ctx.set(file.moved, 1)
        await ctx.tick().repeat(4 * map.tick)
        ctx.set(file.moved, 0)
        assert await host.read("EPOCH") == 0
        await ctx.tick().repeat(3 * map.tick)
        assert await host.read("EPOCH") >= 1

    run(map, bench)


def test_reset_and_counters():
    map = a_map()

    async def bench(host, file, ctx):
        await host.write("CONTROL", 0)
        assert await host.read("EPOCH") == 0
        for epoch in range(1, 4):
            await host.write("CONTROL", 1)
            assert await host.read("EPOCH") == epoch
        ctx.set(file.latency, 123)
        assert await host.read("LATENCY") == 123
        before = await host.read("CYCLES")
        await ctx.tick().repeat(100)
        assert await host.read("CYCLES") - before == 100 + 3
        for name, count in (("bad_frame", 3), ("bad_last", 1), ("bad_link", 2)):
            ctx.set(getattr(file, name), 1)
            await ctx.tick().repeat(count)
            ctx.set(getattr(file, name), 0)
        assert await host.read("BAD_FRAMES") == 3
        assert await host.read("ERRORS") == Error.FRAME | Error.LAST | Error.LINK
        await host.write("ERRORS", Error.LAST)
        assert await host.read("ERRORS") == Error.FRAME | Error.LINK
        ctx.set(file.bad_frame, 1)
        await ctx.tick().repeat(1 << 16)
        ctx.set(file.bad_frame, 0)
        assert await host.read("BAD_FRAMES") == 65_535

    run(map, bench)


def test_without_ports():
    map = a_map(ports=False)

    async def bench(host, file, ctx):
        assert await host.read("STREAMS") == 0x101
        assert (await host.access(16 if map.address_width > 4 else 7)).error

    run(map, bench)


def test_a_response_waits_for_the_host():
    map = a_map()

    async def bench(host, file, ctx):
        request = file.bus.request
        ctx.set(request.payload, {"address": 0, "write": 0, "data": 0})
        ctx.set(request.valid, 1)
        await ctx.tick().until(request.ready)
        ctx.set(request.payload, {"address": 1, "write": 0, "data": 0})
        await ctx.tick().repeat(20)
        assert ctx.get(file.bus.response.valid)
        assert ctx.get(file.bus.response.payload.data) == MAGIC
        assert not ctx.get(request.ready)

    run(map, bench)


@pytest.mark.parametrize("streams", [1, 3])
def test_any_number_of_streams(streams):
    map = a_map(*(a_stream(f"i{k}", "in") for k in range(streams)),
                *(a_stream(f"o{k}", "out") for k in range(streams)))

    async def bench(host, file, ctx):
        assert await host.read("STREAMS") == streams | streams << 8
        for k in range(streams):
            ctx.set(file.o[k].valid, 1)
            ctx.set(file.o[k].payload, 100 + k)
            assert await host.read(f"O{k}_DATA") == 100 + k

    run(map, bench)
