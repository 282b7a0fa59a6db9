"""Samples through the Wishbone shell, with pauses, resets and a checker of the bus."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.triggers import RisingEdge

from tests.support.wishbone import WishboneChecker, WishboneMaster, WishbonePorts
from verif.streams import pauses, reset, start_clock

CASES = json.loads(Path(os.environ["CASES"]).read_text())
I_DATA, O_DATA, CONTROL, STATUS, ERRORS = 16, 20, 7, 6, 10


class Bench:
    def __init__(self, dut, pause):
        ports = WishbonePorts(dut, "wb_")
        self.master = WishboneMaster(ports, pauses(pause, f"{cocotb.RANDOM_SEED} {pause}"))
        self.checker = WishboneChecker(ports, soonest=1)
        self.transfers = 0

    async def access(self, register, data=None):
        found, error = await self.master.transfer(register, data)
        assert not error, register
        self.transfers += 1
        return found

    async def sample(self, number):
        for beat in CASES["streams"]["i"]["beats"][number]:
            await self.access(I_DATA, beat)
        found = [await self.access(O_DATA) for _ in CASES["streams"]["o"]["beats"][number]]
        assert found == CASES["streams"]["o"]["beats"][number], number

    def stop(self):
        self.master.release()
        self.checker.stop()


@cocotb.test()
@cocotb.parametrize(pause=[0, 0.5])
async def samples_come_out_right(dut, pause):
    start_clock(dut)
    await reset(dut)
    bench = Bench(dut, pause)
    number = 0
    while bench.transfers < 1000:
        await bench.sample(number % CASES["samples"])
        number += 1
    assert await bench.access(ERRORS) == 0
    assert await bench.access(STATUS) == 0


@cocotb.test()
async def is_usable_after_a_reset(dut):
    """Of the shell, or of the accelerator alone, in the middle of a sample and of a transfer."""
    start_clock(dut)
    await reset(dut)
    for after in range(24):
        bench = Bench(dut, 0.2)
        task = cocotb.start_soon(bench.sample(after))
        for _ in range(random.randrange(60)):
            await RisingEdge(dut.clk)
        task.cancel()
        bench.stop()
        if after % 2:
            await reset(dut, 1)
        bench = Bench(dut, 0.2)
        if not after % 2:
            await RisingEdge(dut.clk)
            await bench.access(CONTROL, 1)
        for number in range(2):
            await bench.sample(number)
        bench.stop()
