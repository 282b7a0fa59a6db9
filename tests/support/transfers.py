"""When words go over the streams of a component, in Amaranth's simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.lib import wiring
from amaranth.sim import Simulator

__all__ = ["transfers"]


def transfers(component: wiring.Component, given: Mapping[str, Sequence[int]], o: str, count: int
              ) -> tuple[dict[str, list[int]], list[int]]:
    """Cycles in which each word of every stream goes over, and the words that leave.

    Inputs offer a word in every cycle, as payloads, until they have none, and the output takes
    all; it ends with the ``count``-th word there.
    """
    seen: dict[str, list[int]] = {name: [] for name in (*given, o)}
    words: list[int] = []

    async def bench(ctx: Any) -> None:
        output, cycle = getattr(component, o), 0
        ctx.set(output.ready, 1)
        while len(words) < count:
            for name, payloads in given.items():
                stream, place = getattr(component, name), len(seen[name])
                ctx.set(stream.valid, place < len(payloads))
                if place < len(payloads):
                    ctx.set(stream.payload.as_value(), payloads[place])
            for name, cycles in seen.items():
                stream = getattr(component, name)
                if ctx.get(stream.valid) and ctx.get(stream.ready):
                    cycles.append(cycle)
            if ctx.get(output.valid):
                words.append(ctx.get(output.payload.as_value()))
            await ctx.tick()
            cycle += 1

    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return seen, words
