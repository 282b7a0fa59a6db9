"""Carry-save addition: many numbers to two of the same sum, without a carry that travels."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Signal, Value

__all__ = ["compressed", "compressor_depth"]


def compressor_depth(rows: int) -> int:
    """Full adders one behind the other from ``rows`` numbers to two."""
    depth = 0
    while rows > 2:
        rows = rows - rows // 3
        depth += 1
    return depth


def compressed(m: Module, rows: Sequence[Value], width: int, *, name: str) -> tuple[Value, Value]:
    """Two numbers of ``width`` bits whose sum is that of ``rows`` modulo ``2**width``.

    Combinational; each level of full adders makes two rows of three
    (:func:`compressor_depth` levels). Rows count as unsigned: whoever has signed ones extends
    them.

    Source: C. S. Wallace, A Suggestion for a Fast Multiplier, 1964.

    Raises
    ------
    ValueError
        If there are fewer than two rows.
    """
    if len(rows) < 2:
        raise ValueError(f"rows must be at least two, not {len(rows)}")
    level = [_wide(row, width) for row in rows]
    depth = 0
    while len(level) > 2:
        whole = len(level) // 3 * 3
        later = level[whole:]
        for k in range(0, whole, 3):
            later += _full_adders(m, level[k:k + 3], width, f"{name}_{depth}_{k // 3}")
        level, depth = later, depth + 1
    return level[0], level[1]


def _full_adders(m: Module, rows: Sequence[Value], width: int, name: str) -> list[Value]:
    a, b, c = rows
    total, carry = Signal(width, name=f"{name}_sum"), Signal(width, name=f"{name}_carry")
    m.d.comb += [total.eq(a ^ b ^ c), carry.eq((a & b | a & c | b & c) << 1)]
    return [total, carry]


def _wide(row: Value, width: int) -> Value:
    """The low ``width`` bits of a row, zeros above it."""
    bits = Value.cast(row)[:width]
    return Cat(bits, Const(0, width - len(bits))) if len(bits) < width else bits
