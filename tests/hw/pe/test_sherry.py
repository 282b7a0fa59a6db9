# amaranth: UnusedElaboratable=no
"""Sherry's dot products: every code, extremes, pauses, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.pe.sherry import SherryDotProduct
from sw_model.formats import CodedFormat, parse_format
from sw_model.formats.blocks.sherry import split_four
from tests.hw.pe.test_kinds import FORMATS, form_of
from tests.support.dots import codes_of
from tests.support.enabled import EnabledCase, check_enabled

#: Formats of activations that it takes.
TAKEN = [text for text in FORMATS if not isinstance(form_of(text), CodedFormat)]

#: Activations' bits of which every four are tried with every code.
EXHAUSTIVE = 2


def case_of(a, x, words):
    """Activations of shape (vectors, 4 * groups) and codes (vectors, groups)."""
    form = parse_format(a)
    weights = split_four(words.astype(np.uint8)).reshape(x.shape).astype(np.int64)
    return EnabledCase(SherryDotProduct(form, words.shape[1]), {"a": x, "w": words},
                       (form.to_fixed(x).astype(np.int64) * weights).sum(axis=1, keepdims=True))


def drawn(a, groups, rng, count=500):
    """All 32 codes in each place, with extremes and any activations."""
    form = parse_format(a)
    words = rng.permuted(np.resize(np.arange(32)[:, None], (count, groups)), axis=0)
    x = rng.choice(codes_of(form), (count, 4 * groups))
    x[::4], x[1::4] = form.min, form.max
    x[2::4] = rng.choice([form.min, form.max], x[2::4].shape)
    return case_of(a, x, words)


def every_code(a, rng):
    """One code: all 32 with all values of each lane, among extremes and any other ones; of narrow
    activations all there are."""
    form = parse_format(a)
    codes = codes_of(form)
    if form.width <= EXHAUSTIVE:
        x = np.array(list(itertools.product(codes, repeat=4)))
    else:
        others = [np.full(4, form.min), np.full(4, form.max), *rng.choice(codes, (2, 4))]
        x = np.array([np.where(np.arange(4) == lane, code, other)
                      for other in others for lane in range(4) for code in codes])
    return case_of(a, np.repeat(x, 32, axis=0), np.tile(np.arange(32), len(x))[:, None])


def test_dot_products(need, tmp_path, rng):
    need("verilator")
    check_enabled([*(drawn(a, groups, rng) for a, groups in zip(
        TAKEN, itertools.cycle((1, 2, 4, 5)), strict=False)), drawn("int8", 16, rng),
        *(every_code(a, rng) for a in ("int1", "uint2", "bipolar", "ternary", "int3"))],
        tmp_path / "build")


@pytest.mark.full
def test_every_format(need, tmp_path, rng):
    need("verilator")
    check_enabled([drawn(a, groups, rng) for a in TAKEN for groups in (1, 4, 16)],
                  tmp_path / "build")


@pytest.mark.full
def test_every_code(need, tmp_path, rng):
    """With all values of up to eight bits in every lane."""
    need("verilator")
    check_enabled([every_code(a, rng) for a in TAKEN if form_of(a).width <= 8],
                  tmp_path / "build")


def test_latency():
    assert [SherryDotProduct(parse_format("int8"), groups).latency
            for groups in (1, 2, 3, 4)] == [3, 4, 5, 5]


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"^activations of a Sherry dot product must be integers, "
                                         r"fixed point, bipolar or ternary, not e2m1$"):
        SherryDotProduct(parse_format("e2m1"), 1)
    with pytest.raises(ValueError, match=r"^groups must be at least 1, not 0$"):
        SherryDotProduct(parse_format("int8"), 0)
