# amaranth: UnusedElaboratable=no
"""Booth digits: rows that sum to products, no wider than ranges need."""

from __future__ import annotations

import itertools

import pytest
from amaranth import Cat, Module, Signal
from amaranth.sim import Simulator

from hw.arith.booth_rows import booth_digits, booth_row
from hw.shapes import shape_between

#: Of integers of each sort, even and odd widths, and of ternary numbers.
RANGES = [(0, 1), (-1, 0), (-1, 1), (-2, 1), (0, 3), (0, 7), (-4, 3), (-8, 7), (0, 15), (-16, 15)]


@pytest.mark.parametrize("factor", RANGES)
def test_every_product(factor):
    """Of all numbers in the ranges; widths and bounds are met."""
    for other in RANGES:
        m, seen = Module(), []
        operands = [Signal(shape_between(*limits), name=name)
                    for limits, name in ((factor, "factor"), (other, "other"))]
        digits = booth_digits(factor, other)
        for digit in digits:
            row, carry = booth_row(m, digit, *operands, name=f"row_{digit.place}")
            assert len(row) == digit.width
            seen += [row, carry]
        widths, together = list(map(len, seen)), Signal(sum(map(len, seen)))
        m.d.comb += together.eq(Cat(*seen))
        simulator, greatest = Simulator(m), [0] * len(digits)

        async def bench(ctx, together=together, widths=widths, operands=operands, digits=digits,
                        limits=(factor, other), greatest=greatest):
            for pair in itertools.product(*(range(low, high + 1) for low, high in limits)):
                for operand, value in zip(operands, pair, strict=True):
                    ctx.set(operand, value)
                await ctx.delay(1e-9)
                rest, parts = ctx.get(together), []
                for width in widths:
                    parts.append(rest & (1 << width) - 1)
                    rest >>= width
                sums = [row + carry for row, carry in zip(parts[::2], parts[1::2], strict=True)]
                assert sum((total - digit.bias) * 4**digit.place for total, digit
                           in zip(sums, digits, strict=True)) == pair[0] * pair[1]
                greatest[:] = map(max, greatest, sums)

        simulator.add_testbench(bench)
        simulator.run()
        assert greatest == [digit.most for digit in digits]


def test_digits():
    """As few and as narrow as ranges allow; any width."""
    def found(factor, other):
        return [(digit.width, digit.bias, digit.most, digit.has_carry)
                for digit in booth_digits(factor, other)]

    byte = (-128, 127)
    assert found(byte, byte) == [(9, 256, 512, True)] * 4
    assert found((-1, 1), byte) == [(8, 128, 256, True)]
    assert found((0, 3), (0, 7)) == [(5, 16, 23, True), (3, 0, 7, False)]
    assert len(booth_digits((-1 << 63, (1 << 63) - 1), byte)) == 32
    assert booth_digits((0, (1 << 63) - 1), byte)[31].patterns == {0, 1, 2, 3}
