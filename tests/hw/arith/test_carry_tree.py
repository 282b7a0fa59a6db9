# amaranth: UnusedElaboratable=no
"""Trees whose adders take a carry each, against Python's integers."""

from __future__ import annotations

import pytest
from amaranth import Const, Module, Signal, signed
from amaranth.sim import Simulator

from hw.arith.adder_tree import tree_depth
from hw.arith.carry_tree import Carried, add_with_carry, carry_sum, carry_tree


@pytest.mark.parametrize("count", [2, 3, 5, 8])
@pytest.mark.parametrize("every", [False, True])
def test_sums_with_carries(count, every, rng):
    """Of all terms but one, or of every one: then the last carry is left."""
    plain = None if every else int(rng.integers(count))
    m = Module()
    enable = Signal()
    values = [Signal(signed(4), name=f"value_{k}") for k in range(count)]
    carries = [Signal(name=f"bit_{k}") for k in range(count)]
    terms = [Carried(value, -8, 7, None if k == plain else carries[k])
             for k, value in enumerate(values)]
    if every:
        left = carry_sum(m, terms, enable=enable, name="sum")
        assert (left.low, left.high) == (-8 * count, 7 * count + count - 1)
        total = Signal(signed(16))
        m.d.comb += total.eq(add_with_carry(left.value, Const(0, 1), left.carry))
    else:
        total = carry_tree(m, terms, enable=enable, name="sum")
    depth = tree_depth(count)
    tables = [[(-8, 0)] * count, [(7, 1)] * count, [(-8, 1)] * count] + [
        [(int(rng.integers(-8, 8)), int(rng.integers(2))) for _ in range(count)]
        for _ in range(40)]
    expected = [sum(value + (carry if k != plain else 0) for k, (value, carry) in
                    enumerate(table)) for table in tables]

    async def bench(ctx):
        for place, table in enumerate(tables):
            for k, (value, carry) in enumerate(table):
                ctx.set(values[k], value)
                ctx.set(carries[k], carry)
            ctx.set(enable, 0)
            await ctx.tick()
            ctx.set(enable, 1)
            await ctx.tick()
            if (done := place - depth + 1) >= 0:
                assert ctx.get(total) == expected[done], done

    sim = Simulator(m)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


def test_one_term_has_no_carry():
    term = Carried(Signal(4), 0, 15, Signal())
    for terms in ([], [term, term]):
        with pytest.raises(ValueError, match=r"^terms must not be empty, and one must have no "
                                             r"carry$"):
            carry_tree(Module(), terms, enable=1, name="sum")
