# amaranth: UnusedElaboratable=no
"""Small instances of GELU, SiLU and gated products."""

from __future__ import annotations

from amaranth.lib import wiring

from hw.nonlinear.gated_product import GatedProduct, GatedProductLane
from hw.nonlinear.integer_gelu import IntegerGelu, IntegerGeluLane
from hw.nonlinear.shift_gelu import ShiftGelu, ShiftGeluLane
from hw.nonlinear.swish import Swish, SwishLane
from sw_model.formats import IntFormat
from sw_model.specs import GatedProductSpec, IntegerGeluSpec, ShiftGeluSpec, SwishSpec

__all__ = ["gelu_units"]

INT8 = IntFormat(8)


def gelu_units() -> tuple[wiring.Component, ...]:
    """New instances."""
    swish, integer, shift = (made(INT8, 0.03) for made in (
        SwishSpec.gelu, IntegerGeluSpec.of_scale, ShiftGeluSpec.of_scale))
    gated = GatedProductSpec(gate=None, a=INT8, b=INT8, target=INT8, multiplier=5, shift=9)
    return (Swish(swish, 2), SwishLane(swish), IntegerGelu(integer, 2), IntegerGeluLane(integer),
            ShiftGelu(shift, 2, 9), ShiftGeluLane(shift), GatedProduct(gated, 2),
            GatedProductLane(gated))
