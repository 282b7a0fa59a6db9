# amaranth: UnusedElaboratable=no
"""Processing elements that take a fixed number of terms of each pair, one a cycle."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import Format

from ..arith.registered import registered
from ..codec.decode import PLAIN
from .base import DotProduct, DotSpec
from .term_sum import Step, Term, serial_latency, serial_sum

__all__ = ["MOST_BITS", "SerialDotProduct", "serial_refusal"]

#: Widest operand that is taken apart.
MOST_BITS = 16


def serial_refusal(spec: DotSpec, what: str, operand: str = "weights") -> str | None:
    """Why ``operand`` cannot be taken apart by ``what``: a format has no bits of an integer, or
    too many."""
    for name in ("activations", "weights"):
        if not isinstance(form := getattr(spec, name), PLAIN):
            return (f"{name} of {what} must be integers, fixed point, bipolar or ternary, "
                    f"not {form} (activations {spec.activations}, weights {spec.weights})")
    if (form := getattr(spec, operand)).width > MOST_BITS:
        return (f"{operand} of {what} must have 1 to {MOST_BITS} bits, not {form} "
                f"(activations {spec.activations}, weights {spec.weights})")
    return None


class SerialDotProduct(DotProduct):
    """The base of these kinds: operands are kept, and their terms counted.

    One operand of each pair is the sum of as many terms as ``interval`` says, the lowest
    first, each worth ``2**advance`` times the one before. :func:`~.term_sum.serial_sum` adds up
    those of all lanes. Operands are needed in the cycle with ``start`` alone. See
    :class:`DotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
    """

    #: Places from one term to the next.
    advance: ClassVar[int]

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.interval = self.interval_of(spec)
        self.latency = self.interval + serial_latency(spec.lanes)

    @property
    def _whole(self) -> Format:
        """The format of the operand that is not taken apart."""
        return self.spec.activations

    @abstractmethod
    def _term(self, m: Module, lane: int, a: Value, w: Value, number: Value) -> Term:
        """Term ``number`` of a lane's pair of codes; combinational."""

    def _minus(self, last: Value) -> Value:
        """Whether terms are subtracted, where all lanes' are in the same cycle."""
        return Const(0, 1)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        live, number = Signal(), Signal(range(self.interval))
        last = Signal()
        m.d.comb += last.eq(live & (number == self.interval - 1))
        with m.If(self.enable):
            m.d.sync += [live.eq(self.start | live & ~last),
                         number.eq(Mux(self.start, 0, number + 1))]
        take = self.enable & self.start
        terms = []
        for lane in range(self.spec.lanes):
            a, w = (registered(m, codes[lane], enable=take, name=f"{name}_{lane}")
                    for codes, name in ((self.a, "a"), (self.w, "w")))
            terms.append(self._term(m, lane, a, w, number))
        result, _ = serial_sum(m, terms, Step(live, last, self._minus(last)), self.spec,
                               self._whole, enable=self.enable, advance=self.advance,
                               steps=self.interval)
        m.d.comb += self.o.eq(result)
        return m
