"""Whole inferences over the bus of a LiteX system.

``GATEMILL_LITEX`` holds the address of the peripheral, its registers, and samples as the words
that go in and come out.
"""

from __future__ import annotations

import json
import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from tests.support.wishbone import WishboneChecker, WishboneMaster, WishbonePorts
from verif.streams import PERIOD, pauses

JOB = json.loads(os.environ.get("GATEMILL_LITEX", "{}"))


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.5])
async def inferences(dut, pause):
    Clock(dut.sys_clk, PERIOD, unit="ns").start()
    ports = WishbonePorts(dut, "master_", "sys_clk")
    master = WishboneMaster(ports, pauses(pause, cocotb.RANDOM_SEED))
    dut.sys_rst.value = 1
    for _ in range(3):
        await RisingEdge(dut.sys_clk)
    dut.sys_rst.value = 0
    WishboneChecker(ports, soonest=0, latest=5000)

    async def access(name, data=None):
        return await master.transfer((JOB["origin"] + JOB["registers"][name]) // 4, data)

    assert await access("MAGIC") == (int.from_bytes(b"GMIL", "big"), False)
    assert await access("ID_0") == (JOB["identity"], False)
    assert (await access("MAGIC", 1))[1], "a register that is only read was written"
    for given, wanted in JOB["samples"]:
        for word in given:
            assert await access("I_DATA", word) == (0, False)
        seen = [(await access("O_DATA")) for _ in wanted]
        assert seen == [(word, False) for word in wanted]
    assert await access("I_SAMPLES") == (len(JOB["samples"]), False)
