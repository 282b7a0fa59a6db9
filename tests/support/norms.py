"""What makes a small network around each normalisation."""

from __future__ import annotations

from collections.abc import Callable

from sw_model.formats import FixedFormat, IntFormat
from sw_model.node import Node
from sw_model.ops import IntegerLayerNorm, L1Norm, L2Norm, LayerNorm, RmsNorm
from sw_model.specs import (
    IntegerLayerNormSpec,
    L1NormSpec,
    L2NormSpec,
    LayerNormSpec,
    NormSpec,
    RmsNormSpec,
)
from tests.support.graphs import NetworkBuilder

__all__ = ["NETWORKS"]

INT8 = IntFormat(8)


def _norm(kind: type[Node], spec: type[NormSpec]) -> Callable[[NetworkBuilder, str], str]:
    def make(builder: NetworkBuilder, x: str) -> str:
        parameters = [builder.constant("gain", [8192, -16384, 32767], IntFormat(16)),
                      builder.constant("bias", [9, -99, 0], INT8)]
        return builder.node(kind, "norm", x, *parameters, spec=spec(
            source=INT8, target=FixedFormat(16, 8), longest=5, bias=INT8))
    return make


def _integer_layer_norm(builder: NetworkBuilder, x: str) -> str:
    bias = builder.constant("bias", [-(2**30), 0, 77], IntFormat(31))
    return builder.node(IntegerLayerNorm, "norm", x, bias,
                        spec=IntegerLayerNormSpec(source=INT8, longest=3))


#: As in :mod:`.operations`: the operation's name, its input's format, and what makes its output.
NETWORKS: dict[str, tuple[IntFormat, Callable[[NetworkBuilder, str], str]]] = {
    "IntegerLayerNorm": (INT8, _integer_layer_norm),
    "L1Norm": (INT8, _norm(L1Norm, L1NormSpec)),
    "L2Norm": (INT8, lambda b, x: b.node(L2Norm, "norm", x,
                                         spec=L2NormSpec(zero_point=4, longest=3))),
    "LayerNorm": (INT8, _norm(LayerNorm, LayerNormSpec)),
    "RmsNorm": (INT8, _norm(RmsNorm, RmsNormSpec)),
}
