# amaranth: UnusedElaboratable=no
"""What dense layers of fixed weights cost: their adders are counted, not fitted."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from hw.pe import CONSTANT_KINDS, ConstantSpec
from sw_model.node import Tensor

__all__ = ["ConstantCost", "constant_cost"]


class ConstantCost(NamedTuple):
    """Lookup tables of a constant matrix with its biases, and cycles from vector to vector."""

    luts: int
    interval: int


def constant_cost(pe: str, tensors: list[Tensor]) -> ConstantCost | None:
    """Of a matrix product's inputs; None if the kind does not take their formats."""
    _, weights, *biases = tensors
    assert weights.value is not None
    try:
        spec = ConstantSpec(tensors[0].format, weights.format.to_fixed(weights.value))
    except ValueError:
        return None
    cells, interval = _counted(pe, spec)
    added = sum(int((bias.value != 0).sum()) for bias in biases if bias.value is not None)
    return ConstantCost(cells + added * spec.result.width, interval)


@lru_cache(maxsize=128)
def _counted(pe: str, spec: ConstantSpec) -> tuple[int, int]:
    matrix = CONSTANT_KINDS[pe](spec)
    return matrix.cells, matrix.interval
