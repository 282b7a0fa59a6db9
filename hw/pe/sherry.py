# amaranth: UnusedElaboratable=no
"""Sherry's weights, three signs of every four: additions for the three alone."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, as_index

from ..arith.adder_tree import tree_depth
from ..arith.carry_tree import Carried, carry_tree, signed_term
from ..shapes import fixed_value, shape_between, vector_of
from .operands import check_plain

__all__ = ["SherryDotProduct"]

#: Activations of a code, and those of them that are not multiplied by zero.
LANES, KEPT = 4, 3


class SherryDotProduct(wiring.Component):
    """Dot products of activations with codes of five bits: three terms for each four weights.

    The lane of the zero says for each of the three others which of two neighbours it is; its
    sign complements it, and the one that is to be added is a carry of the tree's adders. A dot
    product every cycle; registers stand behind the selection and each level of the tree.

    Source: Sherry, 1.25-bit ternary quantisation by 3:4 sparsity (AngelSlim); patterns as
    :func:`sw_model.formats.blocks.sherry.join_four` has them.

    Parameters
    ----------
    activations : Format
        Integers, fixed point, bipolar or ternary.
    groups : int
        Codes taken at once, of four weights each.

    Raises
    ------
    ValueError
        If the activations are of another kind, or ``groups`` is less than 1.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(vector_of(activations, 4 * groups))``
    w : ``In(ArrayLayout(unsigned(5), groups))``
    o : ``Out``
        The dot product, ``latency`` enabled cycles later; never overflows.
    """

    interval = 1

    def __init__(self, activations: Format, groups: int) -> None:
        check_plain("a Sherry dot product", activations=activations)
        self._activations, self._groups = activations, as_index("groups", groups)
        if self._groups < 1:
            raise ValueError(f"groups must be at least 1, not {groups}")
        self.latency = 1 + tree_depth(KEPT * self._groups)
        low, high = activations.fixed_min, activations.fixed_max
        reach = max(high, -low) * KEPT * self._groups
        super().__init__({
            "enable": In(1), "a": In(vector_of(activations, LANES * self._groups)),
            "w": In(ArrayLayout(unsigned(5), self._groups)),
            "o": Out(shape_between(-reach, reach))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        terms = [self._term(m, group, place) for group in range(self._groups)
                 for place in range(KEPT)]
        m.d.comb += self.o.eq(carry_tree(m, terms, enable=self.enable, name="sum"))
        return m

    def _term(self, m: Module, group: int, place: int) -> Carried:
        """One of a group's three products, less the carry that completes it; a register later."""
        code = self.w[group]
        zero = code[2:4]
        # What stands behind the zero is moved by one.
        moved = Value.cast(zero <= place)
        pair = [fixed_value(self._activations, self.a[LANES * group + place + k]) for k in (0, 1)]
        negative = code[4] ^ code[place - 1] if place else code[4]
        limits = self._activations.fixed_min, self._activations.fixed_max
        return signed_term(m, Mux(moved, pair[1], pair[0]), negative, limits,
                           whole=group == place == 0, enable=self.enable,
                           name=f"term_{group}_{place}")
