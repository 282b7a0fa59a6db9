"""Stochastic rounding: its generator bit by bit, and that it is fair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import Tensor
from sw_model.ops import StochasticShift, stochastic_shift
from sw_model.ops.stochastic import draws
from sw_model.specs import StochasticShiftSpec
from sw_model.specs.lfsr import PLACES, TAP, spread_seeds

INT8, INT16 = IntFormat(8), IntFormat(16)
SPEC = StochasticShiftSpec(source=INT16, target=INT16, shift_low=8, shift_high=8, bits=8,
                           seeds=(1,))


def bit_by_bit(state, bits, count):
    """A shift register as one draws it: the newest bit comes in below."""
    found = []
    for _ in range(count):
        for _ in range(bits):
            state = (state << 1 | (state >> PLACES - 1 ^ state >> TAP - 1) & 1) % 2**PLACES
        found.append(state % 2**bits)
    return found


@pytest.mark.parametrize("bits", [1, 5, 8, 17, 18])
def test_generator(bits, rng):
    seeds = [1, 2**PLACES - 1, *rng.integers(1, 2**PLACES, 3).tolist()]
    found = draws(seeds, bits, 400)
    for lane, seed in enumerate(seeds):
        assert found[:, lane].tolist() == bit_by_bit(seed, bits, 400)
    assert draws(seeds, bits, 0).shape == (0, 5)


def test_polynomial_is_primitive():
    """Irreducible of degree 31, and 2**31 - 1 is prime: so every state but 0 is in one period."""
    polynomial = 1 << PLACES | 1 << PLACES - TAP | 1

    def square(x):
        product = sum((x >> k & 1) << 2 * k for k in range(PLACES))
        for k in range(2 * PLACES - 2, PLACES - 1, -1):
            product ^= (polynomial << k - PLACES) * (product >> k & 1)
        return product

    power = 2
    for _ in range(PLACES):
        power = square(power)
    # x**(2**31) = x: its factors have degree 1 or 31; it has no root, so none has degree 1.
    assert power == 2
    assert polynomial & 1
    assert polynomial.bit_count() % 2 == 1
    assert all((2**PLACES - 1) % k for k in range(2, 46342))


def test_results_are_the_neighbours():
    codes = np.arange(-(2**15), 2**15)
    result = stochastic_shift(codes, np.array([8]), SPEC)
    floor = codes >> 8
    assert set(np.unique(result - floor)) == {0, 1}
    whole = codes % 256 == 0
    np.testing.assert_array_equal(result[whole], floor[whole])


@pytest.mark.parametrize(("shift", "bits"), [(3, 3), (8, 8), (4, 12), (16, 16)])
def test_unbiased(shift, bits):
    """The mean of 2**18 roundings, within five standard deviations, for fractions of all sizes;
    and no two neighbours agree more often than they must."""
    count, unit = 2**18, 1 << shift
    for seed, part in enumerate((1, unit // 3, unit // 2, unit - 1)):
        spec = replace(SPEC, source=IntFormat(20), shift_low=shift, shift_high=shift, bits=bits,
                       seeds=spread_seeds(seed, 1))
        up = stochastic_shift(np.full(count, 5 * unit + part), np.array([shift]), spec) - 5
        chance = part / unit
        deviation = np.sqrt(chance * (1 - chance) / count)
        assert abs(up.mean() - chance) < 5 * deviation
        covariance = np.mean((up[1:] - chance) * (up[:-1] - chance))
        assert abs(covariance) < 5 * deviation * np.sqrt(chance * (1 - chance)) + 1e-9


def test_random_bits_are_uniform_and_independent():
    """Chi-square of all pairs of neighbouring draws of four bits, and between two lanes."""
    found = draws(spread_seeds(3, 2), 4, 2**16)
    for one, other in ((found[1:, 0], found[:-1, 0]), (found[:, 0], found[:, 1])):
        seen = np.bincount(16 * one + other, minlength=256)
        wanted = len(one) / 256
        # 255 degrees of freedom: mean 255, standard deviation 22.6.
        assert 255 - 113 < ((seen - wanted) ** 2 / wanted).sum() < 255 + 113


def test_fewer_bits_than_the_shift_lose_less_than_they_say():
    spec = replace(SPEC, source=IntFormat(24), shift_low=12, shift_high=12, bits=6)
    codes = np.full(2**16, 5 * 4096 + 63)
    # Below 2**-6 of a unit, which is all that is lost.
    assert (stochastic_shift(codes, np.array([12]), spec) == 5).all()
    half = stochastic_shift(codes + 2048, np.array([12]), spec)
    assert abs(half.mean() - 5.5) < 5 * 0.5 / 256


def test_lanes_and_padding():
    """Element k of a vector is lane k modulo lanes; lanes that a vector does not fill draw too."""
    spec = replace(SPEC, seeds=spread_seeds(5, 4))
    codes = np.full((3, 2, 6), 128)
    random = draws(spec.seeds, 8, 12).reshape(6, 8)[:, :6]
    np.testing.assert_array_equal(stochastic_shift(codes, np.array([8]), spec).reshape(6, 6),
                                  random >= 128)


def test_shifts_of_channels(rng):
    """Each by the upper of its random bits, as if the fraction had them all."""
    spec = replace(SPEC, shift_low=0, shift_high=12)
    shifts = np.array([0, 3, 8, 12])
    codes = rng.integers(-(2**15), 2**15, (500, 4))
    random = draws(spec.seeds, 8, 2000).reshape(500, 4)
    exact = np.floor(np.floor(codes / 2.0**shifts * 256) / 256 + random / 256)
    np.testing.assert_array_equal(stochastic_shift(codes, shifts, spec), exact)


def test_node(rng):
    spec = replace(SPEC, target=INT8, low=-100, high=None)
    node = StochasticShift(name="s", inputs=("x", "shift"), outputs=("y",), spec=spec)
    tensors = [Tensor("x", (5,), INT16), Tensor("shift", (1,), INT8, value=np.array([8]))]
    assert node.infer(tensors) == (((5,), INT8),)
    codes = rng.integers(-(2**15), 2**15, (40, 5))
    codes[0] = -(2**15)
    first, again = (node.run(tensors, [codes, tensors[1].value])[0] for _ in range(2))
    assert first.dtype == np.int8
    assert (first[0] == -100).all()
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(("changes", "message"), [
    ({"seeds": ()}, r"^the number of seeds must be at least 1, not 0$"),
    ({"seeds": (1, 0)}, r"^seed 1 must be 1 to 2\*\*31 - 1, not 0$"),
    ({"seeds": (2**31,)}, r"^seed 0 must be 1 to 2\*\*31 - 1, not 2147483648$"),
    ({"bits": 19}, r"^bits must be 1 to 18, not 19$"),
    ({"shift_low": -1}, r"^shifts must be from 0 to 62 in this order, not -1 and 8$"),
    ({"source": IntFormat(55)}, r"^source must have at most 54 bits, not 55$"),
])
def test_what_does_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(SPEC, **changes)
