"""Sherry: all patterns, the quantiser by a plain loop, both layouts by their words."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from sw_model.formats.blocks.sherry import SherryFormat, STQ1_0Format, join_four, split_four

STQ = STQ1_0Format()
EVERY = [SherryFormat(), SherryFormat(32), STQ]


def four_of(pattern):
    """The rule of the codebook, lane by lane."""
    first = -1 if pattern >> 4 else 1
    three = [first, -first if pattern & 1 else first, -first if pattern >> 1 & 1 else first]
    three.insert(pattern >> 2 & 3, 0)
    return three


def lanes(form, group):
    """Places in a block of the weights of one group of four."""
    if form == STQ:
        return [group // 16 * 64 + group % 16 + 16 * p for p in range(4)]
    return [4 * group + p for p in range(4)]


def quantised(form, x):
    """Ternary weights and mean magnitude of a block, weight by weight."""
    codes, kept = [None] * form.size, []
    for group in range(form.size // 4):
        places = lanes(form, group)
        smallest = min(places, key=lambda k: abs(x[k]))
        for k in places:
            codes[k] = 0 if k == smallest else -1 if x[k] < 0 else 1
            kept += [] if k == smallest else [abs(x[k])]
    return codes, sum(kept) / len(kept)


def random_codes(form, rng, count):
    codes = np.zeros((count, form.size), np.int8)
    for group in range(form.size // 4):
        codes[:, lanes(form, group)] = split_four(rng.integers(0, 32, count).astype(np.uint8))
    return codes


def test_all_patterns():
    fours = split_four(np.arange(32, dtype=np.uint8))
    assert fours.tolist() == [four_of(pattern) for pattern in range(32)]
    np.testing.assert_array_equal(join_four(fours), np.arange(32))
    legal = [four for four in product((-1, 0, 1), repeat=4) if four.count(0) == 1]
    assert sorted(map(tuple, fours.tolist())) == sorted(legal)
    np.testing.assert_array_equal(split_four(np.arange(16, 32, dtype=np.uint8)), -fours[:16])


@pytest.mark.parametrize(("four", "sign", "slot"), [
    ((0, 1, 1, 1), 0, 0b0000), ((1, 0, 1, -1), 0, 0b0110), ((-1, -1, 0, 1), 1, 0b1010),
    ((-1, 1, 1, 0), 1, 0b1111)])
def test_worked_patterns(four, sign, slot):
    assert int(join_four(np.array(four))) == sign << 4 | slot


def test_other_fours_are_refused():
    for four in product((-1, 0, 1), repeat=4):
        if four.count(0) != 1:
            with pytest.raises(ValueError, match=r"^of four weights exactly one must be 0, not as"):
                join_four(np.array([[0, 1, 1, 1], four]))


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_quantiser(form, rng):
    x = rng.standard_normal((20, form.size)).astype(np.float32)
    x[10:] = rng.integers(-2, 3, (10, form.size))  # ties and zeros
    fields = form.encode(x)
    assert fields["codes"].shape == (20, 1, form.size)
    for k in range(20):
        codes, mean = quantised(form, x[k].astype(float).tolist())
        assert fields["codes"][k, 0].tolist() == codes
        assert fields["scales"].view(np.float16)[k, 0] == np.float16(mean)
    decoded = form.decode(fields)
    assert decoded.dtype == np.float32
    scales = fields["scales"].view(np.float16).astype(np.float32)
    np.testing.assert_array_equal(decoded, scales * fields["codes"][:, 0])


@pytest.mark.parametrize("form", EVERY, ids=str)
@pytest.mark.parametrize("most", [3, 1 << 20])
def test_100_000_weights(form, most, rng):
    """Whole numbers of 2**-16, a block's sum of which is exact; small ones are often equal."""
    whole = rng.integers(-most, most, (-(-100_000 // form.size), form.size), endpoint=True)
    groups = [lanes(form, group) for group in range(form.size // 4)]
    sizes = np.abs(whole)[:, groups]
    # Of equal magnitudes the first place is least.
    dropped = (4 * sizes + np.arange(4)).argmin(axis=2)[..., None]
    wanted = np.where(whole < 0, -1, 1)[:, groups]
    np.put_along_axis(wanted, dropped, 0, axis=2)
    total = sizes.sum(axis=(1, 2)) - np.take_along_axis(sizes, dropped, axis=2).sum(axis=(1, 2))
    fields = form.encode(whole / 2**16)
    np.testing.assert_array_equal(fields["codes"][:, 0][:, groups], wanted)
    np.testing.assert_array_equal(fields["scales"].view(np.float16)[:, 0],
                                  (total / (3 * form.size // 4) / 2**16).astype(np.float16))


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_zeros_and_ties(form):
    """A kept zero is +1; of equal magnitudes the first is dropped."""
    for value, sign in ((0.0, 1), (-0.0, 1), (2.5, 1), (-2.5, -1)):
        fields = form.encode(np.full(form.size, value))
        fours = fields["codes"][0, lanes(form, 0)]
        assert fours.tolist() == [0, sign, sign, sign]
        assert fields["scales"].view(np.float16).tolist() == [abs(value)]
        np.testing.assert_array_equal(np.abs(form.decode(fields)).sum(),
                                      abs(value) * form.size * 3 / 4)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_round_trips(form, rng):
    codes = random_codes(form, rng, 50)[:, None]
    scales = rng.integers(1, 0x7C00, (50, 1)).astype(np.uint16)
    fields = {"codes": codes, "scales": scales}
    data = form.pack(fields)
    assert data.shape == (50, 1, form.block_bytes)
    assert data.dtype == np.uint8
    again = form.unpack(data)
    for name, field in fields.items():
        np.testing.assert_array_equal(again[name], field)
    # Every string of bytes is a block.
    data = rng.integers(0, 256, (50, form.block_bytes), dtype=np.uint8)
    np.testing.assert_array_equal(form.pack(form.unpack(data)), data)
    # What was decoded is encoded as itself.
    once = form.decode(fields)
    np.testing.assert_array_equal(form.decode(form.encode(once)), once)


def test_bytes_of_sherry(rng):
    """Pattern k in bits 5 k to 5 k + 4, counted from the lowest bit; then the scale."""
    form = SherryFormat(64)
    codes = random_codes(form, rng, 1)
    data = form.pack({"codes": codes, "scales": np.array([0x1234])})[0]
    number = int.from_bytes(data.tobytes(), "little")
    for group in range(16):
        assert four_of(number >> 5 * group & 31) == codes[0, lanes(form, group)].tolist()
    assert number >> 80 == 0x1234


def test_bytes_of_stq1_0(rng):
    codes = random_codes(STQ, rng, 1)
    data = STQ.pack({"codes": codes, "scales": np.array([0x1234])})[0].tolist()
    for group in range(64):
        slot = data[group // 2] >> 4 * (group & 1) & 15
        sign = data[32 + group // 8] >> (group & 7) & 1
        assert four_of(sign << 4 | slot) == codes[0, lanes(STQ, group)].tolist()
    assert data[40:] == [0x34, 0x12]


def test_sizes():
    form = SherryFormat()
    assert (form.size, form.block_bytes, form.bits) == (128, 22, 1.375)
    assert (STQ.size, STQ.block_bytes, STQ.bits) == (256, 42, 1.3125)
    assert SherryFormat(np.int64(128)) == SherryFormat()
    assert str(SherryFormat(96)) == "sherry<96>"


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_shapes(form, rng):
    x = rng.standard_normal((2, 3 * form.size))
    fields = form.encode(x)
    assert fields["codes"].shape == (2, 3, form.size)
    assert form.decode(fields).shape == x.shape
    assert form.decode(form.encode(np.zeros((4, 0)))).shape == (4, 0)
    assert form.pack(form.encode(np.zeros(0))).shape == (0, form.block_bytes)


@pytest.mark.parametrize("form", EVERY, ids=str)
def test_refusals(form):
    for value in (np.nan, np.inf, 1e39):
        with pytest.raises(ValueError, match=r"takes finite numbers of float32, not "):
            form.encode(np.full(form.size, value))
    with pytest.raises(ValueError, match=r"scales of FP16, at most 65504, .* need 70000$"):
        form.encode(np.full(form.size, 70000.0))
    good = dict(form.encode(np.ones(form.size)))
    for use in (form.pack, form.decode):
        with pytest.raises(ValueError, match=r"^of four weights exactly one must be 0"):
            use({**good, "codes": np.ones((1, form.size), int)})
        with pytest.raises(ValueError, match=r"is 2, but ternary holds -1 to 1$"):
            use({**good, "codes": np.full((1, form.size), 2)})
        with pytest.raises(ValueError, match=r"^field 'scales' of .* must have shape \(1,\)"):
            use({**good, "scales": np.zeros(2, int)})
    with pytest.raises(ValueError, match=rf"has {form.block_bytes} bytes, but the shape is"):
        form.unpack(np.zeros(43, np.uint8))


def test_no_such_format():
    for group in (0, -32, 16, 100):
        with pytest.raises(ValueError, match=rf"^group must be a multiple of 32, not {group}$"):
            SherryFormat(group)
    with pytest.raises(TypeError, match=r"^group must be an integer, not 128\.0$"):
        SherryFormat(128.0)
