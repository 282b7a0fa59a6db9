"""Carry-save addition by columns: bits of equal weight, of which a full adder makes of three one,
and one of the next column.

Numbers may differ in width and place, and single bits take part as carry-ins; whole rows of one
width, as those of a loop around a sum and its carries, are :mod:`hw.arith.compressor`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from amaranth import Cat, Const, Module, Signal, Value

__all__ = ["Columns", "columns_of", "compress_level", "settled", "two_rows"]

#: Bits by weight, those of weight 1 first.
Columns = list[list[Value]]


def columns_of(rows: Iterable[tuple[Value, int]], width: int) -> Columns:
    """The bits of numbers, each ``2**place`` times what it is, modulo ``2**width``.

    Numbers count as unsigned: whoever has signed ones extends them. Of constants the bits that are
    zero are none.
    """
    columns: Columns = [[] for _ in range(width)]
    for row, place in rows:
        bits = list(row)
        if isinstance(row, Const):
            bits = [Const(row.value >> k & 1, 1) for k in range(len(row))]
        for column, bit in zip(columns[place:], bits, strict=False):
            if not (isinstance(bit, Const) and bit.value == 0):
                column.append(bit)
    return columns


def compress_level(m: Module, columns: Columns, *, name: str) -> Columns:
    """What one level of adders leaves of ``columns``, of as many columns; combinational.

    Carries out of the last column are dropped: if the sum fits, there are none.

    Sources: C. S. Wallace, A Suggestion for a Fast Multiplier, 1964: full adders wherever there are
    three bits; L. Dadda, Some Schemes for Parallel Multipliers, 1965: half adders only where a
    column would else be higher than the level leaves others.
    """
    found: Columns = []
    carries: list[Value] = []
    for place, (bits, (full, half)) in enumerate(
            zip(columns, _adders([len(column) for column in columns]), strict=True)):
        taken, sums, later = 3 * full + 2 * half, [], []
        if taken:
            a, b, c = (Cat(*bits[k:taken:3]) for k in range(3))
            total, carry = (Signal(full + half, name=f"{name}_{place}_{what}")
                            for what in ("sum", "carry"))
            m.d.comb += [total.eq(a ^ b ^ c), carry.eq(a & b | a & c | b & c)]
            sums, later = list(total), list(carry)
        found.append([*bits[taken:], *sums, *carries])
        carries = later
    return found


def settled(heights: Sequence[int]) -> tuple[int, list[int]]:
    """Levels until no column has more than two bits, and how many each then has."""
    levels, heights = 0, list(heights)
    while max(heights) > 2:
        adders = _adders(heights)
        carries = [0, *map(sum, adders)]
        heights = [height - 2 * full - half + carry for height, (full, half), carry
                   in zip(heights, adders, carries, strict=False)]
        levels += 1
    return levels, heights


def two_rows(columns: Columns) -> tuple[Value, Value]:
    """Columns of at most two bits as two numbers."""
    zero = Const(0, 1)
    first, second = (Cat((*column, zero, zero)[row] for column in columns) for row in (0, 1))
    return first, second


def _adders(heights: Sequence[int]) -> list[tuple[int, int]]:
    """Full and half adders of each column in a level.

    A level makes columns of at most ``limit`` bits of columns of at most ``higher``. One alone that
    is higher, as that of all carry-ins is, has time: some of its bits wait until there is room.
    """
    *_, second, most = sorted([0, *heights])
    limit, higher = 2, 3
    while higher < max(second, -(-most // 2)):
        limit, higher = higher, higher * 3 // 2
    found, carries = [], 0
    for height in heights:
        full, left = divmod(min(height, higher), 3)
        half = int(left == 2 and full + left + carries > limit)
        found.append((full, half))
        carries = full + half
    return found
