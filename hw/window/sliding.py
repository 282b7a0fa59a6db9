# amaranth: UnusedElaboratable=no
"""Windows along one axis: the sum or the largest of each."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.specs import WindowAxis

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.maximum_tree import maximum_tree
from ..arith.registered import registered
from ..network.loops import Loops
from ..shapes import shape_between
from ..streams.pipeline import stalling_pipeline
from .place_memory import PlaceMemory

__all__ = ["Sliding", "SlidingMaximum", "SlidingSum"]


class Sliding(wiring.Component):
    """The base: sequences of ``axis.size`` elements go in, of ``axis.outputs`` come out.

    An element is ``words`` words. A memory holds the last ``kernel - 1`` elements; a tree takes
    them with the newest, padding as what changes no result. Takes a word every cycle, but for
    the elements of padding behind a sequence that its last windows wait for: those take as many
    cycles as if they were there.

    Parameters
    ----------
    bounds : (int, int)
        Least and greatest number that goes in.
    found : (int, int)
        Least and greatest result.
    lanes : int
    axis : WindowAxis
    words : int
        Of an element.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(shape_between(*bounds), lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(shape_between(*found), lanes)))``
    """

    def __init__(self, bounds: tuple[int, int], found: tuple[int, int], lanes: int,
                 axis: WindowAxis, words: int) -> None:
        if not isinstance(axis, WindowAxis):
            raise TypeError(f"axis must be a WindowAxis, not {axis!r}")
        self._lanes, self._words = as_index("lanes", lanes), as_index("words", words)
        for name, value in (("lanes", self._lanes), ("words", self._words)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self._bounds, self._found, self._axis = bounds, found, axis
        source, target = (ArrayLayout(shape_between(*each), lanes) for each in (bounds, found))
        super().__init__({"i": In(stream.Signature(source)), "o": Out(stream.Signature(target))})

    @property
    def axis(self) -> WindowAxis:
        return self._axis

    @property
    def found(self) -> tuple[int, int]:
        """Least and greatest result."""
        return self._found

    @property
    def latency(self) -> int:
        """Cycles from taking the word that completes a window to offering its result."""
        return 1 + tree_depth(self._axis.kernel)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, axis = Module(), self._axis
        m.submodules.loops = loops = Loops(((self._words, axis.steps),))
        place, position = loops.index_0, loops.index_1
        padding = position >= axis.size
        steps = stream.Signature(self.i.payload.shape()).create()
        m.d.comb += [steps.valid.eq(self.i.valid | padding),
                     self.i.ready.eq(steps.ready & ~padding)]
        step = steps.valid & steps.ready
        m.d.comb += loops.advance.eq(step)
        enable = stalling_pipeline(m, steps, self.o, depth=self.latency,
                                   keep=self._completes(m, loops))
        elements = self._elements(m, step, place, enable)
        inside = [registered(m, self._is_inside(position, back), enable=enable,
                             name=f"inside_{back}") for back in range(axis.kernel)]
        for lane in range(self._lanes):
            taps = [Mux(tap, element[lane], self._neutral)
                    for tap, element in zip(inside, elements, strict=True)]
            m.d.comb += self.o.payload[lane].eq(self._tree(m, taps, enable, f"lane_{lane}"))
        return m

    def _completes(self, m: Module, loops: Loops) -> Value:
        """Whether the element at hand is the last of a window."""
        first = self._axis.kernel - 1 - self._axis.before
        until = Signal(range(max(first, self._axis.stride - 1) + 1), init=first)
        with m.If(loops.advance & loops.last_0):
            m.d.sync += until.eq(Mux(loops.last_1, first, Mux(
                until == 0, self._axis.stride - 1, until - 1)))
        return until == 0

    def _elements(self, m: Module, step: Value, place: Value, enable: Value) -> list[Any]:
        """The newest element's word, registered, and the same of those before it."""
        vector, more = self.i.payload.shape(), self._axis.kernel - 1
        newest = registered(m, self.i.payload.as_value(), enable=enable, name="newest")
        if not more:
            return [vector(newest)]
        m.submodules.memory = memory = PlaceMemory(ArrayLayout(vector, more), self._words)
        m.d.comb += [memory.enable.eq(enable), memory.step.eq(step), memory.place.eq(place),
                     memory.new[0].eq(newest)]
        m.d.comb += [memory.new[back].eq(memory.old[back - 1]) for back in range(1, more)]
        return [vector(newest), *(memory.old[back] for back in range(more))]

    def _is_inside(self, position: Value, back: int) -> Value:
        """Whether the element ``back`` places before the position is none of padding."""
        axis, inside = self._axis, Const(1, 1)
        if back > axis.kernel - 1 - axis.before:
            inside = inside & (position >= back)
        if axis.steps - 1 - back >= axis.size:
            inside = inside & (position < axis.size + back)
        return inside

    @property
    @abstractmethod
    def _neutral(self) -> int:
        """What changes no result."""

    @abstractmethod
    def _tree(self, m: Module, taps: list[Value], enable: Value, name: str) -> Value:
        """The result of the taps, ``tree_depth(kernel)`` enabled cycles later."""


class SlidingMaximum(Sliding):
    """The largest of each window. See :class:`Sliding` for rate and order.

    Parameters
    ----------
    bounds : (int, int)
        Least and greatest number.
    lanes : int
    axis : WindowAxis
    words : int

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(shape_between(*bounds), lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(shape_between(*bounds), lanes)))``
    """

    def __init__(self, bounds: tuple[int, int], lanes: int, axis: WindowAxis, words: int) -> None:
        super().__init__(bounds, bounds, lanes, axis, words)

    @property
    def _neutral(self) -> int:
        return self._bounds[0]

    def _tree(self, m: Module, taps: list[Value], enable: Value, name: str) -> Value:
        return maximum_tree(m, taps, enable=enable, name=name)


class SlidingSum(Sliding):
    """The sum of each window, without overflow. See :class:`Sliding` for rate and order.

    Parameters
    ----------
    bounds : (int, int)
        Least and greatest number that goes in.
    lanes : int
    axis : WindowAxis
    words : int

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(shape_between(*bounds), lanes)))``
    o : ``Out(stream.Signature(ArrayLayout(shape_between(*found), lanes)))``
        ``found``: ``axis.kernel`` times the bounds.
    """

    def __init__(self, bounds: tuple[int, int], lanes: int, axis: WindowAxis, words: int) -> None:
        least, most = (min(axis.kernel * bounds[0], 0), max(axis.kernel * bounds[1], 0))
        super().__init__(bounds, (least, most), lanes, axis, words)

    @property
    def _neutral(self) -> int:
        return 0

    def _tree(self, m: Module, taps: list[Value], enable: Value, name: str) -> Value:
        return adder_tree(m, taps, enable=enable, name=name)
