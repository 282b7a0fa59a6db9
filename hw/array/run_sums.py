# amaranth: UnusedElaboratable=no
"""The exact sums of a run: of products, and of elements where there are minima."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, View
from amaranth.lib.wiring import In, Out

from sw_model.formats import CodedFormat, Format
from sw_model.formats.blocks.runs import RunScale
from sw_model.specs import BlockDotSpec

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..codec.decode import decoded
from ..codec.unpack import unpack
from ..pe.rows import DotRows
from ..shapes import shape_between
from ..streams.pipeline import valid_chain

__all__ = ["RunSums"]


class RunSums(wiring.Component):
    """For each term of a spec and each row the sum over a run, exact.

    Parameters
    ----------
    spec : BlockDotSpec
    dots : DotRows
        Of the products.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start, first, last : ``In(1)``
        A word is there; it is the first, the last of its run.
    a : ``In(vector_of(spec.activations.element, lanes))``
    w : ``In(ArrayLayout(vector_of(spec.weights.element, lanes), rows))``
        A word every ``interval`` enabled cycles.
    o : ``Out(ArrayLayout(shape, terms * rows))``
        Row by row, then the next term's. While ``done``, ``latency`` enabled cycles after a
        run's last word.
    nan : ``Out(rows)``
        An element of the run is no finite number; those count as 0.
    done : ``Out(1)``
    """

    def __init__(self, spec: BlockDotSpec, dots: DotRows) -> None:
        self._spec, self._dots = spec, dots
        largest = max(term.largest for term in spec.terms)
        count = len(spec.terms) * dots.rows
        members = dots.signature.members
        super().__init__({
            "enable": In(1), "start": In(1), "first": In(1), "last": In(1),
            "a": In(members["a"].shape), "w": In(members["w"].shape),
            "o": Out(ArrayLayout(shape_between(-largest, largest), count)),
            "nan": Out(dots.rows), "done": Out(1)})

    @property
    def interval(self) -> int:
        """Enabled cycles from word to word."""
        return self._dots.interval

    @property
    def latency(self) -> int:
        """Enabled cycles from a run's last word to its sums."""
        return self._depth + 1

    @property
    def _depth(self) -> int:
        """Enabled cycles from a word to what accumulators add."""
        summed = any(not (term.activations and term.weights) for term in self._spec.terms)
        elements = 1 + tree_depth(self._dots.spec.lanes) if summed else 1
        return max(self._dots.latency, elements)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.dots = dots = self._dots
        m.d.comb += [dots.enable.eq(self.enable), dots.start.eq(self.start), dots.a.eq(self.a),
                     dots.w.eq(self.w)]
        there = valid_chain(m, self.start, depth=self._depth, enable=self.enable)[-1]
        opens, closes = (registered(m, flag, enable=self.enable, name=name, stages=self._depth)
                         for flag, name in ((self.first, "opens"), (self.last, "closes")))
        with m.If(self.enable):
            m.d.sync += self.done.eq(there & closes)
        sums = [self._accumulated(m, word, there, opens, f"sum_{k}")
                for k, word in enumerate(self._words(m))]
        m.d.comb += [o.eq(total) for o, total in zip(self.o, sums, strict=True)]
        broken = [self._seen(m, flag, there, opens, f"broken_{k}")
                  for k, flag in enumerate(self._broken(m))]
        m.d.comb += self.nan.eq(Cat(broken))
        return m

    def _words(self, m: Module) -> list[Value]:
        """What a word adds to each sum."""
        spec, dots = self._spec, self._dots
        a = self._summed(m, spec.activations.element, self.a, "a") if any(
            term.activations and not term.weights for term in spec.terms) else None
        words: list[Value] = []
        for term in spec.terms:
            for row in range(dots.rows):
                if term.activations and term.weights:
                    late = self._depth - dots.latency
                    words.append(registered(m, dots.o[row], enable=self.enable,
                                            name=f"product_{row}", stages=late))
                elif term.activations:
                    assert a is not None
                    words.append(a)
                elif term.weights:
                    words.append(self._summed(m, spec.weights.element, self.w[row], f"w_{row}"))
                else:
                    words.append(Const(dots.spec.lanes))
        return words

    def _summed(self, m: Module, form: Format, codes: View[ArrayLayout], name: str) -> Value:
        """The sum of a word's elements."""
        lanes = [registered(m, decoded(form, codes[lane], m, f"{name}_{lane}"), enable=self.enable,
                            name=f"{name}_{lane}_element") for lane in range(len(codes))]
        total = adder_tree(m, lanes, enable=self.enable, name=f"{name}_total")
        late = self._depth - 1 - tree_depth(len(lanes))
        return registered(m, total, enable=self.enable, name=f"{name}_late", stages=late)

    def _broken(self, m: Module) -> list[Value]:
        """For each row whether a word has what is no finite number."""
        forms = self._spec.activations.element, self._spec.weights.element
        a, *w = (self._flagged(m, form, codes, name) for form, codes, name in (
            (forms[0], self.a, "a"),
            *((forms[1], self.w[row], f"w_{row}") for row in range(self._dots.rows))))
        return [registered(m, a | row, enable=self.enable, name=f"flag_{k}", stages=self._depth)
                for k, row in enumerate(w)]

    @staticmethod
    def _flagged(m: Module, form: Format, codes: View[ArrayLayout], name: str) -> Value:
        if not isinstance(form, CodedFormat) or not RunScale(form).has_nan:
            return Const(0, 1)
        parts = [unpack(form, codes[lane], m, f"{name}_{lane}_flags") for lane in range(len(codes))]
        return Cat(part.nan | part.infinite for part in parts).any()

    def _accumulated(self, m: Module, word: Value, there: Value, opens: Value, name: str
                     ) -> Value:
        total = Signal(self.o.shape().elem_shape, name=name, reset_less=True)
        with m.If(self.enable & there):
            m.d.sync += total.eq(Mux(opens, 0, total) + word)
        return total

    def _seen(self, m: Module, flag: Value, there: Value, opens: Value, name: str) -> Value:
        if isinstance(flag, Const):
            return flag
        seen = Signal(name=name, reset_less=True)
        with m.If(self.enable & there):
            m.d.sync += seen.eq(~opens & seen | flag)
        return seen
