"""Ternary and bipolar weights: activations are added, subtracted or skipped."""

from __future__ import annotations

from typing import Any, ClassVar

from amaranth import Module, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import TernaryFormat

from ..arith.adder_tree import tree_depth
from ..arith.carry_tree import Carried, carry_tree, signed_term
from ..shapes import fixed_value
from .base import DotSpec
from .decoded import NumberDotProduct
from .operands import NUMBERS, SIGNS, Operand

__all__ = ["TernaryDotProduct"]


class TernaryDotProduct(NumberDotProduct):
    """No multipliers, and one negation: a dot product every cycle.

    A negative weight complements its activation, which costs a look-up table a bit, and leaves
    1 to be added; all such ones but lane 0's are carries of the adders of the tree. Lane 0 is
    negated in full, since a tree has an adder less than lanes. Registers stand behind the
    selection and each level of the tree.

    See :class:`DotProduct` for the contract and the members. Source: Ma et al., The Era of
    1-bit LLMs: All Large Language Models are in 1.58 Bits, section 2 (arXiv 2402.17764); the
    carries are this project's.

    Parameters
    ----------
    spec : DotSpec
        Weights ternary or bipolar; activations as :class:`~.decoded.NumberDotProduct` has them.
    """

    what = "a ternary dot product"
    operands: ClassVar[dict[str, Operand]] = {"activations": NUMBERS, "weights": SIGNS}

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.latency = 1 + tree_depth(spec.lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        terms = [self._term(m, lane) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.eq(carry_tree(m, terms, enable=self.enable, name="sum"))
        return m

    def _term(self, m: Module, lane: int) -> Carried:
        """A lane's product, less the carry that completes it, one register later."""
        spec = self.spec
        value = fixed_value(spec.activations, self.a[lane])
        kept, negative = value, ~self.w[lane][0]
        if isinstance(spec.weights, TernaryFormat):
            # The code 0b10 is not used; as ~0 + 1 it would be zero too.
            kept, negative = _if(self.w[lane][0], value), self.w[lane][1]
        limits = spec.activations.fixed_min, spec.activations.fixed_max
        return signed_term(m, kept, negative, limits, whole=lane == 0, enable=self.enable,
                           name=f"term_{lane}")


def _if(bit: Value, value: Value) -> Value:
    """``value`` where ``bit`` is set, else 0."""
    mask = bit.replicate(len(value))
    return value & (mask.as_signed() if value.shape().signed else mask)
