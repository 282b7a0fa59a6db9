"""The checker beside a slave that breaks a rule, or none."""

from __future__ import annotations

import cocotb
from cocotb.triggers import NextTimeStep

from tests.support.wishbone import WishboneChecker, WishboneMaster, WishbonePorts
from verif.streams import pauses, reset, start_clock


@cocotb.test()
@cocotb.parametrize(fault=list(range(8)))
async def obeys(dut, fault):
    dut.fault.value = fault
    start_clock(dut)
    ports = WishbonePorts(dut)
    master = WishboneMaster(ports, pauses(0.4, cocotb.RANDOM_SEED))
    await reset(dut)
    checker = WishboneChecker(ports, soonest=1, latest=20)
    for number in range(100):
        await master.transfer(number % 8, patience=1 if number % 5 == 0 else None)
    await NextTimeStep()
    assert checker.ends["ack"] == 80
