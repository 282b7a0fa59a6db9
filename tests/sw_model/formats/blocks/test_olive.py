"""OliVe's pairs: every byte, the quantiser and its search by plain loops, refusals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sw_model.formats.blocks.olive import Clash, OliveFormat
from sw_model.formats.blocks.olive_codes import Normal

INT4, FLINT4, INT8 = (OliveFormat(normal) for normal in Normal)
EVERY = [INT4, FLINT4, INT8, OliveFormat(Normal.INT4, 0), OliveFormat(Normal.FLINT4, 5),
         OliveFormat(Normal.INT8, 2), *(OliveFormat(normal, clash=Clash.EVEN) for normal in Normal)]

FLINT = {0: 0, 1: 1, 2: 2, 3: 3, 6: 4, 7: 6, 5: 8, 4: 16}


def bias_of(form):
    return form.normal.bias if form.bias is None else form.bias


def normal_value(form, code):
    if form.normal is Normal.FLINT4:
        return -FLINT[code - 8] if code > 7 else FLINT[code]
    return code - 2 * form.identifier if code >= form.identifier else code


def outlier_value(form, code):
    sign, magnitude = divmod(code, form.identifier)
    if form.normal is Normal.INT8:
        size = (8 + magnitude % 8) << (magnitude // 8 + bias_of(form))
    else:
        size = (2 + magnitude % 2) << (magnitude // 2 + bias_of(form))
    return -size if sign else size


def pair_values(form, first, second):
    """The two values of a pair, None if it is none: the decoder in words."""
    mark = form.identifier
    if first == mark and second == mark:
        return 0, 0
    if first == mark:
        return (0, outlier_value(form, second)) if second % mark else None
    if second == mark:
        return (outlier_value(form, first), 0) if first % mark else None
    return normal_value(form, first), normal_value(form, second)


def grids(form):
    codes = [c for c in range(2 * form.identifier) if c != form.identifier]
    outliers = [outlier_value(form, c) for c in codes if c]
    if form.normal is Normal.INT8:
        outliers = [v for v in outliers if abs(v) <= 2**15]
    return sorted(normal_value(form, c) for c in codes), sorted(outliers)


def nearest(grid, x):
    """Of two equally near ones the upper."""
    return max(grid, key=lambda v: (-abs(v - x), v))


def quantised(form, pair):
    """Values of a pair in units of the scale, by the quantiser's own words."""
    normals, outliers = grids(form)
    large = [abs(v) > form.normal.threshold for v in pair]
    if all(large):
        keeps = 0 if form.clash is Clash.EVEN or abs(pair[0]) >= abs(pair[1]) else 1
    elif any(large):
        keeps = large.index(True)
    else:
        return [nearest(normals, v) for v in pair]
    return [nearest(outliers, v) if k == keeps else 0 for k, v in enumerate(pair)]


@pytest.mark.parametrize("form", [form for form in EVERY if form.normal is not Normal.INT8],
                         ids=str)
def test_every_byte(form):
    legal = 0
    for byte in range(256):
        wanted = pair_values(form, byte >> 4, byte & 15)
        data = np.array([[byte]], np.uint8)
        if wanted is None:
            assert byte in (0x08, 0x80)
            with pytest.raises(ValueError, match=r"victim's neighbour must be an outlier$"):
                form.unpack(data)
            continue
        legal += 1
        fields = form.unpack(data, np.float32(1))
        assert form.decode(fields).tolist() == list(wanted)
        exponents, integers = form.split(fields["codes"])
        assert (integers << exponents).tolist() == [list(wanted)]
        assert abs(integers).max() <= 8
        assert form.pack(fields).tolist() == [[byte]]
    assert legal == 254


@pytest.mark.parametrize("form", [INT8, OliveFormat(Normal.INT8, 2)], ids=str)
def test_every_pair_of_bytes(form):
    firsts, seconds = (part.ravel() for part in np.meshgrid(range(256), range(256), indexing="ij"))
    wanted = [pair_values(form, *pair) for pair in zip(firsts.tolist(), seconds.tolist(),
                                                       strict=True)]
    legal = np.array([pair is not None for pair in wanted])
    assert [(int(firsts[k]), int(seconds[k])) for k in np.flatnonzero(~legal)] \
        == [(0, 128), (128, 0)]
    data = np.stack([firsts, seconds], axis=-1).astype(np.uint8)[legal]
    fields = form.unpack(data, np.float32(1))
    np.testing.assert_array_equal(form.decode(fields),
                                  [v for pair in wanted if pair is not None for v in pair])
    np.testing.assert_array_equal(form.pack(fields), data)
    for k in np.flatnonzero(~legal):
        with pytest.raises(ValueError, match=r"is no pair of olive<int8"):
            form.unpack(np.array([[firsts[k], seconds[k]]], np.uint8))


@pytest.mark.parametrize(("pair", "byte", "values"), [
    ((2.6, 4.2), 0x34, [3, 4]), ((1.5, -98), 0x8F, [0, -96]), ((25.6, 37.2), 0x84, [0, 32]),
    ((-19.9, 2.8), 0xA8, [-16, 0]), ((8.1, -1.5), 0x18, [12, 0])])
def test_worked_pairs(pair, byte, values):
    fields = INT4.encode(pair, 1.0)
    assert INT4.pack(fields).tolist() == [[byte]]
    assert INT4.decode(fields).tolist() == values


def test_worked_exponents():
    exponents, integers = INT4.split([[0x8, 0xF], [0x8, 0x8], [0x3, 0x9]])
    assert exponents.tolist() == [[0, 5], [0, 0], [0, 0]]
    assert integers.tolist() == [[0, -3], [0, 0], [3, -7]]


def test_two_outliers():
    """The paper keeps the larger, the authors' program the first."""
    even = OliveFormat(Normal.INT4, clash=Clash.EVEN)
    for pair, larger, first in (((25.6, 37.2), [0, 32], [24, 0]), ((-50, 20), [-48, 0], [-48, 0]),
                                ((20, -20), [24, 0], [24, 0]), ((9, 9.5), [0, 12], [12, 0])):
        assert INT4.decode(INT4.encode(pair, 1)).tolist() == larger
        assert even.decode(even.encode(pair, 1)).tolist() == first


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_quantiser_against_plain_words(form, rng):
    """Random pairs, and all grid points, ties and thresholds against each other."""
    normals, outliers = grids(form)
    limit = form.normal.threshold
    few = rng.choice(normals, 6).tolist() + rng.choice(outliers, 6).tolist()
    ties = [(a + b) / 2 for grid in (normals, outliers) for a, b in pairwise(grid)]
    few += rng.choice(ties, 10).tolist()
    few += [0, limit, -limit, limit + 2**-10, -limit - 2**-10, 1e6, -1e6, limit - .5, 1.5, -1.5]
    pairs = [(a, b) for a in few for b in few]
    pairs += (rng.standard_normal((100, 2)) * limit).tolist()
    got = form.decode(form.encode(np.array(pairs), 1.0)).tolist()
    assert got == [quantised(form, pair) for pair in pairs]


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("scale", [.25, .3, 2.0**20])
def test_scale(form, scale, rng):
    x = rng.standard_normal(400) * form.normal.threshold / 2
    unit = np.float32(scale)
    fields = form.encode(x * float(unit), unit)
    assert fields["tensor_scale"] == unit
    assert fields["tensor_scale"].dtype == np.float32
    np.testing.assert_array_equal(fields["codes"], form.encode(x * float(unit) / float(unit),
                                                               1)["codes"])
    # Integers and a float32 scale: float64 holds each product.
    ones = form.decode({**fields, "tensor_scale": np.float32(1)})
    np.testing.assert_array_equal(form.decode(fields), ones * float(unit))


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_search_is_the_best_of_its_candidates(form, rng):
    x = rng.standard_normal((20, 64))
    x[rng.random(x.shape) < .01] *= 12
    base = max(abs(x.mean() + 3 * x.std()), abs(x.mean() - 3 * x.std()))
    errors = {}
    for percent in range(75, 251, 2):
        scale = float(np.float32(base * percent / 100 / form.normal.threshold))
        errors[scale] = np.square(form.decode(form.encode(x, scale)) - x).mean()
    best = form.search(x)
    assert errors[best] == min(errors.values())
    assert best == min(scale for scale, error in errors.items() if error == errors[best])
    assert form.encode(x)["tensor_scale"] == best
    few = form.search(x, low=100, high=100)
    assert few == float(np.float32(base / form.normal.threshold))


def test_the_smallest_of_equally_good_scales():
    """1 is 4 times 0.25 and 2 times 0.5, both without error; base is 1, the threshold 8."""
    assert INT4.search([1, 1], low=200, high=400, step=200) == .25
    assert INT4.search([1, 1], low=400, high=400) == .5


def test_outliers_pay():
    """With a few large weights the error is less than without outliers at any scale."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal(4096)
    x[::128] *= 10
    got = np.square(INT4.decode(INT4.encode(x)) - x).mean()
    plain = min(np.square(np.clip(np.rint(x / s), -7, 7) * s - x).mean()
                for s in np.linspace(.05, 6, 200))
    assert got < plain / 2


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_edges(form):
    fields = form.encode(np.zeros(8))
    assert fields["tensor_scale"] == 1
    assert not fields["codes"].any()
    for value in (3.0, -1e30, 1e-30):
        decoded = form.decode(form.encode(np.full(8, value)))
        assert (np.abs(decoded - value) <= abs(value) / 16).all()
    for shape in ((0,), (3, 0), (0, 4)):
        nothing = form.encode(np.zeros(shape))
        assert nothing["tensor_scale"] == 1
        assert form.decode(nothing).shape == shape
        assert form.pack(nothing).shape == (*shape[:-1], shape[-1] // 2, form.block_bytes)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_pack_and_unpack(form, rng):
    fields = form.encode(rng.standard_normal((3, 5, 8)) * 30)
    data = form.pack(fields)
    assert data.shape == (3, 5, 4, form.block_bytes)
    assert data.dtype == np.uint8
    again = form.unpack(data, fields["tensor_scale"])
    assert sorted(again) == sorted(fields)
    for name, field in fields.items():
        np.testing.assert_array_equal(again[name], field)
    assert sorted(form.unpack(data)) == ["codes"]


def test_value_objects():
    assert OliveFormat(Normal.INT4, 2) == INT4
    assert hash(OliveFormat(Normal.INT4, np.int8(2))) == hash(INT4)
    assert len(set(EVERY)) == len(EVERY)
    assert [str(f) for f in EVERY[:4]] == ["olive<int4>", "olive<flint4>", "olive<int8>",
                                          "olive<int4,bias=0>"]
    assert str(OliveFormat(Normal.INT8, 1, Clash.EVEN)) == "olive<int8,bias=1,even>"
    assert [(f.size, f.block_bytes, f.bits) for f in (INT4, FLINT4, INT8)] \
        == [(2, 1, 4.0), (2, 1, 4.0), (2, 2, 8.0)]


GOOD = {"codes": np.array([[3, 9]]), "tensor_scale": np.float32(1)}


@pytest.mark.parametrize(("call", "message"), [
    (lambda: OliveFormat(Normal.INT4, 9), r"^bias must be 0 to 8, not 9$"),
    (lambda: OliveFormat(Normal.INT4, -1), r"^bias must be 0 to 8, not -1$"),
    (lambda: INT4.encode(np.zeros(3)), r"^olive<int4> takes runs of 2 elements"),
    (lambda: INT4.encode([0, np.nan]), r"^olive<int4> takes finite numbers of float32, not nan$"),
    (lambda: INT4.encode([0, np.inf], 1), r"takes finite numbers of float32, not inf$"),
    (lambda: INT4.search([0, -np.inf]), r"takes finite numbers of float32, not -inf$"),
    (lambda: INT4.encode([1, 2], 0), r"^scale must be above 0 and finite as float32, not 0$"),
    (lambda: INT4.encode([1, 2], -1.5), r"^scale must be above 0 .*, not -1\.5$"),
    (lambda: INT4.encode([1, 2], np.inf), r"^scale must be above 0 and finite"),
    (lambda: INT4.encode([1, 2], np.nan), r"^scale must be above 0 and finite"),
    (lambda: INT4.encode([1, 2], 1e39), r"^scale must be above 0 and finite"),
    (lambda: INT4.encode([1, 2], 1e-60), r"^scale must be above 0 and finite"),
    (lambda: INT4.encode([1e-60, 0]), r"^scale must be above 0 and finite"),
    (lambda: INT4.search([1, 2], low=0), r"^percentages must ascend from 1 or more, not from 0 "),
    (lambda: INT4.search([1, 2], low=90, high=80), r"not from 90 to 80 by 2$"),
    (lambda: INT4.search([1, 2], step=0), r"not from 75 to 250 by 0$"),
    (lambda: INT4.split([1, 2, 3]), r"^field 'codes' of olive<int4> must end in axes \(2,\)"),
    (lambda: INT4.split([1, 16]), r"^codes\[1\] is 16, but uint4 holds 0 to 15$"),
    (lambda: INT8.split([-1, 3]), r"^codes\[0\] is -1, but uint8 holds 0 to 255$"),
    (lambda: INT4.split([[1, 2], [0, 8]]), r"^\[0, 8\] is no pair of olive<int4>: a victim's"),
    (lambda: INT4.pack({}), r"has the field 'codes', but there are none$"),
    (lambda: INT4.pack({"codes": np.array([8, 0])}), r"must have an axis of blocks"),
    (lambda: INT4.pack({"codes": np.array([[8, 0]])}), r"^\[8, 0\] is no pair"),
    (lambda: INT4.decode({"codes": GOOD["codes"]}), r"has the field 'tensor_scale', but there"),
    (lambda: INT4.decode({**GOOD, "tensor_scale": np.ones(1, np.float32)}),
     r"^tensor_scale must have no axes, but has shape \(1,\)$"),
    (lambda: INT4.decode({**GOOD, "tensor_scale": np.float32(0)}), r"must be above 0 and finite"),
    (lambda: INT4.unpack(np.zeros((1, 1), np.uint8), np.float32(np.nan)), r"must be above 0"),
    (lambda: INT4.unpack(np.zeros((1, 2), np.uint8)), r"^a block of olive<int4> has 1 bytes"),
    (lambda: INT8.unpack(np.zeros((1, 1), np.uint8)), r"^a block of olive<int8> has 2 bytes"),
])
def test_wrong_values(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: OliveFormat("int4"), r"^normal must be a Normal, not 'int4'$"),
    (lambda: OliveFormat(Normal.INT4, clash="even"), r"^clash must be a Clash, not 'even'$"),
    (lambda: OliveFormat(Normal.INT4, 2.0), r"^bias must be an integer, not 2\.0$"),
    (lambda: INT4.encode([1j, 0]), r"^values must be real numbers"),
    (lambda: INT4.encode([1, 0], "1"), r"^scale must be a number, not '1'$"),
    (lambda: INT4.encode([1, 0], True), r"^scale must be a number, not True$"),
    (lambda: INT4.encode([1, 0], np.complex64(1)), r"^scale must be a number, not "),
    (lambda: INT4.search([1, 0], low=75.5), r"^low must be an integer, not 75\.5$"),
    (lambda: INT4.search([1, 0], high=True), r"^high must be an integer, not True$"),
    (lambda: INT4.search([1, 0], step="2"), r"^step must be an integer, not '2'$"),
    (lambda: INT4.split([1.0, 2.0]), r"^codes must hold integers"),
    (lambda: INT4.decode({**GOOD, "tensor_scale": np.float64(1)}),
     r"^tensor_scale must be float32, not float64$"),
    (lambda: INT4.unpack(np.zeros((1, 1), int)), r"^data must be bytes"),
])
def test_wrong_kinds(call, message):
    with pytest.raises(TypeError, match=message):
        call()
