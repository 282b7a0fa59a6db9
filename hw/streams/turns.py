"""What :class:`Select` and :class:`Route` share: whose turn it is."""

from __future__ import annotations

from amaranth import Module, Value
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .sequence import checked_pairs, choose, count_steps, shortened

__all__ = ["Turns"]


class Turns(wiring.Component):
    """One stream on one side, several in turn on the other: checked sequence and counter."""

    #: Cycles from accepting a word to offering it.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, payload: ShapeLike, sequence: tuple[tuple[int, int], ...], *,
                 many: str) -> None:
        self._payload = payload
        self._sequence = checked_pairs("sequence", sequence, first="way", second="words", least=0)
        self._ways = max(way for way, _ in self._sequence) + 1
        idle = sorted(set(range(self._ways)) - {way for way, _ in self._sequence})
        if idle:
            raise ValueError(f"sequence never serves way {', '.join(map(str, idle))}")
        one = stream.Signature(payload)
        super().__init__(
            {"i": In(one).array(self._ways), "o": Out(one)} if many == "i" else
            {"i": In(one), "o": Out(one).array(self._ways)})

    @property
    def payload(self) -> ShapeLike:
        return self._payload

    @property
    def sequence(self) -> tuple[tuple[int, int], ...]:
        return self._sequence

    @property
    def ways(self) -> int:
        return self._ways

    def turn(self, m: Module, advance: Value) -> Value:
        """The way whose turn it is; ``advance`` says that it took a word."""
        turns = shortened(self._sequence)
        step = count_steps(m, [words for _, words in turns], advance=advance, name="turn")
        return choose([way for way, _ in turns], step.index)
