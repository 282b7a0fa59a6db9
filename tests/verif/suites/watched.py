"""Watch the tap ``o`` while its consumer is ready every third cycle."""

import cocotb
from cocotb.triggers import RisingEdge

from verif.streams import StreamMonitor, StreamPorts, reset, start_clock


@cocotb.test()
async def obeys_the_rules(dut):
    start_clock(dut)
    dut.o_ready.value = 0
    await reset(dut)
    StreamMonitor(StreamPorts(dut, "o", separator="_"))
    for number in range(60):
        dut.o_ready.value = int(number % 3 == 2)
        await RisingEdge(dut.clk)
