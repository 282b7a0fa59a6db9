# amaranth: UnusedElaboratable=no
"""Products of bytes by twos in the DSP blocks of an iCE40 UltraPlus."""

from __future__ import annotations

from typing import Any, ClassVar

from amaranth import Module
from amaranth.hdl import Elaboratable

from ..arith.adder_tree import adder_tree, tree_depth
from ..shapes import fixed_shape, fixed_value
from ..unique import Unique
from .base import DotSpec
from .decoded import NumberDotProduct
from .operands import BYTES, Operand
from .two_products import TwoProducts

__all__ = ["Ice40PackedDotProduct"]


class Ice40PackedDotProduct(NumberDotProduct):
    """Two lanes in each DSP block, and an adder tree: a dot product every cycle.

    A block multiplies two pairs of bytes in place of one pair of 16 bits, which synthesis does
    not infer. Designs with this kind go on iCE40 devices with DSP blocks, by a flow that knows
    the cell (:class:`hw.pe.two_products.TwoProducts`). Registers stand in the blocks, behind the
    products, and behind each level of the tree.

    See :class:`DotProduct` for the contract and the members. Source: Lattice, DSP Function Usage
    Guide for iCE40 Devices (FPGA-TN-02007), 8 x 8 mode.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it, numbers of 8 bits at most.
    """

    what = "a dot product by pairs of bytes"
    family = "ice40"
    multiplied = True
    operands: ClassVar[dict[str, Operand]] = {"activations": BYTES, "weights": BYTES}

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        #: DSP blocks.
        self.multipliers = -(-spec.lanes // 2)
        self.latency = 1 + tree_depth(spec.lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec, products = self.spec, []
        shapes = fixed_shape(spec.activations), fixed_shape(spec.weights)
        for lane, (a, w) in enumerate(zip(self.a, self.w, strict=True)):
            if lane % 2 == 0:
                m.submodules[f"pair_{lane // 2}"] = block = Unique(TwoProducts, *shapes)
                m.d.comb += block.enable.eq(self.enable)
            m.d.comb += [block.a[lane % 2].eq(fixed_value(spec.activations, a)),
                         block.b[lane % 2].eq(fixed_value(spec.weights, w))]
            products.append(block.o[lane % 2])
        m.d.comb += self.o.eq(adder_tree(m, products, enable=self.enable, name="sum"))
        return m
