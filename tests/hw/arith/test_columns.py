# amaranth: UnusedElaboratable=no
"""Carry-save addition by columns: sums of random rows, levels, and what is no bit."""

from __future__ import annotations

import pytest
from amaranth import Cat, Const, Module, Signal
from amaranth.sim import Simulator

from hw.arith.columns import columns_of, compress_level, settled, two_rows


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 9, 13, 20])
def test_sums(count, rng):
    """Of rows anywhere, modulo two to the columns, with a constant among them."""
    m, width = Module(), 10
    rows = [Signal(int(rng.integers(1, 13)), name=f"row_{k}") for k in range(count)]
    places = [int(rng.integers(width)) if k else 0 for k in range(count)]
    offset = int(rng.integers(1 << width))
    columns = columns_of([*zip(rows, places, strict=True), (Const(offset, width), 0)], width)
    levels, _ = settled([len(column) for column in columns])
    for level in range(levels):
        columns = compress_level(m, columns, name=f"level_{level}")
    seen = Signal(2 * width)
    m.d.comb += seen.eq(Cat(*two_rows(columns)))

    async def bench(ctx):
        for turn in range(200):
            values = [int(rng.integers(1 << len(row))) if turn else (1 << len(row)) - 1
                      for row in rows]
            for row, value in zip(rows, values, strict=True):
                ctx.set(row, value)
            await ctx.delay(1e-9)
            both = ctx.get(seen)
            wanted = sum(value << place for value, place in zip(values, places, strict=True))
            assert ((both >> width) + both - wanted - offset) % (1 << width) == 0

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


def test_levels():
    """Of as many numbers of nine bits, alone and with as many carry-ins."""
    assert [settled([rows] * 9)[0] for rows in (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 13, 16)] == [
        0, 0, 0, 1, 2, 3, 3, 4, 4, 5, 5, 6]
    assert [settled([2 * rows, *[rows] * 8, *[0] * 5])[0] for rows in (1, 2, 4, 8, 16)] == [
        0, 1, 3, 4, 6]
    assert settled([3, 3, 0]) == (1, [1, 2, 1])
    assert settled([100, 0])[0] <= 12


def test_levels_leave_what_is_foretold(rng):
    for _ in range(50):
        heights = [int(height) for height in rng.integers(0, 20, int(rng.integers(1, 12)))]
        m, columns = Module(), [[Signal(name="bit") for _ in range(height)] for height in heights]
        levels, left = settled(heights)
        for level in range(levels):
            assert max(map(len, columns)) > 2
            columns = compress_level(m, columns, name=f"level_{level}")
        assert list(map(len, columns)) == left
        assert max(left) <= 2


def test_what_is_no_bit():
    """Zeros of constants, and what is beyond the last column."""
    row = Signal(4)
    columns = columns_of([(row, 3), (Const(0b0101, 4), 1)], 6)
    assert list(map(len, columns)) == [0, 1, 0, 2, 1, 1]
    assert [len(number) for number in two_rows(columns)] == [6, 6]
