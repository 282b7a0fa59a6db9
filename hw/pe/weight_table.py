# amaranth: UnusedElaboratable=no
"""Dot products by look-up the other way round: tables of weights, indexed by activations' bits."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import BipolarFormat, CodedFormat

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..shapes import fixed_value, shape_between, vector_of
from ..streams.pipeline import valid_chain
from .base import DotSpec
from .lut_table import GROUP, check_group, group_count

__all__ = ["WeightTable"]

class WeightTable(wiring.Component):
    """Weights are loaded once and serve any number of activation vectors: a batch.

    Each four weights, or as many as ``group`` says, have a table of the sums of their subsets: of
    four these take 11 adders. The bits of as many activations at one place choose an entry; the
    places are looked up in turn, the highest first, which counts negative if the activations are
    signed. So a dot product takes as many cycles as activations have bits, whatever the weights'
    width.

    Activations that start with a load or after it meet the new weights. A load must not come
    before ``interval`` enabled cycles have gone by since the last start.

    Source: Zhang et al., SAIL, SRAM-accelerated LLM inference by batched look-up (LUT-GEMV); the
    form is this project's.

    Parameters
    ----------
    spec : DotSpec
        Activations integers, fixed point or ternary; weights these or bipolar.
    group : int
        Weights of one table, 2 to 8.

    Raises
    ------
    ValueError
        If the formats or the group are others.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    load, start : ``In(1)``
        The weights, or the activations, are valid.
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(shape_between(*spec.result_range))``
        The dot product, ``latency`` enabled cycles after the start.
    """

    def __init__(self, spec: DotSpec, *, group: int = GROUP) -> None:
        if reason := self.refusal(spec):
            raise ValueError(reason)
        self._spec, self._group = spec, check_group(group)
        self._groups = group_count(spec.lanes, self._group)
        #: Enabled cycles from weights to tables.
        self._built = tree_depth(self._group)
        self.interval = spec.activations.width
        self.latency = self._built + 1 + tree_depth(self._groups) + self.interval
        super().__init__({
            "enable": In(1), "load": In(1), "start": In(1),
            "a": In(vector_of(spec.activations, spec.lanes)),
            "w": In(vector_of(spec.weights, spec.lanes)),
            "o": Out(shape_between(*spec.result_range))})

    @classmethod
    def refusal(cls, spec: DotSpec) -> str | None:
        """Why it does not take ``spec``; None if it does."""
        a, w = spec.activations, spec.weights
        if isinstance(a, CodedFormat | BipolarFormat) or isinstance(w, CodedFormat):
            return ("tables of weights take activations that are integers, fixed point or ternary, "
                    f"and weights that are these or bipolar, not {a} (activations) and {w} "
                    "(weights)")
        return None

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        tables = [self._table(m, group) for group in range(self._groups)]
        started = registered(m, self.start, enable=self.enable, name="started",
                             stages=self._built)
        place = self._place(m, started)
        size = self._group
        entries = [registered(m, Array(table)[place[group * size:(group + 1) * size]],
                              enable=self.enable, name=f"entry_{group}")
                   for group, table in enumerate(tables)]
        part = adder_tree(m, entries, enable=self.enable, name="part")
        opens = valid_chain(m, started, depth=1 + tree_depth(self._groups),
                            enable=self.enable)[-1]
        running = Signal.like(self.o, reset_less=True)
        first = -part if self._spec.activations.fixed_min < 0 else part
        with m.If(self.enable):
            m.d.sync += running.eq(Mux(opens, first, (running << 1) + part))
        m.d.comb += self.o.eq(running)
        return m

    def _table(self, m: Module, group: int) -> list[Value]:
        """Sums of all subsets, those of the first weight alone next to that of none."""
        first = group * self._group
        return self._late(m, *self._subsets(m, first, first + self._group), self._built, first)

    def _subsets(self, m: Module, first: int, end: int) -> tuple[list[Value], int]:
        """Of some lanes' weights, and the registers that they are behind."""
        if end - first == 1:
            weight = (fixed_value(self._spec.weights, self.w[first]) if first < self._spec.lanes
                      else Const(0, 1))
            return [Const(0, 1), weight], 0
        middle, depth = first + (end - first) // 2, tree_depth(end - first)
        low, high = (self._late(m, *self._subsets(m, *part), depth - 1, part[0])
                     for part in ((first, middle), (middle, end)))
        sums = [_plus(one, other) for other in high for one in low]
        return self._late(m, sums, depth - 1, depth, first), depth

    def _late(self, m: Module, sums: list[Value], depth: int, wanted: int, lane: int
              ) -> list[Value]:
        """Sums behind so many registers, of which the first keep the weights until the next
        load."""
        for level in range(depth, wanted):
            move = self.enable if level else self.enable & self.load
            sums = [registered(m, value, enable=move, name=f"sum_{level}_{lane}_{k}")
                    for k, value in enumerate(sums)]
        return sums

    def _place(self, m: Module, started: Value) -> Value:
        """The activations' bits of one place, the highest in the cycle of ``started``."""
        late = registered(m, Cat(self.a.as_value()), enable=self.enable, name="a_late",
                          stages=self._built)
        width, lanes = self._spec.activations.width, self._spec.lanes
        places = [Cat(late[lane * width + k] for lane in range(lanes)) for k in range(width)]
        spare = Const(0, self._groups * self._group - lanes)
        if width == 1:
            return Cat(places[0], spare)
        later = [Signal(lanes, name=f"later_{k}", reset_less=True) for k in range(width - 1)]
        with m.If(self.enable):
            for k, word in enumerate(later):
                m.d.sync += word.eq(Mux(started, places[k], later[k - 1] if k else 0))
        return Cat(Mux(started, places[-1], later[-1]), spare)


def _plus(one: Value, other: Value) -> Value:
    """Their sum; of nothing and a number the number."""
    for zero, value in ((one, other), (other, one)):
        if isinstance(zero, Const) and zero.value == 0:
            return value
    return one + other
