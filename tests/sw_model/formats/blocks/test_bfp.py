"""Block floating point, and channels sorted by magnitude."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats.blocks import (
    MX_INT8,
    BFPFormat,
    MXFormat,
    in_order,
    magnitude_order,
    restored,
)

WORKED = np.array([.3, -1.7, 5, .02, 2.6, -.9, 7.9, 1.1] + 24 * [0.0])
WIDTHS = range(2, 17)


@pytest.mark.parametrize(("mantissa", "step", "codes"), [
    (8, 1 / 16, [5, -27, 80, 0, 42, -14, 126, 18]), (4, 1, [0, -2, 5, 0, 3, -1, 7, 1])])
def test_worked_block(mantissa, step, codes):
    form = BFPFormat(mantissa)
    fields = form.encode(WORKED)
    assert fields["scales"].tolist() == [2 + 127]
    assert fields["codes"][0].tolist() == codes + 24 * [0]
    assert form.decode(fields).tolist() == [step * code for code in codes] + 24 * [0]


def test_eight_bits_are_mxint8(rng):
    values = rng.normal(size=(20, 64)) * 2.0 ** rng.integers(-140, 130, (20, 64))
    values[3, 40], values[4, 2] = np.nan, np.inf
    bfp, mx = BFPFormat(8), MXFormat(MX_INT8)
    packed = bfp.pack(bfp.encode(values))
    np.testing.assert_array_equal(packed, mx.pack(mx.encode(values)))
    np.testing.assert_array_equal(bfp.decode(bfp.unpack(packed)), mx.decode(mx.unpack(packed)))


@pytest.mark.parametrize("mantissa", WIDTHS)
def test_definition(rng, mantissa):
    form, limit = BFPFormat(mantissa, 8), 2 ** (mantissa - 1) - 1
    values = np.concatenate([rng.normal(size=56), [1.5, .5, -.5, -1.5, 2.5, 1, -1, 3.9999]])
    fields = form.encode(values)
    for block, codes, scale in zip(values.reshape(-1, 8).tolist(), fields["codes"].tolist(),
                                   fields["scales"].tolist(), strict=True):
        exponent = scale - 127
        assert 2.0**exponent <= max(map(abs, block)) < 2.0 ** (exponent + 1)
        step = Fraction(2) ** (exponent - (mantissa - 2))
        assert codes == [max(-limit, min(limit, round(Fraction(v) / step))) for v in block]
    steps = np.repeat(2.0 ** (fields["scales"].astype(float) - 127 - (mantissa - 2)), 8)
    np.testing.assert_array_equal(form.decode(fields), fields["codes"].ravel() * steps)


@pytest.mark.parametrize("mantissa", WIDTHS)
@pytest.mark.parametrize("size", [1, 5, 32])
def test_packing(rng, mantissa, size):
    form = BFPFormat(mantissa, size)
    fields = form.encode(rng.normal(size=(2, 3 * size)))
    packed = form.pack(fields)
    assert packed.shape == (2, 3, 1 + -(-mantissa * size // 8))
    for data, codes, scale in zip(packed.reshape(6, -1), fields["codes"].reshape(6, -1),
                                  fields["scales"].ravel(), strict=True):
        number = sum((int(code) % 2**mantissa) << k * mantissa for k, code in enumerate(codes))
        assert data[0] == scale
        assert int.from_bytes(data[1:].tobytes(), "little") == number
    again = form.unpack(packed)
    for name, array in fields.items():
        assert again[name].dtype == array.dtype
        np.testing.assert_array_equal(again[name], array)


def test_a_block_alone_has_an_axis_of_blocks():
    with pytest.raises(ValueError, match=r"^field 'codes' of bfp<8,4> must have an axis of blocks "
                                         r"and one of elements, but has shape \(4,\)$"):
        BFPFormat(8, 4).unpack(np.zeros(5, np.uint8))


def test_edges():
    form = BFPFormat(4, 4)
    fields = form.encode([0, 0, 0, 0, np.nan, 1, 2, 3, 2.0**-140, 0, 0, 0, 1e300, -1e300, 1, 0])
    assert fields["scales"].tolist() == [0, 255, 0, 254]
    assert fields["codes"].tolist() == [[0] * 4, [0] * 4, [0] * 4, [7, -7, 0, 0]]
    got = form.decode(fields)
    assert np.isnan(got[4:8]).all()
    assert got[[0, 8, 12, 13]].tolist() == [0, 0, 7 * 2.0**125, -7 * 2.0**125]
    assert form.encode(np.zeros(0))["codes"].shape == (0, 4)


def test_the_least_code_is_refused():
    form = BFPFormat(4, 2)
    with pytest.raises(ValueError, match=r"^codes hold -8, which is no code of bfp<4,2>$"):
        form.decode({"codes": np.array([[0, -8]]), "scales": np.array([127])})
    with pytest.raises(ValueError, match=r"^codes\[0, 0\] is 8, but fixed<4,2> holds -8 to 7$"):
        form.decode({"codes": np.array([[8, 0]]), "scales": np.array([127])})


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((1, 32), ValueError, r"^mantissa must be 2 to 16 bits, not 1$"),
    ((17, 32), ValueError, r"^mantissa must be 2 to 16 bits, not 17$"),
    (("8", 32), TypeError, r"^mantissa must be an integer, not '8'$"),
    ((8, 0), ValueError, r"^size must be at least 1, not 0$"),
    ((8, True), TypeError, r"^size must be an integer, not True$")])
def test_formats_that_do_not_exist(arguments, error, message):
    with pytest.raises(error, match=message):
        BFPFormat(*arguments)


def outliers(rng, samples):
    """Every eighth of 64 channels is 100 times as large as the others."""
    return rng.normal(size=(samples, 64)) * np.where(np.arange(64) % 8 == 0, 100, 1)


def test_sorted_channels_lose_less(rng):
    order = magnitude_order(outliers(rng, 100))
    assert sorted(order[:8].tolist()) == list(range(0, 64, 8))
    form, values = BFPFormat(6, 8), outliers(rng, 20)
    plain = form.decode(form.encode(values))
    ordered = form.decode(form.encode(values, order), order)
    small = np.arange(64) % 8 != 0
    errors = [np.square(got - values)[:, small].mean() for got in (plain, ordered)]
    assert errors[1] < errors[0] / 100


def test_order_is_that_of_the_codes(rng):
    """What hardware sees is the ordered tensor; decoding without the order gives that."""
    values, order = rng.normal(size=(5, 64)), rng.permutation(64)
    form = BFPFormat(8, 16)
    fields, wanted = form.encode(values, order), form.encode(values[:, order])
    for name, array in wanted.items():
        np.testing.assert_array_equal(fields[name], array)
    np.testing.assert_array_equal(form.decode(fields)[:, np.argsort(order)],
                                  form.decode(fields, order))


def test_dot_products_need_no_inverse(rng):
    """Both operands in one order: each product meets its own."""
    order, form = rng.permutation(32), BFPFormat(8, 8)
    one, other = (form.encode(rng.normal(size=32), order) for _ in range(2))
    ordered = form.decode(one) * form.decode(other)
    np.testing.assert_array_equal(np.sort(ordered),
                                  np.sort(form.decode(one, order) * form.decode(other, order)))
    np.testing.assert_array_equal(restored(ordered, order),
                                  form.decode(one, order) * form.decode(other, order))


def test_magnitude_order():
    assert magnitude_order([1.0, -3.0, 2.0]).tolist() == [1, 2, 0]
    assert magnitude_order([[1, 5, 1, -5], [0, 0, -1, 2]]).tolist() == [1, 3, 0, 2]
    assert magnitude_order(np.array([[[1.0, np.inf]], [[-9.0, 0]]])).tolist() == [1, 0]
    # Many equal ones stay in their order.
    many = np.arange(1000) % 3
    assert magnitude_order(many).tolist() == [
        k for size in (2, 1, 0) for k in range(1000) if k % 3 == size]


def test_restored_is_the_inverse(rng):
    values, order = rng.normal(size=(2, 3, 10)), rng.permutation(10)
    assert order.tolist() != list(range(10))
    np.testing.assert_array_equal(in_order(values, order), values[..., order])
    np.testing.assert_array_equal(restored(in_order(values, order), order), values)
    np.testing.assert_array_equal(in_order(restored(values, order), order), values)


@pytest.mark.parametrize(("data", "error", "message"), [
    (1.0, ValueError, r"^calibration must have an axis of channels$"),
    (np.zeros((0, 4)), ValueError, r"^calibration must hold samples, but the shape is \(0, 4\)$"),
    ([1.0, np.nan], ValueError, r"^calibration holds NaN$"),
    (["1"], TypeError, r"^values must be real numbers, not <U1$")])
def test_calibration_that_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        magnitude_order(data)


@pytest.mark.parametrize(("order", "error", "message"), [
    ([0, 1, 2], ValueError, r"^order must be a permutation of 4 channels$"),
    ([0, 1, 2, 2], ValueError, r"^order must be a permutation of 4 channels$"),
    ([1, 2, 3, 4], ValueError, r"^order must be a permutation of 4 channels$"),
    ([[0, 1, 2, 3]], ValueError, r"^order must be a permutation of 4 channels$"),
    ([0.0, 1.0, 2.0, 3.0], TypeError, r"^order must hold integers, not float64$")])
def test_orders_that_are_refused(order, error, message):
    form = BFPFormat(8, 4)
    with pytest.raises(error, match=message):
        form.encode(np.ones(4), order)
    with pytest.raises(error, match=message):
        form.decode(form.encode(np.ones(4)), order)


def test_a_number_has_no_channels():
    with pytest.raises(ValueError, match=r"^order must be a permutation of 0 channels$"):
        in_order(1.0, [0])
