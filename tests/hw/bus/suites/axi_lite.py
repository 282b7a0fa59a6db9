"""AXI4-Lite transfers by cocotbext-axi's manager against a model of the registers."""

from __future__ import annotations

import random
from types import SimpleNamespace

import cocotb
from cocotb.triggers import NextTimeStep, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from tests.support.register_model import RegisterModel, fails
from verif.streams import StreamMonitor, cycle, pauses, reset, start_clock

#: As the test builds it.
ADDRESS_WIDTH = 5


class _Fields:
    """Several signals as one payload."""

    def __init__(self, *signals):
        self._signals = signals

    @property
    def value(self):
        return "".join(str(signal.value) for signal in self._signals)


def responses(dut):
    """Monitors of the channels that the component drives."""
    channels = {"b": _Fields(dut.axi__bresp), "r": _Fields(dut.axi__rresp, dut.axi__rdata)}
    return [StreamMonitor(SimpleNamespace(
        name=name, clk=dut.clk, payload=payload, valid=getattr(dut, f"axi__{name}valid"),
        ready=getattr(dut, f"axi__{name}ready"))) for name, payload in channels.items()]


class Bench:
    """Manager, registers and monitors round the component."""

    def __init__(self, dut, pause=0.0, wait=0.0):
        seed = f"{cocotb.RANDOM_SEED} {pause} {wait}"
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "axi_"), dut.clk, dut.rst)
        write, read = self.master.write_if, self.master.read_if
        self.channels = (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel,
                         read.r_channel)
        for number, channel in enumerate(self.channels):
            channel.set_pause_generator(pauses(pause, f"{seed} {number}"))
        self.model = RegisterModel(dut, ADDRESS_WIDTH, pauses(wait, f"{seed} registers"))
        self.monitors = responses(dut)

    def stop(self):
        self.model.stop()
        for monitor in self.monitors:
            monitor.stop()
        for channel in self.channels:
            channel.clear_pause_generator()

    async def write(self, address, data, strobes=0b1111, gap=0):
        """By the channels themselves: any strobes, data ``gap`` cycles after the address."""
        write = self.master.write_if
        to = write.aw_channel._transaction_obj(awaddr=address)
        what = write.w_channel._transaction_obj(wdata=data, wstrb=strobes)
        parts = [(write.aw_channel, to), (write.w_channel, what)]
        for channel, part in parts if gap >= 0 else parts[::-1]:
            await channel.send(part)
            for _ in range(abs(gap)):
                await RisingEdge(write.clock)
            gap = 0
        return AxiResp(int((await write.b_channel.recv()).bresp))


async def writes(bench, count, answers):
    """Whole words, and some bytes of one, at any address."""
    for _ in range(count):
        address, size = random.randrange(4 << ADDRESS_WIDTH), 4
        if random.random() < 0.75:
            address &= ~3
        else:
            size = random.randint(1, 4 - address % 4)
        data = random.randbytes(size)
        response = await bench.master.write(address, data)
        if size == 4:
            answers.append((address // 4, int.from_bytes(data, "little"), response.resp))
        else:
            assert response.resp == AxiResp.SLVERR, f"{address} {size} bytes: {response.resp}"


async def reads(bench, count, answers):
    for _ in range(count):
        address = random.randrange(1 << ADDRESS_WIDTH)
        response = await bench.master.read(4 * address, 4)
        answers.append((address, int.from_bytes(response.data, "little"), response.resp))


async def transfers(bench, count):
    """Reads and writes at the same time: what reached the registers is what was answered."""
    written, read = [], []
    tasks = [cocotb.start_soon(writes(bench, count // 2, written)),
             cocotb.start_soon(reads(bench, count // 2, read))]
    before, mirror = len(bench.model.accesses), list(bench.model.registers)
    for task in tasks:
        await task
    await NextTimeStep()
    accesses = bench.model.accesses[before:]
    for write, answers in ((True, written), (False, read)):
        heard = [each for each in accesses if each.write == write]
        assert [(each.address, each.data) for each in heard] \
            == [(address, data) for address, data, _ in answers]
        for address, _, response in answers:
            wanted = AxiResp.SLVERR if fails(address) else AxiResp.OKAY
            assert response == wanted, f"{address}: {response!r} where {wanted!r} was expected"
    # In the order in which they came to the registers, reads see what was written before.
    for each in accesses:
        if each.error:
            continue
        if each.write:
            mirror[each.address] = each.data
        else:
            assert each.data == mirror[each.address]
            mirror[each.address] = (mirror[each.address] + 1) % (1 << 32)


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize((("pause", "wait"), [(0, 0), (0.6, 0), (0, 0.6), (0.4, 0.4)]))
async def answers_as_the_registers_do(dut, pause, wait):
    start_clock(dut)
    bench = Bench(dut, pause, wait)
    await reset(dut)
    await transfers(bench, 1000)
    bench.stop()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def takes_address_and_data_in_any_order(dut):
    start_clock(dut)
    bench = Bench(dut)
    await reset(dut)
    for gap in range(-12, 13):
        assert await bench.write(8, 100 + gap, gap=gap) == AxiResp.OKAY
        assert bench.model.registers[2] == 100 + gap


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def writes_whole_words_only(dut):
    """No byte: OKAY and no access; some bytes: SLVERR and no access."""
    start_clock(dut)
    bench = Bench(dut)
    await reset(dut)
    for strobes in range(16):
        before = len(bench.model.accesses)
        response = await bench.write(4, strobes, strobes)
        await NextTimeStep()
        whole = strobes == 0b1111
        assert response == (AxiResp.OKAY if strobes in (0, 0b1111) else AxiResp.SLVERR)
        assert len(bench.model.accesses) == before + whole


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def takes_turns(dut):
    """Reads and writes that all wait alternate, and each kind is held up by its own alone."""
    start_clock(dut)
    bench = Bench(dut)
    await reset(dut)
    written, read = ([cocotb.start_soon(each(4 * k)) for k in range(6)]
                     for each in (lambda address: bench.master.write(address, bytes(4)),
                                  lambda address: bench.master.read(address, 4)))
    for task in (*written, *read):
        await task
    await NextTimeStep()
    kinds = [each.write for each in bench.model.accesses]
    assert kinds in ([True, False] * 6, [False, True] * 6), kinds

    write, read = bench.master.write_if, bench.master.read_if
    # Their responses differ from each other: none may take another's place.
    for channel, hold, free in (
            (write.b_channel, lambda k: bench.master.init_write(28 * (k % 2), bytes(4)),
             lambda: bench.master.init_read(4, 4)),
            (read.r_channel, lambda k: bench.master.init_read(0, 4),
             lambda: bench.master.init_write(4, bytes(4)))):
        channel.set_pause_generator(pauses(1, 0))
        await RisingEdge(dut.clk)
        held, others = [hold(k) for k in range(4)], [free() for _ in range(3)]
        for _ in range(150):
            await RisingEdge(dut.clk)
        assert not any(event.is_set() for event in held)
        assert all(event.is_set() for event in others), "one kind holds up the other"
        channel.set_pause_generator(pauses(0, 0))
        for event in held:
            await event.wait()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def answers_as_soon_as_is_said(dut):
    """Four cycles after the request with registers that answer one after theirs."""
    start_clock(dut)
    bench = Bench(dut)
    await reset(dut)
    for valid, ready, answer, start in (
            (dut.axi__arvalid, dut.axi__arready, dut.axi__rvalid,
             lambda: bench.master.init_read(4, 4)),
            (dut.axi__awvalid, dut.axi__awready, dut.axi__bvalid,
             lambda: bench.master.init_write(4, bytes(4)))):
        event, asked = start(), None
        while answer.value != 1:
            await RisingEdge(dut.clk)
            if valid.value == 1 and ready.value == 1:
                asked = cycle()
        assert cycle() - asked == 4
        await event.wait()


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def is_usable_after_a_reset(dut):
    """A reset in any state of a transfer."""
    start_clock(dut)
    bench = Bench(dut, 0.3, 0.5)
    await reset(dut)
    for after in range(1, 16):
        bench.master.init_write(4, bytes(4))
        bench.master.init_read(8, 4)
        for _ in range(after):
            await RisingEdge(dut.clk)
        bench.model.stop()
        for monitor in bench.monitors:
            monitor.stop()
        await reset(dut, 2)
        bench.model = RegisterModel(dut, ADDRESS_WIDTH, pauses(0.3, after))
        bench.monitors = responses(dut)
        await transfers(bench, 40)


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def outputs_follow_the_clock_alone(dut):
    """No input reaches an output within a clock cycle."""
    start_clock(dut)
    outputs = [getattr(dut, f"axi__{name}") for name in (
        "awready", "wready", "arready", "bvalid", "bresp", "rvalid", "rresp", "rdata")]
    inputs = [getattr(dut, f"axi__{name}") for name in (
        "awvalid", "awaddr", "wvalid", "wdata", "wstrb", "bready", "arvalid", "araddr", "rready")]
    for line in inputs:
        line.value = 0
    await reset(dut)
    model = RegisterModel(dut, ADDRESS_WIDTH, pauses(0.3, 1))
    changes = 0
    held = None
    for _ in range(400):
        await RisingEdge(dut.clk)
        await NextTimeStep()
        before = [str(line.value) for line in outputs]
        changes += before != held
        held = before
        for line in inputs:
            line.value = random.getrandbits(len(line))
        await NextTimeStep()
        assert [str(line.value) for line in outputs] == before
    assert changes > 50
    model.stop()
