"""One row's weights looked up in tables that it may share with other rows."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import BipolarFormat

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.carry_tree import Carried, carry_tree, signed_term
from ..arith.registered import registered
from ..shapes import shape_between, vector_of
from ..streams.pipeline import valid_chain
from .base import DotSpec
from .lut_table import GROUP, LutTable, check_group, entry_range, group_count
from .operands import check_plain

__all__ = ["LutRow"]


class LutRow(wiring.Component):
    """The dot product of a row, from tables of its activations.

    A bit of a weight is read as +1 or -1 (a two's complement sign bit the other way round), so
    the bits of a group's weights at one place choose a sum of its activations from a table or its
    negative. Sums of all groups are shifted to their places and added: twice the dot product,
    but for a multiple of ``total``, which is added too. Weights belong to the activations of
    ``LutTable.latency`` cycles before, whose tables are then at ``tables``.

    All places are looked up at once, or one after the other, the highest first; the tables
    must then stay for as many enabled cycles as weights have bits.

    Source: Mo et al., LUT Tensor Core, section 3 (arXiv 2408.06003).

    Parameters
    ----------
    spec : DotSpec
        As :class:`hw.pe.lut.LutDotProduct` takes it.
    serial : bool
        Whether places are looked up in turn.
    group : int
        Activations of one table, 2 to 8.

    Raises
    ------
    ValueError
        If the formats are others, or the group.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        The weights and tables are valid; ignored unless serial.
    w : ``In(vector_of(spec.weights, spec.lanes))``
    tables : ``In(ArrayLayout(ArrayLayout(shape, 2**(group - 1)), groups))``
    total : ``In(shape)``
        Both as :class:`hw.pe.lut_table.LutTable` gives them.
    o : ``Out(shape_between(*spec.result_range))``
        The dot product, ``latency`` enabled cycles after the weights.
    """

    def __init__(self, spec: DotSpec, *, serial: bool = False, group: int = GROUP) -> None:
        check_plain("a row of look-ups", activations=spec.activations, weights=spec.weights)
        self._spec, self._serial, self._group = spec, serial, check_group(group)
        self._groups = group_count(spec.lanes, self._group)
        self._halved = not isinstance(spec.weights, BipolarFormat)
        bits = spec.weights.width
        looked_up = 1 + tree_depth(self._groups)
        self.interval = bits if serial else 1
        self.latency = looked_up + (bits + 1 if serial else tree_depth(bits + self._halved))
        super().__init__({
            "enable": In(1), "start": In(1), "w": In(vector_of(spec.weights, spec.lanes)),
            "tables": In(LutTable.layout(spec.activations, spec.lanes, self._group)),
            "total": In(LutTable.total_shape(spec.activations, spec.lanes)),
            "o": Out(shape_between(*spec.result_range))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        bits = self._spec.weights.width
        places = [self._place(place) for place in range(bits)]
        if self._serial:
            twice = self._in_turn(m, places)
        else:
            sums = [self._looked_up(m, word, f"place_{place}") << place
                    for place, word in enumerate(places)]
            if self._halved:
                sums.append(self._correction())
            twice = adder_tree(m, sums, enable=self.enable, name="sum")
        m.d.comb += self.o.eq(twice >> 1 if self._halved else twice)
        return m

    def _place(self, place: int) -> Value:
        """The bits of all weights at one place, each 1 for plus."""
        weights = self._spec.weights
        word = Cat(weight[place] for weight in map(Value.cast, self.w))
        return ~word if weights.fixed_min < 0 and self._halved and (
            place == weights.width - 1) else word

    def _in_turn(self, m: Module, places: list[Value]) -> Value:
        """All places through one look-up, the highest first."""
        later = [Signal(self._spec.lanes, name=f"later_{k}", reset_less=True)
                 for k in range(len(places) - 1)]
        with m.If(self.enable):
            for k, word in enumerate(later):
                below = later[k - 1] if k else Const(0)
                m.d.sync += word.eq(Mux(self.start, places[k], below))
        top = Mux(self.start, places[-1], later[-1]) if later else places[0]
        part = self._looked_up(m, top, "place")
        opens = valid_chain(m, self.start, depth=1 + tree_depth(self._groups),
                            enable=self.enable)[-1]
        low, high = entry_range(self._spec.activations, self._group)
        reach = max(-low, high) * self._groups << len(places)
        running = Signal(shape_between(-reach, reach), reset_less=True)
        with m.If(self.enable):
            m.d.sync += running.eq(Mux(opens, 0, running << 1) + part)
        total = registered(m, self._correction(), enable=self.enable, name="correction")
        whole = running + total if self._halved else running
        return registered(m, whole, enable=self.enable, name="whole")

    def _correction(self) -> Value:
        """What makes the sum of plus and minus ones twice that of the weights' own bits."""
        weights = self._spec.weights
        if weights.fixed_min < 0:
            return -self.total
        return (self.total << weights.width) - self.total

    def _looked_up(self, m: Module, word: Value, name: str) -> Value:
        """The sum of all groups for the weights' bits ``word``, registered at each level."""
        terms = [self._entry(m, group, word[group * self._group:(group + 1) * self._group],
                             f"{name}_{group}") for group in range(self._groups)]
        return carry_tree(m, terms, enable=self.enable, name=f"{name}_sum")

    def _entry(self, m: Module, group: int, bits: Value, name: str) -> Carried:
        """An entry or its negative: its complement, and a carry except in group 0."""
        bits = Cat(bits, Const(0, self._group - len(bits)))
        minus = ~bits[-1]
        index = Signal(self._group - 1, name=f"{name}_index")
        m.d.comb += index.eq(bits[:-1] ^ minus.replicate(self._group - 1))
        low, high = entry_range(self._spec.activations, self._group)
        reach = max(-low, high)
        return signed_term(m, Array(self.tables[group])[index], minus, (-reach, reach),
                           whole=group == 0, enable=self.enable, name=name)
