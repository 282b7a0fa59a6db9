"""Wishbone cycles against a model of the registers."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import NextTimeStep, RisingEdge

from tests.support.register_model import RegisterModel, fails
from tests.support.wishbone import WishboneChecker, WishboneMaster, WishbonePorts
from verif.streams import cycle, pauses, reset, start_clock

#: As the test builds it.
ADDRESS_WIDTH = 5

#: A cycle that is refused ends in the clock cycle after its first.
SOONEST = 1


class Bench:
    """Master, registers and checker round the component."""

    def __init__(self, dut, pause=0.5, wait=0.5):
        seed = f"{cocotb.RANDOM_SEED} {pause} {wait}"
        ports = WishbonePorts(dut)
        self.master = WishboneMaster(ports, pauses(pause, f"{seed} master"))
        self.model = RegisterModel(dut, ADDRESS_WIDTH, pauses(wait, f"{seed} registers"))
        self.checker = WishboneChecker(ports, soonest=SOONEST)
        self.expected = list(self.model.registers)

    def stop(self):
        self.master.release()
        self.model.stop()
        self.checker.stop()

    async def heard(self, since=0):
        """The accesses that reached the registers, with the one that ends at this clock edge."""
        await NextTimeStep()
        return [(each.address, each.write) for each in self.model.accesses[since:]]

    async def transfers(self, count):
        """Any accesses: each answered as the registers do, or refused before they hear of it."""
        heard = []
        for _ in range(count):
            address = random.randrange(1 << ADDRESS_WIDTH)
            write, select = random.random() < 0.5, random.choice([0b1111, random.getrandbits(4)])
            data = random.getrandbits(32) if write else None
            refused = write and select != 0b1111
            found, error = await self.master.transfer(address, data, select)
            assert error == (refused or fails(address)), f"{address}: err is {error}"
            if not refused:
                heard.append((address, write))
            if error:
                continue
            if write:
                self.expected[address] = data
            else:
                wanted = self.expected[address]
                assert found == wanted, f"{address}: {found:08x} where {wanted:08x} was written"
                self.expected[address] = (wanted + 1) % (1 << 32)
        assert await self.heard() == heard
        assert self.model.registers == self.expected
        assert sum(self.checker.ends.values()) == count
        assert min(self.checker.ends.values()) > 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("pause", "wait"), [(0, 0), (0.5, 0), (0, 0.6), (0.4, 0.4)]))
async def answers_as_the_registers_do(dut, pause, wait):
    start_clock(dut)
    await reset(dut)
    bench = Bench(dut, pause, wait)
    await bench.transfers(1000)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def ends_as_soon_as_is_said(dut):
    """Two clock cycles after the first with registers that answer one after the request."""
    start_clock(dut)
    await reset(dut)
    bench = Bench(dut, 0, 0)
    for address, data, select, takes in ((1, None, 0, 2), (2, 5, 0b1111, 2), (3, 5, 0b0111, 1)):
        begun = cycle()
        await bench.master.transfer(address, data, select)
        assert cycle() - begun == takes + 1, f"{cycle() - begun - 1} where {takes} is declared"


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def survives_masters_that_give_up(dut):
    """What was asked reaches the registers once or never, and the next answer is the next one's."""
    start_clock(dut)
    await reset(dut)
    bench = Bench(dut, 0.3, 0.7)
    given_up = 0
    while given_up < 300:
        address, before = random.randrange(7), len(bench.model.accesses)
        write, number = random.random() < 0.5, random.getrandbits(32)
        refused = write and random.random() < 0.3
        found = await bench.master.transfer(address, number if write else None,
                                            0b0111 if refused else 0b1111,
                                            patience=random.randint(1, 6))
        given_up += found is None
        # It ends before this one does.
        mark = 8 + random.randrange(7)
        assert await bench.master.transfer(mark, number) == (0, False)
        assert await bench.master.transfer(mark) == (number, False)
        heard = await bench.heard(before)
        first = [] if refused else [(address, write)]
        assert heard in ([*first, (mark, True), (mark, False)],
                         *([[(mark, True), (mark, False)]] if found is None else []))
    assert given_up == 300


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def is_usable_after_a_reset(dut):
    """A reset in any state of a transfer."""
    start_clock(dut)
    await reset(dut)
    for after in range(12):
        bench = Bench(dut, 0, 0.7)
        task = cocotb.start_soon(bench.master.transfer(after % 7, None if after % 2 else 5))
        for _ in range(after):
            await RisingEdge(dut.clk)
        task.cancel()
        bench.stop()
        await reset(dut, 1)
        bench = Bench(dut, 0.2, 0.2)
        await bench.transfers(40)
        bench.stop()
