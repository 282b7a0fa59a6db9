"""The control of a pipeline that stalls as a whole: valid bits and one enable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

from amaranth import Cat, Module, Signal, Value
from amaranth.lib.wiring import PureInterface

from sw_model.formats import as_index

__all__ = ["stalling_pipeline", "valid_chain"]


def valid_chain(m: Module, first: Value, *, depth: int, enable: Value) -> tuple[Signal, ...]:
    """Valid bits of ``depth`` register stages behind ``first``, moving while ``enable``.

    Entry ``k`` says whether stage ``k`` (the registers written at clock edge ``k`` after
    acceptance, counted from 0) holds a word. All are cleared by reset.
    """
    depth = as_index("depth", depth)
    if depth < 1:
        raise ValueError(f"depth must be at least 1, not {depth}")
    stages = tuple(Signal(name=f"valid_{k}") for k in range(depth))
    with m.If(enable):
        m.d.sync += Cat(stages).eq(Cat(first, stages[:-1]))
    return stages


def stalling_pipeline(
    m: Module,
    i: PureInterface | Sequence[PureInterface],
    o: PureInterface,
    *,
    depth: int,
    keep: Value | None = None,
) -> Signal:
    """Drive the handshakes of a pipeline of ``depth`` register stages; returns its enable.

    All stages move together, in every cycle in which the output register is empty or being
    emptied, so the pipeline accepts and offers one word a cycle and has a latency of
    ``depth`` cycles. While no word is in it or offered to it, data registers rest: a unit
    that waits most of the time, as rescale units do, neither toggles nor costs simulators
    time. The caller clocks its data registers under the enable and drives
    ``o.payload`` from the last of them::

        enable = stalling_pipeline(m, self.i, self.o, depth=2)
        with m.If(enable):
            m.d.sync += product.eq(self.i.payload[0] * self.i.payload[1])
            m.d.sync += self.o.payload[0].eq(product >> 4)

    Data registers need no reset, since the valid bits have one.

    Parameters
    ----------
    m : Module
        Gets the valid bits and drives ``ready`` of the inputs and ``valid`` of ``o``.
    i : stream, or several
        Inputs as seen inside the component. Several are taken in step: a word of each or
        of none.
    o : stream
        Output as seen inside the component.
    depth : int
        Register stages from ``i.payload`` to ``o.payload``, at least 1.
    keep : Value, optional
        Whether the word taken in this cycle gives a result; default always. A unit that
        sums over several words keeps the last of them.
    """
    inputs = tuple(i) if isinstance(i, Sequence) else (i,)
    if not inputs:
        raise ValueError("a pipeline needs at least one input stream")
    enable = Signal()
    m.d.comb += enable.eq(o.ready | ~o.valid)
    for stream in inputs:
        others = [other.valid for other in inputs if other is not stream]
        m.d.comb += stream.ready.eq(reduce(and_, others, enable))
    taken = reduce(and_, [stream.valid for stream in inputs])
    stages = valid_chain(m, taken if keep is None else taken & keep, depth=depth, enable=enable)
    moving = Signal()
    m.d.comb += [o.valid.eq(stages[-1]), moving.eq(enable & reduce(or_, stages[:-1], taken))]
    return moving
