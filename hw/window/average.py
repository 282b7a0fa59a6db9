# amaranth: UnusedElaboratable=no
"""From sums of windows to averages: division by as many elements as each window has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from amaranth import Array, Cat, Const, Module, Mux, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import PoolSpec

from ..arith.adder_tree import tree_depth
from ..arith.clamp import clamp
from ..arith.multiply import (
    MULTIPLIERS,
    aligned_sum,
    multiply_add,
    multiply_add_depth,
    scale_terms,
)
from ..arith.registered import registered
from ..network.loops import Loops
from ..shapes import shape_between, vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["WindowAverage"]


class WindowAverage(wiring.Component):
    """``sum / count`` of every window, ties away from zero, clamped.

    The count is that of the window's place in the image. Its reciprocal, of as many bits as make
    the quotient of every sum exact, is multiplied: by shifts and adders if all windows have one
    count. Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : PoolSpec
    lanes : int
    words : int
        Of the channels at one place.
    multiplier : str
        How the product is made where counts vary, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(ArrayLayout(sum, lanes)))``
        Sums of whole windows of the format.
    o : ``Out(stream.Signature(vector_of(spec.format, lanes)))``
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: PoolSpec, lanes: int, words: int, multiplier: str = "inferred"
                 ) -> None:
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._lanes, self._words, self._kind = spec, lanes, words, multiplier
        self._taps = [[axis.kernel if spec.count_padding else axis.taps(window)
                       for window in range(axis.outputs)] for axis in spec.axes]
        most = max(-spec.format.min, spec.format.max) * spec.kernel + spec.kernel // 2
        #: Exact for every dividend up to ``most``: the reciprocal, rounded up, adds less than the
        #: distance to the next quotient.
        self._shift = (most * spec.kernel).bit_length()
        self._dividend = shape_between(0, most)
        total = shape_between(spec.format.min * spec.kernel, spec.format.max * spec.kernel)
        super().__init__({"i": In(stream.Signature(ArrayLayout(total, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.format, lanes)))})

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return 2 + self._product_depth()

    def _counts(self) -> list[int]:
        return sorted({prod(taps) for taps in product(*map(set, self._taps))})

    def _reciprocal(self, count: int) -> int:
        return -(-(1 << self._shift) // count)

    def _product_depth(self) -> int:
        counts = self._counts()
        if len(counts) == 1:
            return tree_depth(len(scale_terms(Const(0), self._reciprocal(counts[0]))))
        factor = shape_between(0, self._reciprocal(counts[0]))
        return multiply_add_depth(factor, self._kind, addend=False)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        m.submodules.loops = loops = Loops(((self._words, *map(len, reversed(self._taps))),))
        m.d.comb += loops.advance.eq(self.i.valid & self.i.ready)
        half, reciprocal = self._divisor(loops)
        reciprocal = registered(m, reciprocal, enable=enable, name="reciprocal")
        for lane in range(self._lanes):
            total = self.i.payload[lane]
            sign = total[-1] if spec.format.min < 0 else Const(0, 1)
            # The complement and a carry: minus the sum, with half of the count in one addition.
            flipped = total ^ sign.replicate(len(total))
            rounded = (Cat(sign, flipped) + Cat(Const(1, 1), half))[1:]
            dividend = registered(m, rounded[:self._dividend.width], enable=enable,
                                  name=f"dividend_{lane}")
            quotient = self._product(m, dividend, reciprocal, enable, lane)[self._shift:]
            negative = registered(m, sign, enable=enable, name=f"negative_{lane}",
                                  stages=1 + self._product_depth())
            # The magnitude's sign bit is clear: it counts as signed.
            result = clamp(Mux(negative, -quotient.as_signed(), quotient.as_signed()),
                           spec.low, spec.high)
            m.d.comb += self.o.payload[lane].eq(
                registered(m, result, enable=enable, name=f"result_{lane}"))
        return m

    def _product(self, m: Module, dividend: Value, reciprocal: Value, enable: Value, lane: int
                 ) -> Value:
        width = self._dividend.width + self._shift + 2
        if isinstance(reciprocal, Const):
            return aligned_sum(m, scale_terms(dividend, reciprocal.value), width, enable=enable,
                               name=f"product_{lane}")
        return multiply_add(m, dividend, reciprocal, None, width, kind=self._kind, enable=enable,
                            name=f"product_{lane}")

    def _divisor(self, loops: Loops) -> tuple[Value, Value]:
        """Half of the count and the reciprocal, at the place whose sum comes next."""
        counts = self._counts()
        if len(counts) == 1:
            return Const(counts[0] // 2), Const(self._reciprocal(counts[0]))
        table, number = [1], Const(0, 0)
        for level, taps in enumerate(reversed(self._taps), start=1):
            kinds = [kind for kind, _ in Counter(taps).most_common()]
            bits = (len(kinds) - 1).bit_length()
            kinds += kinds[:1] * ((1 << bits) - len(kinds))
            table = [count * kind for kind in kinds for count in table]
            number = Cat(number, _chosen(getattr(loops, f"index_{level}"),
                                         [kinds.index(each) for each in taps], bits))
        return (Array(Const(count // 2) for count in table)[number],
                Array(Const(self._reciprocal(count)) for count in table)[number])


def _chosen(index: Value, numbers: Sequence[int], bits: int) -> Value:
    """``numbers[index]``, of which most are 0."""
    result: Value = Const(0, bits)
    for place, number in enumerate(numbers):
        if number:
            result = Mux(index == place, Const(number, bits), result)
    return result
