# amaranth: UnusedElaboratable=no
"""Adder trees against Python's sum: every size, mixed shapes, stalls, latency and widths."""

from __future__ import annotations

import math

import pytest
from amaranth import Const, Module, Shape, Signal
from amaranth.sim import Simulator

from hw.arith.adder_tree import adder_tree, grouped_depth, leaf_group, tree_depth


def limits(shape: Shape) -> tuple[int, int]:
    half = 1 << (shape.width - 1) if shape.signed else 0
    return -half, (1 << shape.width) - 1 - half


def run(shapes, vectors, depth, rng, group=2, constants=()):
    """Check the sums of ``vectors``, a new one in each enabled cycle; returns the sum's shape."""
    m, enable = Module(), Signal()
    inputs = [Signal(shape, name=f"i{k}") for k, shape in enumerate(shapes)]
    total = adder_tree(m, [*inputs, *map(Const, constants)], enable=enable, name="sum", group=group)
    output = Signal(total.shape())
    m.d.comb += output.eq(total)
    m.d.sync += Signal(name="idle").eq(0)

    async def bench(ctx):
        steps = 0
        expected = [sum(vector) + sum(constants) for vector in vectors]
        while steps < len(vectors) + depth:
            moving = bool(rng.random() < 0.7)
            for signal, value in zip(inputs, vectors[min(steps, len(vectors) - 1)], strict=True):
                # Operands of cycles that are not enabled must not count.
                ctx.set(signal, int(value) if moving else int(rng.integers(*limits(signal.shape()),
                                                                          endpoint=True)))
            ctx.set(enable, moving)
            if not depth:
                await ctx.delay(1e-9)
                if moving:
                    assert ctx.get(output) == expected[steps]
            await ctx.tick()
            steps += moving
            if depth <= steps < len(vectors) + depth and depth:
                assert ctx.get(output) == expected[steps - depth], steps

    sim = Simulator(m)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()
    return total.shape()


def vectors_of(shapes, rng, count=12):
    """All least, all greatest, and random ones."""
    ends = [limits(shape) for shape in shapes]
    random = [[int(rng.integers(low, high, endpoint=True)) for low, high in ends]
              for _ in range(count)]
    return [[low for low, _ in ends], [high for _, high in ends], *random]


@pytest.mark.parametrize("group", [2, 3, 6])
@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 6, 7, 8, 13, 37])
def test_alike_values(terms, group, rng):
    for shape in (Shape(1), Shape(2, True), Shape(8, True)):
        shapes = [shape] * terms
        low, high = (end * terms for end in limits(shape))
        found = run(shapes, vectors_of(shapes, rng), grouped_depth(terms, group), rng, group)
        # As wide as the sums need, and no wider.
        assert found == Shape.cast(range(low, high + 1))


@pytest.mark.parametrize("terms", [2, 3, 5, 6])
def test_mixed_values(terms, rng):
    """The widest may stand anywhere, and signs may differ."""
    for _ in range(6):
        shapes = [Shape(int(rng.integers(1, 9)), bool(rng.random() < 0.5)) for _ in range(terms)]
        ends = [limits(shape) for shape in shapes]
        for group in (2, 4):
            found = run(shapes, vectors_of(shapes, rng), grouped_depth(terms, group), rng, group)
            assert found == Shape.cast(range(sum(e[0] for e in ends), sum(e[1] for e in ends) + 1))


def test_wide_values(rng):
    """Sums of more numbers than a range of Python's has a length."""
    shapes = [Shape(64, True), Shape(63), Shape(62, True)]
    vectors = [[low for low, _ in map(limits, shapes)], [high for _, high in map(limits, shapes)]]
    assert run(shapes, vectors, 2, rng) == Shape(66, True)


def test_constants_count_for_what_they_are(rng):
    shapes = [Shape(3)] * 3
    for constants in ((5,), (-9,), (0, -1)):
        depth = tree_depth(3 + len(constants))
        found = run(shapes, vectors_of(shapes, rng), depth, rng, constants=constants)
        assert found == Shape.cast(range(sum(constants), 21 + sum(constants) + 1))


def test_depths():
    for terms in range(1, 70):
        assert tree_depth(terms) == math.ceil(math.log2(terms))
        for group in (2, 3, 6):
            left, levels = terms, 0
            while left > 1:
                left, levels = math.ceil(left / (2 if levels else group)), levels + 1
            assert grouped_depth(terms, group) == levels
    assert [leaf_group(width) for width in (1, 2, 3, 8)] == [6, 3, 2, 2]
    with pytest.raises(ValueError, match=r"^terms must be at least 1, not 0$"):
        tree_depth(0)


def test_nothing_to_add():
    with pytest.raises(ValueError, match=r"^values must not be empty$"):
        adder_tree(Module(), [], enable=1, name="sum")


def test_one_value_is_its_own_sum():
    m, only = Module(), Signal(4)
    assert adder_tree(m, [only], enable=1, name="sum") is only


def test_registers_are_named_by_level_and_place():
    m = Module()
    total = adder_tree(m, [Signal(2, name=f"i{k}") for k in range(5)], enable=1, name="sum")
    assert total.name == "sum_2_0"
    assert len(total) == 4
