"""What units of functions cost, by estimate; fitted to figures of ``python -m bench.functions``."""

from __future__ import annotations

from typing import NamedTuple

from hw.memory.lookup import LookupRom
from sw_model.node import Node, Tensor
from sw_model.ops import DeltaTable, Divide, Exp2, Isqrt, Piecewise, Reciprocal, Rsqrt
from sw_model.specs import IsqrtSpec

__all__ = ["FUNCTIONS", "LaneCost", "function_steps", "lane_cost"]

#: Nodes that these are the costs of.
FUNCTIONS = (DeltaTable, Divide, Exp2, Isqrt, Piecewise, Reciprocal, Rsqrt)

#: Lookup tables of a product of logic, for each pair of bits, and of a bit of a small table.
FABRIC, TABLE_BIT = 1.2, 0.1


class LaneCost(NamedTuple):
    """What a lane takes.

    Parameters
    ----------
    multipliers, luts : float
    width, depth : int
        Of a table that is no logic, if there is one.
    """

    multipliers: float
    luts: float
    width: int = 0
    depth: int = 0


def function_steps(node: Node, source: Tensor) -> int:
    """Cycles that a unit is busy with a word."""
    if isinstance(node, Isqrt):
        return IsqrtSpec(source.format).steps  # type: ignore[arg-type]
    return source.format.width if isinstance(node, Divide) else 1


def lane_cost(node: Node, tensors: list[Tensor], dsps: bool) -> LaneCost:
    """What a lane of a unit that serves ``node`` takes; a divider has two lanes."""
    width = tensors[0].format.width
    products: list[tuple[int, int]] = []
    match node:
        case Divide():
            return LaneCost(0, 3 * width)
        case Isqrt():
            return LaneCost(0, 3.7 * width)
        case Exp2():
            luts = 5.5 * width + 7 * node.fraction
            products = [(node.fraction - node.index_bits + 1, node.interpolation_bits)]
            bits, depth = node.fraction + 2, 1 << node.index_bits
        case Reciprocal() | Rsqrt():
            luts = 2.2 * width + 40 * node.newton_steps
            root = isinstance(node, Rsqrt)
            products = [(node.fraction + 1, node.fraction + 1)] * (2 + root) * node.newton_steps
            bits, depth = node.entry_bits, (3 if root else 1) << node.index_bits
        case DeltaTable():
            spec, luts = node.spec(tensors), 4.0 * width
            bits, depth = 2 * tensors[1].format.width, spec.entries
            products = [(tensors[1].format.width - 1, spec.between_bits)]
        case Piecewise():
            form, luts = node.spec(tensors), 6 + 1.0 * width
            bits, depth = sum(each.width for each in form.widths), form.segments
            products = [(each.width, form.offset_bits) for each in (
                [form.slope, *form.widths[2:]] if form.degree else [])]
        case _:
            raise TypeError(f"{type(node).__name__} is no function")
    multipliers = sum(-(-a // 18) * -(-b // 18) for a, b in products) if dsps else 0
    luts += 0 if dsps else FABRIC * sum(a * b for a, b in products)
    if depth > LookupRom.LOGIC_DEPTH:
        return LaneCost(multipliers, luts, bits, depth)
    return LaneCost(multipliers, luts + TABLE_BIT * bits * depth)
