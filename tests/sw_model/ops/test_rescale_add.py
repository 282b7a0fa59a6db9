"""Sums of two scales against I-ViT's own float64 formulas."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import RescaleAdd, RescaleMode, dyadic_scale, rescale, rescale_add
from sw_model.specs import FrameworkRescaleSpec, RescaleAddSpec

INT8, INT16 = IntFormat(8), IntFormat(16)


def published_scale(real):
    """I-ViT's batch_frexp: decimal, half up, of the 31-bit fraction."""
    fraction, exponent = np.frexp(real)
    whole = (Decimal(float(fraction)) * Decimal(2**31)).quantize(Decimal("1"), ROUND_HALF_UP)
    return int(whole), 31 - int(exponent)


def published(codes, real):
    """Its float64 model: exact below 2**53, then half to even."""
    b, c = published_scale(real)
    return np.round(codes.astype(np.float64) * b / 2.0**c)


def test_scales(rng):
    reals = np.concatenate([np.exp(rng.uniform(-20, 10, 500)), [0.5, 1 / 3, 1.7, 1.0, 2.0**-40],
                            [1 - 2.0**-40, 1 - 2.0**-33, (1 + 2.0**-32) / 2]])
    b, c = dyadic_scale(reals)
    assert list(zip(b.tolist(), c.tolist(), strict=True)) == [published_scale(r) for r in reals]
    # What rounds up to one is 2**31 itself.
    assert dyadic_scale(1 - 2.0**-40) == (2**31, 31)
    with pytest.raises(ValueError, match="scales must be positive and finite"):
        dyadic_scale([1.0, 0.0])


def test_one_operand_is_a_rescale(rng):
    """The dyadic requantisation by itself: every code of 16 bits, ties among them."""
    every = np.arange(-(2**15), 2**15)[:, None]
    for real in (0.0123, 0.5, 0.375, 1 / 3, 2.0**-9, *np.exp(rng.uniform(-7, 0, 4))):
        b, c = (np.atleast_1d(part) for part in dyadic_scale(real))
        np.testing.assert_array_equal(rescale(every, b, -c, RescaleMode.EXACT_HALF_EVEN)[:, 0],
                                      published(every[:, 0], real))
    assert rescale(np.array([[1000]]), *(np.array([x]) for x in (1690499128, -37)),
                   RescaleMode.EXACT_HALF_EVEN) == 12


@pytest.mark.parametrize("reals", [(0.5, 0.25), (0.75, 1.7), (0.0123, 1 / 3), (1.0, 3.5)])
def test_every_pair_of_8_bit_codes(reals):
    numbers = [dyadic_scale([real]) for real in reals]
    spec = RescaleAddSpec.dyadic((INT8, INT8), INT8, multipliers=tuple(b for b, _ in numbers),
                                 shifts=tuple(c for _, c in numbers))
    a, b = (part.reshape(-1, 1) for part in np.meshgrid(np.arange(-128, 128),
                                                        np.arange(-128, 128)))
    wanted = np.clip(published(a, reals[0]) + published(b, reals[1]), -128, 127)
    scales = tuple((m, -c) for m, c in numbers)
    np.testing.assert_array_equal(rescale_add(a, b, scales, spec), wanted)


def test_seeded_sums_of_channels(rng):
    """50,000 of 16 bits with scales of channels, each rounded before they are added."""
    reals = np.exp(rng.uniform(-6, 1, (2, 5)))
    numbers = [dyadic_scale(row) for row in reals]
    spec = RescaleAddSpec.dyadic((INT16, INT16), INT16,
                                 multipliers=tuple(b.tolist() for b, _ in numbers),
                                 shifts=tuple(c.tolist() for _, c in numbers))
    a, b = rng.integers(-(2**15), 2**15, (2, 10_000, 5))
    wanted = sum(np.stack([published(part[:, k], real) for k, real in enumerate(row)], axis=1)
                 for part, row in zip((a, b), reals, strict=True))
    np.testing.assert_array_equal(
        rescale_add(a, b, tuple((m, -c) for m, c in numbers), spec),
        np.clip(wanted, -(2**15), 2**15 - 1))


def some_node(**changes):
    branch = FrameworkRescaleSpec(
        source=INT8, target=INT16, mode="tflite_double", zero_point=2, low=-999, high=999,
        multiplier=IntFormat(31, signed=False), exponent_low=-34, exponent_high=-31)
    spec = RescaleAddSpec(**{"a": branch, "b": replace(branch, zero_point=-5), "target": INT8,
                             "low": -100, "high": 127, **changes})
    names = ("a", "b", "ma", "ea", "mb", "eb")
    tensors = [Tensor("a", (2,), INT8), Tensor("b", (2,), INT8),
               Tensor("ma", (1,), IntFormat(32), value=np.array([2**30])),
               Tensor("ea", (1,), INT8, value=np.array([-31])),
               Tensor("mb", (2,), IntFormat(32), value=np.array([2**30, 3 << 29])),
               Tensor("eb", (2,), INT8, value=np.array([-31, -34]))]
    return RescaleAdd(name="n", inputs=names, outputs=("y",), spec=spec), tensors


def test_node():
    node, tensors = some_node()
    assert node.infer(tensors) == (((2,), INT8),)
    constants = [tensor.value for tensor in tensors[2:]]
    (result,) = node.run(tensors, [np.array([[3, 5], [-128, 127]]), np.array([[1, 9], [-128, 127]]),
                                   *constants])
    assert result.dtype == np.int8
    # 3/2 + 2 + 1/2 - 5, 5/2 + 2 + 9*3/32 - 5; the ends, of which one is clamped.
    assert result.tolist() == [[0, 1], [-100, 73]]
    for place, wrong, message in (
            (0, Tensor("a", (2,), INT16), "'a' must be int8, not int16"),
            (1, Tensor("b", (3,), INT8), r"inputs must be of one shape .*not \[2\] and \[3\]"),
            (4, tensors[1], "'b' must be a constant of 1 or 2 elements"),
            (5, Tensor("e", (1,), INT8, value=np.array([-30])), "exponent 'e' must be -34 to -31")):
        with pytest.raises(NodeError, match=message):
            node.infer([*tensors[:place], wrong, *tensors[place + 1:]])


def test_what_does_not_fit():
    spec = some_node()[0].spec
    with pytest.raises(TypeError, match=r"^a must be a FrameworkRescaleSpec, not 3$"):
        replace(spec, a=3)
    with pytest.raises(ValueError, match=r"^b must have a zero point$"):
        replace(spec, b=replace(spec.b, zero_point=None))
    with pytest.raises(ValueError, match=r"^a must not have several clamps$"):
        replace(spec, a=replace(spec.a, clamps=((0, 1), (0, 2))))
    with pytest.raises(ValueError, match=r"^clamp -129 to 127 does not fit int8"):
        replace(spec, low=-129)
