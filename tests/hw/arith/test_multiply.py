# amaranth: UnusedElaboratable=no
"""Pipelined products and aligned sums, against Python's integers."""

from __future__ import annotations

import itertools

import pytest
from amaranth import Const, Module, Shape, Signal, Value, signed
from amaranth.sim import Simulator

from hw.arith.adder_tree import tree_depth
from hw.arith.multiply import (
    MULTIPLIERS,
    Term,
    aligned_sum,
    multiply_add,
    multiply_add_depth,
    scale_terms,
    signed_digits,
)


def run(m, inputs, output, rows, depth):
    """Outputs for ``rows`` of input values, one a cycle; the first after ``depth`` cycles."""
    seen = []

    async def bench(ctx):
        for row in [*rows, *[rows[-1]] * depth]:
            for signal, number in zip(inputs, row, strict=True):
                ctx.set(signal, number)
            if depth == 0:
                await ctx.delay(1e-9)
                seen.append(ctx.get(output))
            else:
                await ctx.tick()
                seen.append(ctx.get(output))

    # A register that nothing else needs makes sure that there is a clock.
    m.d.sync += Signal().eq(1)
    sim = Simulator(m)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()
    start = max(depth - 1, 0)
    return seen[start:start + len(rows)]


def numbers(shape):
    least = -(1 << (shape.width - 1)) if shape.signed else 0
    return range(least, least + (1 << shape.width))


@pytest.mark.parametrize("kind", MULTIPLIERS)
@pytest.mark.parametrize("a_shape", [Shape(3), Shape(4, True)], ids=str)
@pytest.mark.parametrize("b_shape", [Shape(1), Shape(4), Shape(1, True), Shape(3, True),
                                     Shape(4, True)], ids=str)
def test_every_product(kind, a_shape, b_shape):
    for c_shape, c_shift in ((None, 0), (signed(3), 2)):
        m, a, b = Module(), Signal(a_shape), Signal(b_shape)
        c = Signal(c_shape or 1)
        addend = None if c_shape is None else Term(c, c_shift)
        total = multiply_add(m, Value.cast(a), Value.cast(b), addend, 10, kind=kind,
                             enable=Const(1), name="total")
        rows = [(x, y, (x * 5 + y) % 4 - 2 if c_shape else 0)
                for x, y in itertools.product(numbers(a_shape), numbers(b_shape))]
        depth = multiply_add_depth(b_shape, kind, addend=addend is not None)
        assert run(m, (a, b, c), total, rows, depth) == [x * y + (z << c_shift)
                                                         for x, y, z in rows]


def test_every_small_constant():
    for factor in [*range(-12, 13), 23, -23, 37, -40]:
        m, a = Module(), Signal(signed(4))
        terms = [Term(Const(0)), *scale_terms(Value.cast(a), factor)]
        total = aligned_sum(m, terms, 11, enable=Const(1), name="total")
        got = run(m, (a,), total, [(x,) for x in range(-8, 8)], tree_depth(len(terms)))
        assert got == [x * factor for x in range(-8, 8)], factor


def test_sums_of_terms_far_apart():
    """Signs and gaps: terms that overlap, touch, or leave bits between them."""
    for shifts in [(0, 0, 0), (0, 2, 9), (9, 2, 0), (2, 9, 2), (9, 0, 9), (3, 0, 5)]:
        for minus in itertools.product((False, True), repeat=3):
            if all(minus):
                continue
            m = Module()
            x = [Signal(signed(3), name="x"), Signal(2, name="y"), Signal(signed(2), name="z")]
            terms = [Term(Value.cast(v), *rest)
                     for v, *rest in zip(x, shifts, minus, strict=True)]
            total = aligned_sum(m, terms, 14, enable=Const(1), name="total")
            rows = [(-4, 3, -2), (3, 0, 1), (-1, 1, -1), (0, 2, 0)]
            assert run(m, x, total, rows, 2) == [
                sum((-v if negative else v) << shift
                    for v, shift, negative in zip(row, shifts, minus, strict=True))
                for row in rows], (shifts, minus)


def test_signed_digits_are_canonical():
    for number in range(-1000, 1001):
        digits = signed_digits(number)
        assert sum((-1 if minus else 1) << place for place, minus in digits) == number
        places = [place for place, _ in digits]
        assert all(late - early > 1 for early, late in itertools.pairwise(places))


def test_what_does_not_fit():
    m, a = Module(), Value.cast(Signal(4))
    with pytest.raises(ValueError, match=r"^kind must be one of inferred, fabric, not 'x'$"):
        multiply_add(m, a, a, None, 8, kind="x", enable=Const(1), name="p")
    with pytest.raises(ValueError, match="needs a positive one"):
        aligned_sum(m, [Term(a, 0, True)], 8, enable=Const(1), name="p")
