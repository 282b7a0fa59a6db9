"""A word for every place of a cycle: what was there the last time round."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["PlaceMemory"]


class PlaceMemory(wiring.Component):
    """Give what was stored for a place when it last had its turn, and store anew.

    In block RAM, or in a register if there is one place alone. Nothing is cleared by reset.

    Parameters
    ----------
    shape : shape
        Of a word.
    places : int
        They have their turns one after the other, cyclically.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    step : ``In(1)``
        In this enabled cycle ``place`` has its turn.
    place : ``In(range(places))``
    old : ``Out(shape)``
        What was stored for the place of the last enabled cycle.
    new : ``In(shape)``
        What to store there instead, if that was a step.
    """

    def __init__(self, shape: ShapeLike, places: int) -> None:
        self._shape, self._places = shape, as_index("places", places)
        if self._places < 1:
            raise ValueError(f"places must be at least 1, not {places}")
        super().__init__({"enable": In(1), "step": In(1), "place": In(range(self._places)),
                          "old": Out(shape), "new": In(shape)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        stepped = Signal()
        store = Signal()
        with m.If(self.enable):
            m.d.sync += stepped.eq(self.step)
        m.d.comb += store.eq(self.enable & stepped)
        if self._places == 1:
            held = Signal(self._shape, reset_less=True)
            with m.If(store):
                m.d.sync += held.eq(self.new)
            m.d.comb += self.old.eq(held)
            return m
        # Two places at least: what is stored is never what is read in the same cycle.
        place = Signal.like(self.place, name="stepped_place")
        with m.If(self.enable):
            m.d.sync += place.eq(self.place)
        m.submodules.memory = memory = Memory(
            shape=Shape.cast(self._shape).width, depth=self._places, init=[])
        read, write = memory.read_port(), memory.write_port()
        m.d.comb += [
            read.addr.eq(self.place), read.en.eq(self.enable), Value.cast(self.old).eq(read.data),
            write.addr.eq(place), write.en.eq(store), write.data.eq(Value.cast(self.new))]
        return m
