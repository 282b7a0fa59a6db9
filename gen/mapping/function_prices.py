"""What units of functions cost, by estimate; fitted to figures of ``python -m bench.functions``."""

from __future__ import annotations

from sw_model.node import Node, Tensor
from sw_model.ops import DeltaTable, Divide, Exp2, Isqrt, Piecewise, Reciprocal, Rsqrt
from sw_model.specs import IsqrtSpec

__all__ = ["FUNCTIONS", "function_steps", "lane_price"]

#: Nodes that these are the prices of.
FUNCTIONS = (DeltaTable, Divide, Exp2, Isqrt, Piecewise, Reciprocal, Rsqrt)

#: Lookup tables of a product of logic, for each pair of bits.
FABRIC = 1.4


def function_steps(node: Node, source: Tensor) -> int:
    """Cycles that a unit is busy with a word."""
    if isinstance(node, Isqrt):
        return IsqrtSpec(source.format).steps  # type: ignore[arg-type]
    return source.format.width if isinstance(node, Divide) else 1


def lane_price(node: Node, tensors: list[Tensor], dsps: bool) -> tuple[float, float]:
    """Multipliers and lookup tables of a lane; half a divider has one."""
    width = tensors[0].format.width
    match node:
        case Divide():
            return 0, 2.5 * width
        case Isqrt():
            return 0, 2.6 * width
        case Exp2():
            products = [(node.fraction - node.index_bits + 1, node.interpolation_bits)]
            luts = 5.5 * width + 7 * node.fraction + (1 << node.index_bits) * 0.12 * node.fraction
        case Reciprocal() | Rsqrt():
            each = (3 if isinstance(node, Rsqrt) else 2) * node.newton_steps
            products = [(node.fraction + 1, node.fraction + 1)] * each
            luts = 5 * width + (1 << node.index_bits) * 0.12 * node.entry_bits
        case DeltaTable():
            spec = node.spec(tensors)
            entries = tensors[1].format.width
            products = [(entries - 1, spec.between_bits)] if spec.between_bits else []
            luts = 4 * width + spec.entries * 0.12 * (2 * entries)
        case Piecewise():
            form = node.spec(tensors)
            slopes = [form.slope, *form.widths[2:]][:form.degree]
            products = [(slope.width, form.offset_bits) for slope in slopes]
            luts = 10 + 2 * width + 0.12 * form.table_bits
        case _:
            raise TypeError(f"{type(node).__name__} is no function")
    if dsps:
        return sum(-(-a // 18) * -(-b // 18) for a, b in products), luts
    return 0, luts + FABRIC * sum(a * b for a, b in products)
