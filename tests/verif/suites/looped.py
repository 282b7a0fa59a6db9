"""Source and sink round a wire: every word once, in order, however they pause."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from verif.streams import (
    StreamMonitor,
    StreamPorts,
    StreamSink,
    StreamSource,
    as_word,
    pauses,
    reset,
    start_clock,
)


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.6], stall=[0.0, 0.6])
async def passes_every_word(dut, idle, stall):
    words = [random.getrandbits(8) for _ in range(50)]
    start_clock(dut)
    await reset(dut)
    source = StreamSource(StreamPorts(dut, "i"), words, idle=pauses(idle, 1))
    sink = StreamSink(StreamPorts(dut, "o"), stall=pauses(stall, 2))
    StreamMonitor(StreamPorts(dut, "o"))
    assert await sink.wait(50, cycles=1000)
    assert not await sink.wait(51, cycles=20)
    assert [as_word(word) for word in sink.words] == words
    assert source.empty
    assert source.accepted == sink.taken
    if idle == stall == 0:
        assert sink.taken == list(range(sink.taken[0], sink.taken[0] + 50))
        assert sink.offered == sink.taken
    else:
        assert sink.taken[-1] - sink.taken[0] > 60
    source.stop()
    await RisingEdge(dut.clk)
    assert as_word(str(dut.i__valid.value)) == 0
