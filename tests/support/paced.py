"""Components with ``enable`` and ``start``, given operands as often as they take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from amaranth.sim import Simulator

__all__ = ["run_paced"]


def run_paced(unit: Any, count: int, give: Callable[[Any, int, bool], None],
              take: Callable[[Any], Any], rng: np.random.Generator) -> list[Any]:
    """What ``take`` reads of the results of ``count`` operands, in Amaranth's simulator.

    ``give(context, number, started)`` sets the operands, or with ``started`` low whatever must
    not matter. Pauses of the enable are drawn; operands start every ``unit.interval`` enabled
    cycles and results are read ``unit.latency`` enabled cycles later.
    """
    found: list[Any] = []

    async def bench(ctx: Any) -> None:
        due: list[int] = []
        cycle, given = 0, 0
        while len(found) < count:
            enable = bool(rng.random() < 0.8)
            started = given < count and cycle % unit.interval == 0
            ctx.set(unit.enable, enable)
            if hasattr(unit, "start"):
                ctx.set(unit.start, started)
            give(ctx, min(given, count - 1), started)
            if enable:
                if due and due[0] == cycle:
                    due.pop(0)
                    found.append(take(ctx))
                if started:
                    due.append(cycle + unit.latency)
                    given += 1
                cycle += 1
            await ctx.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return found
