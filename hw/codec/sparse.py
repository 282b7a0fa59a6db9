"""N:M sparse blocks: values with their places to dense elements, and back."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout, View
from amaranth.lib.wiring import In, Out

from sw_model.formats.sparse import SparseFormat

from ..shapes import vector_of
from .legal import illegal_code
from .unpack import unpack

__all__ = ["SparseCompressor", "SparseExpander", "illegal_block", "sparse_layout"]


def sparse_layout(format_: SparseFormat) -> StructLayout:
    """A block: ``values``, codes that were kept, and their ``places``, each ``keep`` of them.

    Raises
    ------
    TypeError, ValueError
        If the format is none, or its blocks have one element and so no places.
    """
    if not isinstance(format_, SparseFormat):
        raise TypeError(f"format_ must be a SparseFormat, not {format_!r}")
    if format_.of < 2:
        raise ValueError(f"{format_} has no places")
    return StructLayout({"values": vector_of(format_.element, format_.keep),
                         "places": ArrayLayout(unsigned(format_.place_width), format_.keep)})


def illegal_block(m: Module, format_: SparseFormat, block: View[Any], name: str) -> Value:
    """Whether a block's places do not ascend, or are beyond it, or a value is no code."""
    places = [block.places[k] for k in range(format_.keep)]
    ascending = [low < high for low, high in pairwise(places)]
    legal = Cat(ascending, places[-1] < format_.of).all()
    wrong = [illegal_code(m, format_.element, code, f"{name}_{k}")
             for k, code in enumerate(block["values"])]
    return ~legal | Cat(wrong).any()


def _zero(format_: SparseFormat) -> int:
    """The pattern of zero."""
    return format_.zero & ((1 << format_.element.width) - 1)


class SparseExpander(wiring.Component):
    """Combinational: a sparse block to its dense elements, zero where nothing was kept.

    Source: the usual 2:4 metadata; SAT, N:M sparse training on FPGA.

    Parameters
    ----------
    format_ : SparseFormat

    Members
    -------
    i : ``In(sparse_layout(format_))``
    o : ``Out(vector_of(format_.element, format_.of))``
        Means nothing if the places are illegal.
    illegal : ``Out(1)``
        Places do not ascend, or one is beyond the block, or a value is no code of its format.
    """

    #: Cycles from values to elements.
    latency = 0

    def __init__(self, format_: SparseFormat) -> None:
        layout = sparse_layout(format_)
        self._format = format_
        super().__init__({"i": In(layout), "o": Out(vector_of(format_.element, format_.of)),
                          "illegal": Out(1)})

    @property
    def format(self) -> SparseFormat:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        form, zero = self._format, _zero(self._format)
        values = [Value.cast(self.i["values"][k]) for k in range(form.keep)]
        places = [self.i.places[k] for k in range(form.keep)]
        for place in range(form.of):
            # Zero's own pattern added to nothing: for most formats it is nothing itself.
            chosen = [Mux(at == place, value ^ zero, 0)
                      for value, at in zip(values, places, strict=True)]
            m.d.comb += Value.cast(self.o[place]).eq(reduce(or_, chosen) ^ zero)
        m.d.comb += self.illegal.eq(illegal_block(m, form, self.i, "value"))
        return m


class SparseCompressor(wiring.Component):
    """Combinational: dense elements, sparse already, to what is kept of them.

    Of a block with fewer than ``keep`` elements that are not zero, the zeros of the lowest
    places are kept too. Minus zero is a zero; NaN is none.

    Parameters
    ----------
    format_ : SparseFormat

    Members
    -------
    i : ``In(vector_of(format_.element, format_.of))``
    o : ``Out(sparse_layout(format_))``
        Places ascend. The first ``keep`` of what is not zero, if there is more.
    full : ``Out(1)``
        More than ``keep`` elements are not zero: the block does not fit, and some are lost.
    illegal : ``Out(1)``
        An element is no code of its format; what else comes out then means nothing.
    """

    #: Cycles from elements to values.
    latency = 0

    def __init__(self, format_: SparseFormat) -> None:
        layout = sparse_layout(format_)
        self._format = format_
        super().__init__({"i": In(vector_of(format_.element, format_.of)), "o": Out(layout),
                          "full": Out(1), "illegal": Out(1)})

    @property
    def format(self) -> SparseFormat:
        return self._format

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        form = self._format
        m.d.comb += self.illegal.eq(Cat(illegal_code(m, form.element, code, f"element_{k}")
                                        for k, code in enumerate(self.i)).any())
        numbers = [self._number(m, place) for place in range(form.of)]
        # Ones of a thermometer: bit n says that more than n elements from here on count.
        behind: Value = Const(0, form.keep + 1)
        kept: list[Value] = []
        for place in reversed(range(form.of)):
            # A zero is kept while the zeros before it and all that counts leave it room.
            room = ~behind[form.keep - place - 1] if place < form.keep else Const(0, 1)
            kept.insert(0, numbers[place] | room)
            behind = _raised(m, behind, numbers[place], f"behind_{place}")
        m.d.comb += self.full.eq(behind[form.keep])
        self._choose(m, kept)
        return m

    def _number(self, m: Module, place: int) -> Value:
        """Whether an element is not zero."""
        parts = unpack(self._format.element, self.i[place], m, f"element_{place}")
        number = Signal(name=f"number_{place}")
        m.d.comb += number.eq(parts.significand.any() | parts.nan | parts.infinite)
        return number

    def _choose(self, m: Module, kept: list[Value]) -> None:
        """The values and places of the first that are kept."""
        form = self._format
        before: Value = Const(0, form.keep + 1)
        chosen: list[list[Value]] = [[] for _ in range(form.keep)]
        for place, keep in enumerate(kept):
            after = _raised(m, before, keep, f"before_{place}")
            for lane in range(form.keep):
                # The element that raises the count past the lane is the lane's.
                mine = after[lane] & ~before[lane]
                both = Cat(self.i[place], Const(place, form.place_width))
                chosen[lane].append(Mux(mine, both, 0))
            before = after
        for lane, found in enumerate(chosen):
            value = reduce(or_, found)
            m.d.comb += [Value.cast(self.o["values"][lane]).eq(value[:form.element.width]),
                         self.o.places[lane].eq(value[form.element.width:])]


def _raised(m: Module, thermometer: Value, up: Value, name: str) -> Value:
    """A thermometer one higher, if ``up``; it stays at the top."""
    higher = Signal(len(thermometer), name=name)
    m.d.comb += higher.eq(Mux(up, Cat(Const(1, 1), thermometer), thermometer))
    return higher
