# amaranth: UnusedElaboratable=no
"""Rows that share an encoder: a column of elements of which each adds one digit a cycle."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arith.choose import chosen
from ..arith.compressor import compressed
from ..arith.registered import registered
from ..shapes import fixed_value, shape_between, vector_of
from ..streams.pipeline import valid_chain
from ..unique import Unique
from .base import DotSpec
from .operands import check_plain
from .rows import DotRows
from .sparse_encoder import GROUP, SparseEncoder, digit_layout
from .term_sum import Step, Term, serial_latency, serial_sum

__all__ = ["SparseEncodedRow", "SparseEncodedRows"]

#: Enabled cycles from a digit to a sum and carries that have it.
DEPTH = 2


class SparseEncodedRow(wiring.Component):
    """One element: the weight that a digit chooses, times the digit, into a sum and carries.

    Full adders alone are in that loop. Where a place ends, sum and carries are added, and the
    places before it, shifted.

    Parameters
    ----------
    spec : DotSpec
    places : int
        Of the activations' digits.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Weights are given.
    digit : ``In(digit_layout(spec.lanes))``
    opens : ``In(1)``
        A cycle after the first digit of each place.
    closes, last : ``In(1)``
        Two cycles after the last one of each place, and of all.
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(shape_between(*spec.result_range))``
        The dot product, :func:`~.term_sum.serial_latency` of one enabled cycles after ``last``.
    """

    def __init__(self, spec: DotSpec, places: int) -> None:
        self._spec, self._places = spec, places
        super().__init__({
            "enable": In(1), "start": In(1), "digit": In(digit_layout(spec.lanes)),
            "opens": In(1), "closes": In(1), "last": In(1),
            "w": In(vector_of(spec.weights, spec.lanes)),
            "o": Out(shape_between(*spec.result_range))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec, form = self._spec, self._spec.weights
        reach = 2 * max(-form.fixed_min, form.fixed_max) * spec.lanes
        width = shape_between(-reach, reach).width
        multiple, one = self._multiple(m)
        extended = Cat(multiple, multiple[-1].replicate(width - len(multiple)))
        total, carries = (Signal(width, name=name, reset_less=True)
                          for name in ("total", "carries"))
        before = [kept & ~self.opens.replicate(width) for kept in (total, carries)]
        later = compressed(m, [extended, *before], width, name="level")
        with m.If(self.enable):
            # Carries leave their lowest place free.
            m.d.sync += [total.eq(later[0]), carries.eq(Cat(one, later[1][1:]))]
        place = Term((total + carries)[:width].as_signed(), valid=Const(1, 1))
        result, _ = serial_sum(m, [place], Step(self.closes, self.last), spec, (-reach, reach),
                               enable=self.enable, advance=2, steps=self._places)
        m.d.comb += self.o.eq(result)
        return m

    def _multiple(self, m: Module) -> tuple[Value, Value]:
        """The digit's multiple of its weight, or its complement, and the one that then is to be
        added; registered."""
        digit, size = self.digit, min(GROUP, self._spec.lanes)
        kept = [registered(m, code, enable=self.enable & self.start, name=f"w_{lane}")
                for lane, code in enumerate(self.w)]
        form = self._spec.weights
        weight = Signal(shape_between(min(-1, form.fixed_min), form.fixed_max))
        multiple = Signal(len(weight) + 1)
        # The position is known last.
        m.d.comb += [
            weight.eq(fixed_value(form, chosen(
                [chosen(kept[k::size], digit.group) for k in range(size)], digit.position))),
            multiple.eq(Mux(digit.twice, weight << 1, weight) ^ digit.negative.replicate(
                len(multiple)))]
        return (registered(m, multiple & digit.nonzero.replicate(len(multiple)),
                           enable=self.enable, name="multiple"),
                registered(m, digit.negative, enable=self.enable, name="one"))


class SparseEncodedRows(DotRows):
    """One :class:`~.sparse_encoder.SparseEncoder` for all rows, and a row of weights each.

    Encoded are the activations, which all rows have in common; each row takes the weight at
    the digit's position. All rows end together, in a time that depends on the activations:
    ``ready`` and ``valid`` are those of :class:`~.base.ElasticDotProduct`, and may be left alone
    as there. See :class:`DotRows` for the contract.

    Source: the bit-weight paper's OPT4C (:class:`~.sparse_encoder.SparseEncoder` has it in full).

    Parameters
    ----------
    spec, rows
        As of :class:`DotRows`.

    Members
    -------
    enable, start : ``In(1)``
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(ArrayLayout(vector_of(spec.weights, spec.lanes), rows))``
    o : ``Out(ArrayLayout(shape_between(*spec.result_range), rows))``
        All as :class:`DotRows` has them.
    ready : ``Out(1)``
        Operands are taken in this cycle if ``start`` is high.
    valid : ``Out(1)``
        High for the one enabled cycle in which results are first at ``o``.
    """

    def __init__(self, spec: DotSpec, rows: int) -> None:
        super().__init__(spec, rows)
        check_plain("sparse encoded rows", activations=spec.activations, weights=spec.weights)
        self._encoder = SparseEncoder(spec.activations, spec.lanes)
        self._each = [Unique(SparseEncodedRow, spec, self._encoder.places)
                      for _ in range(self.rows)]
        self.interval = self._encoder.interval
        self.latency = self.interval + DEPTH + serial_latency(1)

    @classmethod
    def _more_members(cls) -> dict[str, Any]:
        return {"ready": Out(1), "valid": Out(1)}

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.encoder = encoder = self._encoder
        m.d.comb += [encoder.enable.eq(self.enable), encoder.start.eq(self.start),
                     encoder.a.eq(self.a), self.ready.eq(encoder.ready)]
        take = Signal()
        m.d.comb += take.eq(self.start & encoder.ready)
        opens = registered(m, encoder.opens, enable=self.enable, name="opens")
        closes = valid_chain(m, encoder.closes, depth=DEPTH, enable=self.enable)[-1]
        ends = valid_chain(m, encoder.last, depth=DEPTH + serial_latency(1), enable=self.enable)
        m.d.comb += self.valid.eq(ends[-1])
        for number, row in enumerate(self._each):
            m.submodules[f"row_{number}"] = row
            m.d.comb += [row.enable.eq(self.enable), row.start.eq(take),
                         row.digit.eq(encoder.o), row.opens.eq(opens), row.closes.eq(closes),
                         row.last.eq(ends[DEPTH - 1]), row.w.eq(self.w[number]),
                         self.o[number].eq(row.o)]
        return m
