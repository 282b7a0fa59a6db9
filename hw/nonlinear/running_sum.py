# amaranth: UnusedElaboratable=no
"""The largest element of a row and a sum relative to it, from one pass over the row."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import ExtendedExponentialSpec, SinglePassSoftmaxSpec

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..rows import in_row, row_layout
from ..rows.reduce import range_of
from ..shapes import shape_between, shape_of
from ..streams.pipeline import stalling_pipeline, valid_chain
from ..unique import Unique
from .exp2 import Exp2Lane
from .extended_exponential import power_layout

__all__ = ["RunningExponentials", "RunningPowers", "RunningSum", "capped"]


def capped(distance: Value, most: int) -> Value:
    """``distance`` on as many bits as ``most`` has, all of them ones if it has more."""
    width = most.bit_length()
    return distance[:width] | distance[width:].any().replicate(width)


class RunningSum(wiring.Component):
    """The base: a word every cycle goes in, maximum and sum of each row come out, in order.

    With each word the maximum becomes that of all so far, what was summed decays by the
    distance to the one before, and the word's terms, relative to the new one, are added.

    Parameters
    ----------
    element, key, term : shape
        Of an element, of what of it the maximum is taken, and of a term.
    lanes, longest : int
        Of the longest row there is room for so many of the largest terms.

    Members
    -------
    i : ``In(stream.Signature(row_layout(element, lanes)))``
    o : ``Out(stream.Signature(StructLayout({"most": key, "total": ...})))``
    """

    #: Cycles for each word.
    interval = 1
    #: Enabled cycles that terms and decays take.
    depth: int

    def __init__(self, element: ShapeLike, key: ShapeLike, term: ShapeLike, lanes: int,
                 longest: int) -> None:
        self._element, self._lanes = element, lanes
        self._key, self._term = Shape.cast(key), Shape.cast(term)
        total = shape_between(0, longest * range_of(term)[1])
        super().__init__({
            "i": In(stream.Signature(row_layout(element, lanes))),
            "o": Out(stream.Signature(StructLayout({"most": self._key, "total": total})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering what was found."""
        return 2 * tree_depth(self._lanes) + self.depth + 2

    @abstractmethod
    def key(self, element: Any) -> Value:
        """That of which the maximum is taken."""

    @abstractmethod
    def parts(self, m: Module, elements: list[Any], below: list[Value], growth: Value,
              enable: Value) -> tuple[list[Value], Value]:
        """What each element adds, and what the sum decays by, ``depth`` enabled cycles later.

        ``below`` are the distances of the elements' keys to the maximum, ``growth`` is that of
        the maximum to the one before.
        """

    @abstractmethod
    def decayed(self, m: Module, total: Value, decay: Value) -> Value:
        """The sum after that; combinational."""

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        levels, words = tree_depth(self._lanes), self.i.payload
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency, keep=words.last)

        def held(value: Value, name: str, stages: int) -> Value:
            return registered(m, value, enable=enable, name=name, stages=stages)

        # Registers that remember must not take in what is no word: bubbles travel along.
        taken = (self.i.valid & self.i.ready, *valid_chain(
            m, self.i.valid & self.i.ready, depth=self.latency - 1, enable=enable))
        within = Signal()
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += within.eq(~words.last)
        later = held(within, "later", levels)

        most = Signal(self._key)
        growth = Signal(self._key.width)
        candidate = self._largest(m, enable)
        new = Mux(later & (most > candidate), most, candidate)
        with m.If(enable & taken[levels]):
            m.d.sync += [most.eq(new), growth.eq(new - most)]

        elements = [self._held_element(lane, held) for lane in range(self._lanes)]
        terms, decay = self.parts(m, elements, [
            (most - self.key(element))[:self._key.width] for element in elements], growth, enable)
        real = [held(in_row(words, lane), f"real_{lane}", levels + 1 + self.depth)
                for lane in range(self._lanes)]
        word = adder_tree(m, [Mux(counts, term[:self._term.width], 0)
                              for counts, term in zip(real, terms, strict=True)],
                          enable=enable, name="sum")
        beside = levels + self.depth
        total, decay = self.o.payload.total, held(decay, "decay", levels)
        kept = Mux(held(later, "kept", 1 + beside), self.decayed(m, total, decay), 0)
        with m.If(enable & taken[self.latency - 1]):
            m.d.sync += total.eq(kept + word)
        m.d.comb += self.o.payload.most.eq(held(most, "most", 1 + beside))
        return m

    def _largest(self, m: Module, enable: Value) -> Value:
        """Of a word, ``tree_depth(lanes)`` enabled cycles later."""
        words, least = self.i.payload, Const(range_of(self._key)[0], self._key)
        level = [Mux(in_row(words, lane), self.key(words.data[lane]), least) if lane
                 else self.key(words.data[0]) for lane in range(self._lanes)]
        depth = 0
        while len(level) > 1:
            level = [registered(m, Mux(pair[0] > pair[-1], pair[0], pair[-1]), enable=enable,
                                name=f"most_{depth}_{k}")
                     for k, pair in enumerate(level[k:k + 2] for k in range(0, len(level), 2))]
            depth += 1
        return self._in_shape(level[0])

    def _in_shape(self, value: Value) -> Value:
        """A value that is a key, in the shape of one."""
        low = value[:self._key.width]
        return low.as_signed() if self._key.signed else low

    def _held_element(self, lane: int, held: Any) -> Any:
        """An element when the maximum with its word is known."""
        element = held(self.i.payload.data[lane], f"element_{lane}", tree_depth(self._lanes) + 1)
        return self._element(element) if isinstance(self._element, StructLayout) else element


class RunningPowers(RunningSum):
    """Sums of numbers with exponents, relative to the largest exponent: terms and sum are
    shifted.

    Parameters
    ----------
    spec : ExtendedExponentialSpec
    guard, lanes, longest : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(power_layout(spec), lanes)))``
    o : ``Out(stream.Signature(StructLayout({"most": spec.exponent, "total": ...})))``
    """

    depth = 1

    def __init__(self, spec: ExtendedExponentialSpec, guard: int, lanes: int, longest: int
                 ) -> None:
        self._guard = guard
        super().__init__(power_layout(spec), shape_of(spec.exponent), spec.mantissa.width + guard,
                         lanes, longest)

    def key(self, element: Any) -> Value:
        return element.exponent

    def parts(self, m: Module, elements: list[Any], below: list[Value], growth: Value,
              enable: Value) -> tuple[list[Value], Value]:
        terms = [registered(m, self._shifted(
            m, Cat(Const(0, self._guard), element.mantissa), distance, f"term_{lane}"),
            enable=enable, name=f"term_{lane}")
            for lane, (element, distance) in enumerate(zip(elements, below, strict=True))]
        steps = capped(growth, len(self.o.payload.total))
        return terms, registered(m, steps, enable=enable, name="steps")

    def decayed(self, m: Module, total: Value, decay: Value) -> Value:
        return self._shifted(m, total, decay, "total")

    def _shifted(self, m: Module, value: Value, distance: Value, name: str) -> Value:
        steps = capped(distance, len(value))
        return shift_right(m, value, steps, (1 << len(steps)) - 1, name=name)[0]


class RunningExponentials(RunningSum):
    """Sums of exponentials relative to the largest element: the sum is multiplied.

    Parameters
    ----------
    spec : SinglePassSoftmaxSpec
    lanes, longest : int
    multiplier : str

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    o : ``Out(stream.Signature(StructLayout({"most": spec.source, "total": ...})))``
    """

    def __init__(self, spec: SinglePassSoftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self._spec = spec
        names = ["decay", *(f"term_{lane}" for lane in range(lanes))] if lanes > 1 else ["either"]
        self._units = {name: Unique(Exp2Lane, spec.exponential, multiplier) for name in names}
        self.depth = self._units[names[0]].component.latency
        super().__init__(shape_of(spec.source), shape_of(spec.source),
                         spec.exponential.target.width + spec.guard, lanes, longest)

    def key(self, element: Any) -> Value:
        return element

    def parts(self, m: Module, elements: list[Any], below: list[Value], growth: Value,
              enable: Value) -> tuple[list[Value], Value]:
        if self._lanes == 1:
            terms, decay = self._one_of_two(m, below[0], growth, enable)
        else:
            terms = [self._exponential(m, distance, enable, f"term_{lane}")
                     for lane, distance in enumerate(below)]
            decay = self._exponential(m, growth, enable, "decay")
        return [Cat(Const(0, self._spec.guard), term) for term in terms], decay

    def _one_of_two(self, m: Module, below: Value, growth: Value, enable: Value
                    ) -> tuple[list[Value], Value]:
        """Of one element, either it is the maximum or that has not grown: one is enough."""
        either = self._exponential(m, below | growth, enable, "either")
        one = 1 << self._spec.fraction
        same, still = (registered(m, ~value.any(), enable=enable, name=name, stages=self.depth)
                       for value, name in ((below, "same"), (growth, "still")))
        return [Mux(same, one, either)], Mux(still, one, either)

    def _exponential(self, m: Module, distance: Value, enable: Value, name: str) -> Value:
        m.submodules[name] = unit = self._units[name]
        m.d.comb += [unit.enable.eq(enable), unit.i.eq(-distance)]
        return unit.o

    def decayed(self, m: Module, total: Value, decay: Value) -> Value:
        return (total * decay)[self._spec.fraction:]
