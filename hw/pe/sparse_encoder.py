# amaranth: UnusedElaboratable=no
"""Integers as EN-T digits, place after place, of which only those that are not zero come out."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, as_index

from ..shapes import fixed_value, vector_of
from .en_t import en_t_count, en_t_digit
from .operands import check_plain

__all__ = ["SparseEncoder", "digit_layout"]

#: Lanes whose digits of one place are looked at together.
GROUP = 4


def digit_layout(lanes: int) -> StructLayout:
    """A digit, -2 to 2, and of which lane it is: ``group * min(4, lanes) + position``.

    If it is not ``nonzero``, all fields but ``group`` are zero.
    """
    size = min(GROUP, lanes)
    return StructLayout({"group": range(-(-lanes // size)), "position": range(size),
                         "nonzero": 1, "twice": 1, "negative": 1})


class SparseEncoder(wiring.Component):
    """The nonzero EN-T digits of ``lanes`` codes, one a cycle, the lowest place first.

    Of each place, groups of four lanes follow one another, and of each group its nonzero
    digits; a group without any takes a cycle as well. So codes take as many cycles as
    :func:`sw_model.terms.grouped_cycles` counts, over all groups, and at most ``interval``. The
    next ones are taken in the last of them. Only one group's digits are encoded at a time: each
    lane's carry waits for its next place.

    Source: Wu et al., Exploring the Performance Improvement of Tensor Processing Engines through
    Transformation in the Bit-weight Dimension of MACs, HPCA 2025, section 5 (OPT3: the sparse
    encoder; EN-T: the digits).

    Parameters
    ----------
    form : Format
        Integers, fixed point, bipolar or ternary.
    lanes : int

    Raises
    ------
    ValueError
        If the format is of another kind.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Codes are given.
    a : ``In(vector_of(form, lanes))``
        Taken in an enabled cycle with ``start`` and ``ready``.
    ready : ``Out(1)``
    o : ``Out(digit_layout(lanes))``
        From the next cycle on.
    opens, closes : ``Out(1)``
        The first and the last cycle of a place. Between two codes, there may be ``opens`` where
        there are no digits.
    last : ``Out(1)``
        The last cycle of these codes; never without ``closes``.
    """

    def __init__(self, form: Format, lanes: int) -> None:
        check_plain("a sparse encoder", codes=form)
        self._form, self._lanes = form, as_index("lanes", lanes)
        super().__init__({"enable": In(1), "start": In(1), "a": In(vector_of(form, lanes)),
                          "ready": Out(1), "o": Out(digit_layout(lanes)), "opens": Out(1),
                          "closes": Out(1), "last": Out(1)})
        #: Places of the codes.
        self.places = en_t_count(form)
        #: The most cycles that codes take.
        self.interval = self.places * self._lanes

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        size = min(GROUP, self._lanes)
        groups = -(-self._lanes // size)
        live = Signal()
        take = Signal()
        done = Signal()
        advance = Signal()
        group, place = (Signal(range(count), name=name, reset_less=True)
                        for name, count in (("group", groups), ("place", self.places)))
        left = Signal(size, reset_less=True)
        rest = Cat(left[k] & left[:k].any() for k in range(size))
        m.d.comb += [
            done.eq(live & ~rest.any()), self.closes.eq(done & (group == groups - 1)),
            self.last.eq(self.closes & (place == self.places - 1)),
            self.ready.eq(~live | self.last), take.eq(self.start & self.ready),
            advance.eq(take | done)]
        nonzero, twice, negative = self._encoded(m, take, advance, size)
        kept = [Signal(size, name=name, reset_less=True) for name in ("twice", "negative")]
        with m.If(self.enable):
            m.d.sync += [live.eq(take | live & ~self.last), left.eq(Mux(advance, nonzero, rest)),
                         self.opens.eq(take | self.closes)]
            with m.If(take):
                m.d.sync += [group.eq(0), place.eq(0)]
            with m.Elif(done):
                m.d.sync += [group.eq(Mux(self.closes, 0, group + 1)),
                             place.eq(place + self.closes)]
            with m.If(advance):
                m.d.sync += [kept[0].eq(twice), kept[1].eq(negative)]
        m.d.comb += [self.o.group.eq(group), self.o.nonzero.eq(left.any())]
        for k in reversed(range(size)):
            with m.If(left[k]):
                m.d.comb += [self.o.position.eq(k), self.o.twice.eq(kept[0][k]),
                             self.o.negative.eq(kept[1][k])]
        return m

    def _encoded(self, m: Module, take: Value, advance: Value, size: int
                 ) -> tuple[Value, Value, Value]:
        """The digits of the group that comes next: whether they are not zero, 2 or -2, negative.

        Codes wait as pairs of bits in the order of their digits, signs and carries in a ring.
        """
        pairs, negative = self._pairs(m, size)
        waiting = Signal(len(pairs) - 2 * size, reset_less=True)
        carries, signs = (Signal(len(negative), name=name, reset_less=True)
                          for name in ("carries", "signs"))
        coming = Signal(len(pairs))
        carry, sign = (Signal.like(ring, name=f"{ring.name}_coming") for ring in (carries, signs))
        m.d.comb += [coming.eq(Mux(take, pairs, waiting)), carry.eq(Mux(take, negative, carries)),
                     sign.eq(Mux(take, negative, signs))]
        digits, onward = zip(*(en_t_digit(coming[2 * k], coming[2 * k + 1], carry[k], sign[k])
                               for k in range(size)), strict=True)
        with m.If(self.enable & advance):
            m.d.sync += [waiting.eq(coming[2 * size:]), signs.eq(Cat(sign[size:], sign[:size])),
                         carries.eq(Cat(carry[size:], onward))]
        return (Cat(digit.nonzero for digit in digits), Cat(digit.twice for digit in digits),
                Cat(digit.negative for digit in digits))

    def _pairs(self, m: Module, size: int) -> tuple[Value, Value]:
        """Each digit's two bits, complemented if the code is negative, and each code's sign."""
        lanes = [(Const(0, 2 * self.places), Const(0, 1))] * (-(-self._lanes // size) * size)
        for lane, code in enumerate(self.a):
            number = fixed_value(self._form, code)
            sign = number[-1] if number.shape().signed else Const(0, 1)
            bits = Signal(2 * self.places, name=f"bits_{lane}")
            m.d.comb += bits.eq(Cat(bit ^ sign for bit in number))
            lanes[lane] = bits, sign
        return (Cat(bits[2 * place:2 * place + 2] for place in range(self.places)
                    for bits, _ in lanes), Cat(sign for _, sign in lanes))
