# amaranth: UnusedElaboratable=no
"""Accumulation in carry-save form: no carry travels until a sum has ended."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable

from ..arith.compressor import compressed
from ..arith.registered import registered
from ..shapes import fixed_value
from .accumulate import Accumulate

__all__ = ["CarrySaveAccumulate"]


class CarrySaveAccumulate(Accumulate):
    """Partial products of all lanes, compressed with a sum and its carries every cycle.

    Radix-4 Booth digits of the weights choose multiples of the activations; full adders make two
    numbers of these and the two that are kept, so that the loop is as long as a few full
    adders, whatever the accumulator's width. One carry-propagate adder behind the loop gives
    ``o``. Registers stand behind the partial products, the sum and carries, and ``o``. See
    :class:`Accumulate` for the contract.

    Source: Wu et al., Exploring the Performance Improvement of Tensor Processing Engines through
    Transformation in the Bit-weight Dimension of MACs, HPCA 2025, section 3 (OPT1).
    """

    latency = 3

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        width = self.accumulator.width
        rows, offset = [], 0
        for lane in range(self.spec.lanes):
            found, constant = self._partial_products(m, lane)
            rows += found
            offset += constant
        total, carries = (Signal(width, name=name, reset_less=True)
                          for name in ("total", "carries"))
        clear = registered(m, self.clear, enable=self.enable, name="clears")
        later = compressed(m, [*rows, Const(offset % (1 << width), width), total, carries], width,
                           name="level")
        with m.If(self.enable):
            m.d.sync += [total.eq(later[0]), carries.eq(later[1]), self.o.eq(total + carries)]
            with m.If(clear):
                m.d.sync += [total.eq(0), carries.eq(0)]
        return m

    def _partial_products(self, m: Module, lane: int) -> tuple[list[Value], int]:
        """Registered rows of a lane and a constant that together sum to its product.

        A negative multiple is a complement, and 1 that goes into a row of such ones. Sign bits
        are inverted instead of extended, for a constant: -s is (1 - s) - 1.
        """
        a = fixed_value(self.spec.activations, self.a[lane])
        w = fixed_value(self.spec.weights, self.w[lane])
        a = a if a.shape().signed else Cat(a, Const(0, 1)).as_signed()
        sign = w[-1] if w.shape().signed else Const(0, 1)
        count = (len(w) + (not w.shape().signed) + 1) // 2
        bits = Cat(Const(0, 1), w, sign.replicate(2 * count - len(w)))
        rows, ones, constant = [], [], 0
        for digit in range(count):
            low, middle, high = bits[2 * digit], bits[2 * digit + 1], bits[2 * digit + 2]
            once, twice = low ^ middle, ~(low ^ middle) & (middle ^ high)
            multiple = Mux(twice, Cat(Const(0, 1), a), Mux(once, Cat(a, a[-1]), 0))
            row = multiple ^ high.replicate(len(a) + 1)
            flipped = Cat(row[:-1], ~row[-1])
            place = 2 * digit + len(a)
            constant -= 1 << place
            name = f"partial_{lane}_{digit}"
            held = registered(m, flipped, enable=self.enable, name=name)
            one = registered(m, high, enable=self.enable, name=f"{name}_one")
            rows.append(Cat(Const(0, 2 * digit), held) if digit else held)
            ones += [one, Const(0, 1)]
        return [*rows, Cat(*ones)], constant
