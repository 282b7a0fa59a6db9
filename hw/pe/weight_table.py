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

__all__ = ["WeightTable"]

#: Weights of one table.
GROUP = 4


class WeightTable(wiring.Component):
    """Weights are loaded once and serve any number of activation vectors: a batch.

    Each four weights have a table of the sums of their subsets, made by 11 adders. The bits of
    four activations at one place choose an entry; the places are looked up in turn, the highest
    first, which counts negative if the activations are signed. So a dot product takes as many
    cycles as activations have bits, whatever the weights' width.

    Activations that start with a load or after it meet the new weights. A load must not come
    before ``interval`` enabled cycles have gone by since the last start.

    Source: Zhang et al., SAIL, SRAM-accelerated LLM inference by batched look-up (LUT-GEMV); the
    form is this project's.

    Parameters
    ----------
    spec : DotSpec
        Activations integers, fixed point or ternary; weights these or bipolar.

    Raises
    ------
    ValueError
        If the formats are others.

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

    #: Enabled cycles from weights to tables.
    BUILT = 2

    def __init__(self, spec: DotSpec) -> None:
        if reason := self.refusal(spec):
            raise ValueError(reason)
        self._spec = spec
        self._groups = -(-spec.lanes // GROUP)
        self.interval = spec.activations.width
        self.latency = self.BUILT + 1 + tree_depth(self._groups) + self.interval
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
                             stages=self.BUILT)
        place = self._place(m, started)
        entries = [registered(m, Array(table)[place[group * GROUP:(group + 1) * GROUP]],
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
        """Sums of two weights, then of four; kept until the next load."""
        weights = [fixed_value(self._spec.weights, self.w[lane]) if lane < self._spec.lanes
                   else Const(0, 1) for lane in range(group * GROUP, (group + 1) * GROUP)]
        pairs = []
        for name, (one, other) in (("low", weights[:2]), ("high", weights[2:])):
            pairs.append([registered(m, value, enable=self.enable & self.load,
                                     name=f"{name}_{group}_{k}")
                          for k, value in enumerate((Const(0, 1), one, other, one + other))])
        return [registered(m, low + high, enable=self.enable, name=f"sum_{group}_{k}")
                for k, (high, low) in enumerate((high, low) for high in pairs[1]
                                                for low in pairs[0])]

    def _place(self, m: Module, started: Value) -> Value:
        """The activations' bits of one place, the highest in the cycle of ``started``."""
        late = registered(m, Cat(self.a.as_value()), enable=self.enable, name="a_late",
                          stages=self.BUILT)
        width, lanes = self._spec.activations.width, self._spec.lanes
        places = [Cat(late[lane * width + k] for lane in range(lanes)) for k in range(width)]
        spare = Const(0, self._groups * GROUP - lanes)
        if width == 1:
            return Cat(places[0], spare)
        later = [Signal(lanes, name=f"later_{k}", reset_less=True) for k in range(width - 1)]
        with m.If(self.enable):
            for k, word in enumerate(later):
                m.d.sync += word.eq(Mux(started, places[k], later[k - 1] if k else 0))
        return Cat(Mux(started, places[-1], later[-1]), spare)
