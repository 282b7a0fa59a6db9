"""Floats, posits and codebooks: products of significands, aligned on the product grid."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.registered import registered
from ..arith.shift import shift_left
from ..codec.unpack import unpack
from ..shapes import shape_between
from .base import DotProduct, DotSpec

__all__ = ["ExactDotProduct"]


class ExactDotProduct(DotProduct):
    """Decoders, small multipliers, shifters and an exact sum: a dot product every cycle.

    A code is a sign, an integer and a power of two, so a product is one of the two integers,
    shifted by the sum of the powers onto the grid of all products, where sums are exact.
    Registers stand behind the multipliers, the shifters and each level of the adder tree.

    NaN and infinities have no place on the product grid: the model refuses their codes, and here
    they count as zero without a word. Whoever makes the codes must not make these;
    :class:`hw.codec.decode.Decoder` tells them where that is to be watched.

    See :class:`DotProduct` for the contract and the members. Source: OCP Microscaling Formats
    1.0, 6.3 leaves the sum's precision open; the exact accumulator is Kulisch's.

    Parameters
    ----------
    spec : DotSpec
        Any formats that have hardware.
    """

    what = "an exact dot product"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.latency = 2 + tree_depth(spec.lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        products = [self._product(m, lane) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.eq(adder_tree(m, products, enable=self.enable, name="sum"))
        return m

    def _product(self, m: Module, lane: int) -> Value:
        """The product of a lane's pair on the product grid, two registers later."""
        spec = self.spec

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=f"{name}_{lane}")

        a = unpack(spec.activations, self.a[lane], m, f"a_{lane}")
        w = unpack(spec.weights, self.w[lane], m, f"w_{lane}")
        negative = stage(a.negative ^ w.negative, "negative")
        significand = stage(a.significand * w.significand, "significand")
        exponent = stage(a.exponent + w.exponent, "exponent")
        most = a.most + w.most
        wide = Signal(unsigned(len(significand) + most), name=f"wide_{lane}")
        m.d.comb += wide.eq(significand)
        moved = shift_left(m, wide, exponent, most, name=f"aligned_{lane}")
        # Bits below the product grid are zero: they only gave the shift room.
        spare = spec.lsb - a.lsb - w.lsb
        magnitude = moved[spare:] if spare >= 0 else moved << -spare
        product = Signal(shape_between(*spec.product_range), name=f"product_value_{lane}")
        m.d.comb += product.eq(Mux(negative, -magnitude, magnitude))
        return stage(product, "product")
