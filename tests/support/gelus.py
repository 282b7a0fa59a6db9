"""What makes a small network around each GELU, SiLU and gated product."""

from __future__ import annotations

from collections.abc import Callable

from sw_model.formats import IntFormat
from sw_model.ops import GatedProduct, IntegerGelu, ShiftGelu, Swish
from sw_model.specs import (
    DeltaTableSpec,
    GatedProductSpec,
    IntegerGeluSpec,
    ShiftGeluSpec,
    SwishSpec,
)
from tests.support.graphs import NetworkBuilder

__all__ = ["NETWORKS"]

INT8 = IntFormat(8)


def _gated_product(builder: NetworkBuilder, x: str) -> str:
    entries = builder.constant("entries", [0, 20, 11, 3, 0], IntFormat(8, signed=False))
    gate = DeltaTableSpec(source=INT8, step_bits=0, fraction=7, entries=5)
    return builder.node(GatedProduct, "swiglu", x, x, entries, spec=GatedProductSpec(
        gate=gate, a=INT8, b=INT8, target=INT8, multiplier=5, shift=15))


#: As in :mod:`.operations`: the operation's name, its input's format, and what makes its output.
NETWORKS: dict[str, tuple[IntFormat, Callable[[NetworkBuilder, str], str]]] = {
    "GatedProduct": (INT8, _gated_product),
    "IntegerGelu": (INT8, lambda b, x: b.node(
        IntegerGelu, "gelu", x, spec=IntegerGeluSpec.of_scale(INT8, 0.03))),
    "ShiftGelu": (INT8, lambda b, x: b.node(
        ShiftGelu, "gelu", x, spec=ShiftGeluSpec.of_scale(INT8, 0.03))),
    "Swish": (INT8, lambda b, x: b.node(Swish, "silu", x, spec=SwishSpec.silu(INT8, 0.03))),
}
