# amaranth: UnusedElaboratable=no
"""Patience, data ports and the reset at power-up, each by itself."""

from __future__ import annotations

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from boards.shell.data_port import DataPort
from boards.shell.patience import Patience
from boards.shell.power_on import PowerOn
from boards.shell.shells import divisor_of, make_shell
from sw_model.faults import InputFault


def run(component, bench, domain="sync"):
    simulator = Simulator(component)
    if domain:
        simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("period", [1, 2, 5])
@pytest.mark.parametrize("start", [1, 7, 8])
def test_patience_ends_in_the_tick_after_its_period(period, start):
    patience = Patience(8)

    async def bench(ctx):
        ctx.set(patience.period, period)
        await ctx.tick().repeat(start)
        ctx.set(patience.waits, 1)
        waited = 0
        while not ctx.get(patience.expired):
            await ctx.tick()
            waited += 1
        assert period * 8 <= waited < (period + 1) * 8
        # What moves, or no longer waits, has the whole time again.
        await ctx.tick()
        for name, value in (("moved", 1), ("waits", 0)):
            await ctx.tick().repeat(8 * period - 1)
            ctx.set(getattr(patience, name), value)
            await ctx.tick()
            ctx.set(getattr(patience, name), 1 - value)
            for _ in range(8 * period):
                assert not ctx.get(patience.expired)
                await ctx.tick()
            ctx.set(patience.moved, 1)
            await ctx.tick()
            ctx.set(patience.moved, 0)

    run(patience, bench)


def test_patience_refuses():
    for tick in (0, 1, 3, 12):
        with pytest.raises(ValueError, match=f"power of two, at least 2, not {tick}"):
            Patience(tick)


@pytest.mark.parametrize("beats", [1, 3])
@pytest.mark.parametrize("into", [False, True])
def test_data_port(beats, into):
    port = DataPort(beats, into=into)

    async def bench(ctx):
        other = port.beats.ready if into else port.beats.valid
        for number in range(3 * beats):
            assert ctx.get(port.samples) == number // beats
            begun = into and number % beats != 0
            for there in (0, 1):
                ctx.set(other, there)
                assert ctx.get(port.ready) == there
                assert ctx.get(port.begun) == begun
                assert ctx.get(port.late) == (begun and there)
                assert not ctx.get(port.moves)
                await ctx.tick()
            if into:
                ctx.set(port.data, 7 * number)
            else:
                ctx.set(port.beats.payload, 7 * number)
            ctx.set(port.access, 1)
            assert ctx.get(port.moves)
            assert ctx.get(port.beats.payload if into else port.data) == 7 * number
            await ctx.tick()
            ctx.set(port.access, 0)

    run(port, bench)


class Counter(wiring.Component):
    """What is held in reset stays at 0."""

    def __init__(self):
        super().__init__({"step": In(4), "o": Out(16)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.o + self.step)
        return m


def test_power_on():
    top = PowerOn(Counter(), 2e6)
    assert top.cycles == 32

    async def bench(ctx):
        async def ticks(count):
            for _ in range(count):
                ctx.set(top.clk, 1)
                await ctx.delay(1e-9)
                ctx.set(top.clk, 0)
                await ctx.delay(1e-9)

        ctx.set(top.step, 3)
        for _ in range(2):
            await ticks(27)
            assert ctx.get(top.o) == 0
            await ticks(20)
            assert ctx.get(top.o) >= 3 * 10
            ctx.set(top.reset, 1)
            await ticks(8)
            assert ctx.get(top.o) == 0
            ctx.set(top.reset, 0)
            await ticks(4)

    run(top, bench, domain=None)
    with pytest.raises(ValueError, match="hz must be above 0, not 0"):
        PowerOn(Counter(), 0)


def test_divisors():
    assert divisor_of(12, 1_000_000) == 12
    assert divisor_of(12, 115_200) == 104
    assert divisor_of(48, 1_000_000) == 48
    for clock, baud in ((12, 5_000_000), (12, 1_750_000), (1, 1_000_000)):
        with pytest.raises(InputFault, match=f"{clock} MHz has no {baud} baud"):
            divisor_of(clock, baud)
    with pytest.raises(InputFault, match="at least 1, not 0"):
        divisor_of(12, 0)


def test_no_such_shell(tmp_path):
    with pytest.raises(InputFault, match="no shell 'usb', only uart, spi, wishbone, axi, self"):
        make_shell(tmp_path, "usb", clock_mhz=12)
