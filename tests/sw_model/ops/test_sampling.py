"""The generator, the draw, top-p and the whole sampler, against published and plain numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import Sample, SeededSample, draw, nucleus, sample, xorshift32
from sw_model.specs import SamplerSpec, TopKSpec

INT8, UINT32 = IntFormat(8), IntFormat(32, signed=False)
ALL = 1 << SamplerSpec.PART_BITS


def spec_of(k=4, longest=20, **settings):
    return SamplerSpec(top=TopKSpec(source=INT8, k=k, longest=longest), **settings)


def test_generator():
    state, seen = 1, []
    for _ in range(4):
        state = xorshift32(state)
        seen.append(state)
    assert seen == [270369, 67634689, 2647435461, 307599695]


def test_shares_of_draws():
    """100,000 draws by weights 5, 0, 20 and 75."""
    counts, state = np.zeros(4, np.int64), 12345
    for _ in range(100_000):
        place, state = draw(np.array([5, 0, 20, 75]), state)
        counts[place] += 1
    assert np.round(counts / 100_000, 4).tolist() == [0.0494, 0.0, 0.1983, 0.7523]


def test_draw_is_the_first_prefix_above_the_point(rng):
    for _ in range(300):
        weights = rng.integers(0, 1 << int(rng.integers(1, 28)), rng.integers(1, 9))
        weights[rng.random(len(weights)) < 0.3] = 0
        state = int(rng.integers(1, 2**32))
        place, after = draw(weights, state)
        assert after == xorshift32(state)
        total, prefix = int(weights.sum()), 0
        wanted = len(weights) - 1
        for index, weight in enumerate(weights.tolist()):
            prefix += weight
            if prefix > math.floor(Fraction(after, 2**32) * total):
                wanted = index
                break
        assert place == wanted
        assert weights[place] > 0 or total == 0


@pytest.mark.parametrize("part", [0, 1, ALL // 3, ALL // 2, ALL - 1, ALL])
def test_top_p_keeps_as_few_as_make_the_part(part, rng):
    for _ in range(100):
        weights = np.sort(rng.integers(0, 1 << 15, rng.integers(1, 9)))[::-1]
        kept, whole = nucleus(weights, part), Fraction(part, ALL) * int(weights.sum())
        assert int(weights[:kept].sum()) >= whole
        assert kept == 1 or int(weights[:kept - 1].sum()) < whole


def test_shares_are_those_of_the_softmax():
    """6,000 tokens: within five standard deviations of the softmax over the survivors."""
    spec, codes = spec_of(k=4), np.array([3, -20, 12, 9, -128, 7, 11, 2])
    multiplier = spec.multiplier(0.2, temperature=1.5)
    state, counts = 7, np.zeros(len(codes))
    for _ in range(6_000):
        place, state = sample(codes, spec, multiplier, ALL, state)
        counts[place] += 1
    powers = np.exp(codes * 0.2 / 1.5)
    powers[np.argsort(-codes)[4:]] = 0
    chances = powers / powers.sum()
    deviation = np.sqrt(chances * (1 - chances) / 6_000)
    assert np.all(np.abs(counts / 6_000 - chances) <= 5 * deviation)


def test_ends():
    """Of one survivor there is no doubt, nor at temperatures near 0, nor where nothing is kept."""
    codes = np.array([5, 9, 9, -1])
    for spec, multiplier, part in (
            (spec_of(k=1), 1000, ALL), (spec_of(multiplier_bits=30), 2**30 - 1, 1),
            (spec_of(), 1000, 0)):
        for state in (1, 99, 2**32 - 1):
            assert sample(codes, spec, multiplier, part, state)[0] == 1
    assert sample(np.array([-128]), spec_of(), 5, ALL, 1)[0] == 0


def test_node(rng):
    spec = spec_of(k=3)
    x, state = Tensor("x", (AtMost(20),), INT8), Tensor("s", (1,), UINT32)
    node = Sample(name="s", inputs=("x", "s"), outputs=("y", "t"), spec=spec,
                  multiplier=spec.multiplier(0.1), part=50_000)
    assert node.infer([x, state]) == (((1,), IntFormat(5, signed=False)), ((1,), UINT32))
    rows = rng.integers(-128, 128, (6, 11), dtype=np.int8)
    states = rng.integers(1, 2**32, (6, 1), dtype=np.uint32)
    places, after = node.run([x, state], [rows, states])
    assert (places.shape, places.dtype, after.dtype) == (
        (6, 1), spec.top.index.dtype, np.uint32)
    for row, (old,), (place,), (new,) in zip(rows, states, places, after, strict=True):
        assert (place, new) == sample(row, spec, node.multiplier, node.part, int(old))
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"needs a row of 1 to 20 elements, not \[21\]"):
        node.infer([Tensor("x", (21,), INT8), state])
    with pytest.raises(NodeError, match=r"the state must be uint32 \[1\], not int8 \[1\]"):
        node.infer([x, Tensor("s", (1,), INT8)])
    with pytest.raises(NodeError, match="input must be int8, not int9"):
        node.infer([Tensor("x", (9,), IntFormat(9)), state])


def test_spec_refuses():
    with pytest.raises(ValueError, match="scale and temperature must be positive"):
        spec_of().multiplier(0.1, 0)
    with pytest.raises(ValueError, match=r"scale 10.0 over temperature 0.1 does not fit 20 bits"):
        spec_of().multiplier(10.0, 0.1)
    with pytest.raises(TypeError, match="top must be a TopKSpec, not 3"):
        SamplerSpec(top=3)


def test_rows_of_a_run_draw_in_turn(rng):
    """From the seed at every run, over vectors and then samples."""
    spec = spec_of(k=3)
    node = SeededSample(name="s", inputs=("x",), outputs=("y",), spec=spec,
                        multiplier=spec.multiplier(0.1), part=60_000, seed=12345)
    x = Tensor("x", (2, 11), INT8)
    assert node.infer([x]) == (((2, 1), IntFormat(5, signed=False)),)
    rows = rng.integers(-128, 128, (6, 2, 11), dtype=np.int8)
    (places,) = node.run([x], [rows])
    assert (places.shape, places.dtype) == ((6, 2, 1), spec.top.index.dtype)
    state = 12345
    for row, place in zip(rows.reshape(12, 11), places.ravel(), strict=True):
        wanted, state = sample(row, spec, node.multiplier, node.part, state)
        assert place == wanted
    np.testing.assert_array_equal(node.run([x], [rows])[0], places)
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"needs a row of 1 to 20 elements, not \[2, 21\]"):
        node.infer([Tensor("x", (2, 21), INT8)])
    for change, message in (({"seed": 0}, "seed must be 1 to 4294967295, not 0"),
                            ({"part": 65_537}, "part 65537 out of range")):
        with pytest.raises(NodeError, match=message):
            replace(node, **change).infer([x])
