# amaranth: UnusedElaboratable=no
"""Sherry's dot products: every code, extremes, pauses, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe.sherry import SherryDotProduct
from sw_model.formats import parse_format
from sw_model.formats.blocks.sherry import split_four
from tests.support.dots import codes_of
from tests.support.paced import run_paced


@pytest.mark.parametrize("groups", [1, 2, 4, 5])
@pytest.mark.parametrize("a", ["int8", "uint4", "bipolar", "ternary", "int1", "fixed<5,2>"])
def test_dot_products(a, groups, rng):
    """All 32 codes in each place, with extremes and any activations."""
    form = parse_format(a)
    unit = SherryDotProduct(form, groups)
    words = np.stack([rng.permutation(32) for _ in range(groups)], axis=1).repeat(3, axis=0)
    x = rng.choice(codes_of(form), (len(words), 4 * groups))
    x[::3], x[1::3] = form.min, form.max
    expected = (form.to_fixed(x) * split_four(words.astype(np.uint8)).reshape(len(words), -1)
                ).sum(axis=1)

    def give(ctx, number, started):
        for lane, code in enumerate(x[number]):
            ctx.set(unit.a[lane], int(code))
        for group, code in enumerate(words[number]):
            ctx.set(unit.w[group], int(code))

    found = run_paced(unit, len(words), give, lambda ctx: ctx.get(unit.o), rng)
    assert found == expected.tolist()


def test_latency():
    assert [SherryDotProduct(parse_format("int8"), groups).latency
            for groups in (1, 2, 3, 4)] == [3, 4, 5, 5]


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"^activations of a Sherry dot product must be integers, "
                                         r"fixed point, bipolar or ternary, not e2m1$"):
        SherryDotProduct(parse_format("e2m1"), 1)
    with pytest.raises(ValueError, match=r"^groups must be at least 1, not 0$"):
        SherryDotProduct(parse_format("int8"), 0)
