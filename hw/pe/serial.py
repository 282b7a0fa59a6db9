# amaranth: UnusedElaboratable=no
"""Processing elements that take a fixed number of terms of each pair, one a cycle."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from amaranth import Const, Module, Shape, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import Format

from ..shapes import shape_of
from .base import DotSpec
from .decoded import NumberDotProduct
from .serial_rows import SerialRows
from .term_sum import Term, serial_latency

__all__ = ["SerialDotProduct"]


class SerialDotProduct(NumberDotProduct):
    """The base of these kinds: operands are kept, and their terms counted.

    One operand of each pair is the sum of as many terms as ``interval`` says, the lowest
    first, each worth ``2**advance`` times the one before. :func:`~.term_sum.serial_sum` adds up
    those of all lanes. Operands are needed in the cycle with ``start`` alone. See
    :class:`DotProduct` for the contract and the members, :class:`~.serial_rows.SerialRows` for
    what rows share.

    Parameters
    ----------
    spec : DotSpec
    """

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.interval = self.interval_of(spec)
        self.latency = self.interval + serial_latency(spec.lanes)

    @classmethod
    def shared(cls, spec: DotSpec, rows: int) -> SerialRows:
        return SerialRows(cls, spec, rows)

    @classmethod
    @abstractmethod
    def advance(cls, spec: DotSpec) -> int:
        """Places from one term to the next."""

    @classmethod
    @abstractmethod
    def term(cls, m: Module, spec: DotSpec, a: Value, w: Value, number: Value, name: str) -> Term:
        """Term ``number`` of a pair; combinational.

        Parameters
        ----------
        a : Value
            What :meth:`broadcast` made of the activation.
        w : Value
            Code of the weight.
        name : str
            Of signals.
        """

    @classmethod
    def whole(cls, spec: DotSpec) -> Format:
        """The format of the operand that is not taken apart."""
        return spec.activations

    @classmethod
    def broadcast(cls, code: Value, number: Value) -> Value:
        """What all rows get of an activation's code for term ``number``; combinational."""
        return code

    @classmethod
    def broadcast_shape(cls, spec: DotSpec) -> Shape:
        """Of :meth:`broadcast`."""
        return shape_of(spec.activations)

    @classmethod
    def minus(cls, spec: DotSpec, last: Value) -> Value:
        """Whether terms are subtracted, where all lanes' are in the same cycle."""
        return Const(0, 1)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.row = row = self.shared(self.spec, 1)
        m.d.comb += [row.enable.eq(self.enable), row.start.eq(self.start), row.a.eq(self.a),
                     row.w[0].eq(self.w), self.o.eq(row.o[0])]
        return m
