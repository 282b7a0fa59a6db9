"""Units with ``enable`` and ``start`` between streams: operands as often as they are taken."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value

from hw.streams.pipeline import valid_chain

__all__ = ["operands_taken"]


def operands_taken(m: Module, unit: Any, there: Value, o: Any, *, latency: int, interval: int,
                   eager: bool = False) -> Signal:
    """Drive ``enable`` and ``start`` of a unit and ``valid`` of its results.

    Returns whether operands that are ``there`` are taken in this cycle: ``interval`` enabled
    cycles after the last ones, or, if ``eager``, as soon as the unit's own ``ready`` lets them.
    """
    enable, free, taken = Signal(), Signal(), Signal()
    m.d.comb += [enable.eq(o.ready | ~o.valid), unit.enable.eq(enable),
                 taken.eq(enable & there & free)]
    if eager:
        m.d.comb += [unit.start.eq(there), free.eq(unit.ready), o.valid.eq(unit.valid)]
        return taken
    start = Signal()
    wait = Signal(range(max(interval, 2)))
    m.d.comb += [free.eq(wait == 0), start.eq(there & free), unit.start.eq(start),
                 o.valid.eq(valid_chain(m, start, depth=latency, enable=enable)[-1])]
    with m.If(enable):
        m.d.sync += wait.eq(Mux(start, interval - 1, Mux(wait == 0, 0, wait - 1)))
    return taken
