"""How far the results of a unit's products reach."""

from __future__ import annotations

from sw_model.formats import IntFormat
from sw_model.node import fixed
from sw_model.ops import accumulator_range

from ..passes.reach import reach
from .context import Context, constant

__all__ = ["product_reach"]


def product_reach(context: Context) -> tuple[int, int]:
    """Least and greatest result of all jobs, by their weights and biases.

    By any codes of the inputs or, where what comes before gives fewer, by the graph's own ranges.
    """
    ends: list[int] = []
    target, known = context.target, None
    assert isinstance(target, IntFormat)
    for node in context.nodes:
        _, weights, *rest = context.tensors(node)
        bias = fixed(rest[0], constant(rest[0])) if rest else None
        low, high = accumulator_range(fixed(weights, constant(weights)),
                                      context.source.fixed_min, context.source.fixed_max, bias)
        found = min(low), max(high)
        if not (target.min <= found[0] and found[1] <= target.max):
            known = known or reach(context.layout.graph)
            found = known[node.outputs[0]].hull
        ends += found
    return min(ends), max(ends)
