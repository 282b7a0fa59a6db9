# amaranth: UnusedElaboratable=no
"""What is counted of an accelerator: here a model of one, whose words come when they are told."""

from __future__ import annotations

import pytest
from amaranth import Module
from amaranth.sim import Simulator

from boards.shell.accelerator import Accelerator
from tests.support.register_maps import a_stream


class Puppet(Accelerator):
    """Streams that a test moves: inputs are always taken, outputs offered as it says."""

    def _instance(self):
        m = Module()
        for each in self._streams:
            member = getattr(self, each.name)
            m.d.comb += (member.ready if each.direction == "in" else member.valid).eq(1)
        return m


def run(streams, bench):
    puppet = Puppet("top", streams)

    async def testbench(ctx):
        async def move(*names, cycles=1):
            for each in streams:
                member = getattr(puppet, each.name)
                signal = member.valid if each.direction == "in" else member.ready
                ctx.set(signal, each.name in names)
            for _ in range(cycles):
                assert ctx.get(puppet.moved) == bool(names)
                await ctx.tick()

        await bench(puppet, ctx, move)

    simulator = Simulator(puppet)
    simulator.add_clock(1e-8)
    simulator.add_testbench(testbench)
    simulator.run()


def words(name, direction, count):
    return a_stream(name, direction, lanes=1, vector=count)


def test_latency_is_that_of_the_last_output():
    async def bench(puppet, ctx, move):
        for first, last in ((5, 50), (7, 7), (1, 30)):
            await move("i")
            await move(cycles=first - 1)
            await move(*(("y", "z") if first == last else ("y",)))
            if first != last:
                await move(cycles=last - first - 1)
                await move("z")
            await move(cycles=3)
            assert ctx.get(puppet.latency) == last
            assert not ctx.get(puppet.busy)

    run([words("i", "in", 1), words("y", "out", 1), words("z", "out", 1)], bench)


def test_latency_is_of_the_sample_that_found_it_idle():
    """The second, which began while the first was under way, is not measured."""
    async def bench(puppet, ctx, move):
        await move("i", cycles=6)
        await move(cycles=4)
        await move("o", cycles=2)
        await move()
        assert ctx.get(puppet.latency) == 11
        await move("o", cycles=2)
        await move()
        assert ctx.get(puppet.latency) == 11
        assert not ctx.get(puppet.busy)

    run([words("i", "in", 3), words("o", "out", 2)], bench)


def test_busy_and_part():
    async def bench(puppet, ctx, move):
        def state():
            return tuple(ctx.get(getattr(puppet, name)) for name in ("busy", "part", "waits"))

        assert state() == (0, 0, 0)
        await move("i")
        assert state() == (1, 1, 1)
        await move("i")
        assert state() == (1, 1, 1)     # the other input's sample has not come
        await move("j")
        assert state() == (1, 0, 0)
        await move("o")
        assert state() == (0, 0, 0)
        await move("i", "j")
        assert state() == (1, 1, 1)
        ctx.set(puppet.clear, 1)
        await move()
        ctx.set(puppet.clear, 0)
        assert state() == (0, 0, 0)

    run([words("i", "in", 2), words("j", "in", 1), words("o", "out", 1)], bench)


@pytest.mark.parametrize("samples", [255, 300])
def test_counts_go_round(samples):
    async def bench(puppet, ctx, move):
        for _ in range(samples):
            await move("i")
            assert ctx.get(puppet.busy)
            await move("o")
            assert not ctx.get(puppet.busy)
        await move()
        assert ctx.get(puppet.latency) == 1

    run([words("i", "in", 1), words("o", "out", 1)], bench)
