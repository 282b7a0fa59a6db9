# amaranth: UnusedElaboratable=no
"""Processing elements that take the digits of each weight that are not zero, and no others."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import Format

from ..arith.choose import chosen
from ..arith.registered import registered
from ..shapes import fixed_value
from .base import DotSpec, ElasticDotProduct
from .decoded import NumberDotProduct
from .term_sum import Step, Term, serial_latency, serial_sum

__all__ = ["Digit", "ZeroSkippingDotProduct"]


@dataclass(frozen=True, eq=False)
class Digit:
    """A radix-4 digit, -2 to 2, in one bit each.

    Members
    -------
    nonzero, twice, negative : Value
        The last two mean nothing where the digit is zero.
    """

    nonzero: Value
    twice: Value
    negative: Value


def _magnitude(form: Format) -> int:
    """The greatest on a format's grid."""
    return max(-form.fixed_min, form.fixed_max)


class ZeroSkippingDotProduct(NumberDotProduct, ElasticDotProduct):
    """The base of these kinds: every lane takes the lowest digit that it has left, each cycle.

    Weights are recoded on their way in. A dot product takes as many cycles as the lane with the
    most nonzero digits has, at least one; ``interval`` is what the digits of the widest weights
    come to. Since lanes are at different places, each needs a shifter; with one lane nothing
    is lost to others. See :class:`ElasticDotProduct` for the contract and the members.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.interval = self.interval_of(spec)
        self.latency = self.interval + serial_latency(spec.lanes)

    @classmethod
    @abstractmethod
    def _top(cls, magnitude: int) -> int:
        """Highest power of two that is a digit's of a number of at most this magnitude."""

    @abstractmethod
    def _digits(self, m: Module, bits: Value, negative: Value, count: int, name: str
                ) -> list[Digit]:
        """The lowest ``count`` digits of a number; combinational. Signals are ``name_...``.

        Parameters
        ----------
        bits : Value
            In two's complement, two of each digit and one more.
        negative : Value
        """

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        return cls._top(_magnitude(cls.core(spec).weights)) // 2 + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        live = Signal()
        last = Signal()
        more = Signal()
        take = Signal()
        m.d.comb += [last.eq(live & ~more), self.ready.eq(~live | last),
                     take.eq(self.start & self.ready)]
        lanes = [self._lane(m, lane, take) for lane in range(self.spec.lanes)]
        with m.If(self.enable):
            m.d.sync += live.eq(take | more)
        m.d.comb += more.eq(live & Cat(rest.any() for _, rest in lanes).any())
        whole = self.spec.activations
        result, new = serial_sum(m, [term for term, _ in lanes], Step(live, last), self.spec,
                                 (whole.fixed_min, whole.fixed_max), enable=self.enable,
                                 advance=0, steps=self.interval)
        m.d.comb += [self.o.eq(result), self.valid.eq(new)]
        return m

    def _lane(self, m: Module, lane: int, take: Value) -> tuple[Term, Value]:
        """A lane's lowest digit that is left, and which are left after it."""
        spec, count = self.spec, self.interval

        def kept(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable & take, name=f"{name}_{lane}")

        number = fixed_value(spec.weights, self.w[lane])
        sign = number[-1] if number.shape().signed else Const(0, 1)
        bits = Cat(number, sign.replicate(max(0, 2 * count + 1 - len(number))))
        digits = self._digits(m, bits, sign, count, f"w_{lane}")
        left = Signal(count, name=f"left_{lane}", reset_less=True)
        rest = Signal(count, name=f"rest_{lane}")
        m.d.comb += rest.eq(Cat(left[k] & left[:k].any() for k in range(count)))
        with m.If(self.enable):
            m.d.sync += left.eq(Mux(take, Cat(digit.nonzero for digit in digits), rest))
        place = Signal(range(count), name=f"place_{lane}")
        for k in reversed(range(count)):
            with m.If(left[k]):
                m.d.comb += place.eq(k)
        negative, twice = (chosen(kept(Cat(each), name), place) for each, name in (
            ((digit.negative for digit in digits), "negative"),
            ((digit.twice for digit in digits), "twice")))
        value = fixed_value(spec.activations, kept(self.a[lane], "a"))
        return Term(value, valid=left.any(), negative=negative, shift=Cat(twice, place),
                    most=self._top(_magnitude(spec.weights))), rest
