"""BitMoD: all codes, the quantiser by a plain loop, scales on eight bits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import NAMED
from sw_model.formats.blocks.bitmod import SPECIALS, BitModFormat, code_values

WORKED = [.9, -.35, .1, -.02, .5, -1.2, .75, .2]
FP3, FP4 = BitModFormat(3, 8), BitModFormat(4, 8)


def quantised(width, group):
    """Special value, values and scale of one group, by the quantiser's own words."""
    basic = [0, 1, 2, 4] if width == 3 else [0, .5, 1, 1.5, 2, 3, 4, 6]
    best = None
    for special in ([3, -3, 6, -6] if width == 3 else [5, -5, 8, -8]):
        grid = sorted({*basic, *(-v for v in basic), special})
        scale = max(max(map(abs, group)) / max(map(abs, grid)), 1e-5)
        values = []
        for weight in group:
            x = weight / scale
            # Equally near ones: min keeps the first, which is the lower.
            values.append(min(grid, key=lambda v, x=x: abs(Fraction(v) - Fraction(x))))
        error = np.mean(np.square(np.array(values) * scale - np.array(group)))
        if best is None or error < best[0]:
            best = error, special, values, scale
    return best[1:]


def values_of(form, codes, special):
    return code_values(form.width)[special[..., None], codes]


def test_every_code_of_every_special_value():
    three = [0, 1, 2, 4, None, -1, -2, -4]
    for selector, special in enumerate((3, -3, 6, -6)):
        assert code_values(3)[selector].tolist() == [special if v is None else v for v in three]
    four = NAMED["e2m1"].decode(np.arange(16))
    for selector, special in enumerate((5, -5, 8, -8)):
        wanted = four.copy()
        wanted[8] = special
        assert code_values(4)[selector].tolist() == wanted.tolist()


@pytest.mark.parametrize("form", [FP3, FP4], ids=str)
def test_every_code_decodes(form):
    """With every selector, and scales and channels at their ends."""
    count = 1 << form.width
    rows = np.array([(c, s) for c in range(count) for s in range(4)])
    codes = np.repeat(rows[:, :1, None], 8, axis=2)
    for scale, channel in ((1, 1.0), (127, 65504.0), (127, -(2.0**-24)), (0, 3.0)):
        fields = {"codes": codes, "special": rows[:, 1:], "scales": np.full((len(rows), 1), scale),
                  "channel": np.full(len(rows), channel, np.float16).view(np.uint16)}
        decoded = form.decode(fields)
        for (code, selector), got in zip(rows, decoded, strict=True):
            wanted = Fraction(channel) * scale * Fraction(code_values(form.width)[selector, code])
            assert [Fraction(v) for v in got] == [wanted] * 8


def test_worked_groups():
    for form, special, values in ((FP3, -6, [4, -2, 1, 0, 2, -6, 4, 1]),
                                  (FP4, 5, [5, -2, .5, 0, 2, -6, 4, 1])):
        codes, selector, scales = form.quantise(WORKED)
        assert SPECIALS[form.width][selector[0]] == special
        assert scales.tolist() == [1.2 / 6]
        assert values_of(form, codes, selector)[0].tolist() == values


@pytest.mark.parametrize(("width", "special", "error"), [(3, 6, .0482), (4, -5, .01074)])
def test_worked_normal_numbers(width, special, error):
    form = BitModFormat(width)
    weights = np.random.default_rng(3).standard_normal(128)
    codes, selector, scales = form.quantise(weights)
    assert SPECIALS[width][selector[0]] == special
    got = np.square(values_of(form, codes, selector)[0] * scales[0] - weights).mean()
    assert round(got, 4 if width == 3 else 5) == error


@pytest.mark.parametrize("form", [FP3, FP4], ids=str)
def test_quantiser_against_a_plain_loop(form, rng):
    groups = rng.standard_normal((200, 8))
    groups[50:100] = rng.integers(-8, 9, (50, 8)) / 2  # ties of values, and of errors
    groups[100:150, 0] *= 5
    groups[150:] *= 1e-5
    codes, selector, scales = form.quantise(groups)
    values = values_of(form, codes, selector)
    for k, group in enumerate(groups.tolist()):
        special, wanted, scale = quantised(form.width, group)
        assert SPECIALS[form.width][selector[k, 0]] == special
        assert scales[k, 0] == scale
        assert values[k, 0].tolist() == wanted


def test_ties_go_to_the_lower_value():
    """With +3 for special the scale is 1: 2.5 lies between 2 and 3, -3 between -4 and -2."""
    group = [4, -4, 3, 3, 3, 3, 2.5, -3]
    codes, selector, scales = FP3.quantise(group)
    assert (selector.tolist(), scales.tolist()) == ([0], [1.0])
    assert values_of(FP3, codes, selector)[0].tolist() == [4, -4, 3, 3, 3, 3, 2, -4]


def test_the_first_of_equal_errors():
    """Where no special value helps, that of the first place is taken."""
    for form, largest in ((FP3, 4), (FP4, 6)):
        _, selector, scales = form.quantise([0, 1, 2, 4, -1, -2, -4, largest])
        assert (selector.tolist(), scales.tolist()) == ([0], [1.0])
    assert FP4.quantise(np.zeros(8))[1].tolist() == [0]


def test_zeros_and_tiny_weights():
    for form in (FP3, FP4):
        fields = form.encode(np.zeros(8))
        assert not fields["codes"].any()
        assert not form.decode(fields).any()
        codes, _, scales = form.quantise(np.full(8, 1e-9))
        assert not codes.any()
        assert scales.tolist() == [1e-5]


def test_all_equal():
    for value in (1.0, -0.25):
        for form in (FP3, FP4):
            fields = form.encode(np.full(8, value))
            assert fields["scales"].tolist() == [127]
            np.testing.assert_allclose(form.decode(fields), value, rtol=2**-11)


def test_scales_on_eight_bits(rng):
    """Each group's over its channel's, which is the largest of the row over 127, in FP16."""
    form = BitModFormat(4, 16)
    weights = rng.standard_normal((6, 64)) * np.repeat(2.0 ** rng.integers(-9, 1, (6, 4)), 16, 1)
    codes, selector, scales = form.quantise(weights)
    fields = form.encode(weights)
    np.testing.assert_array_equal(fields["codes"], codes)
    np.testing.assert_array_equal(fields["special"], selector)
    for row in range(6):
        channel = np.float16(scales[row].max() / 127)
        assert fields["channel"].view(np.float16)[row] == channel
        wanted = [round(Fraction(s) / Fraction(float(channel))) for s in scales[row].tolist()]
        assert fields["scales"][row].tolist() == [min(w, 127) for w in wanted]
        assert fields["scales"][row].max() == 127
    real = fields["channel"].view(np.float16).astype(float)[:, None] * fields["scales"]
    np.testing.assert_array_equal(
        form.decode(fields), (real[..., None] * values_of(form, codes, selector)).reshape(6, 64))


def test_errors_are_bounded(rng):
    """By half of the widest step of FP4 without a special value, and the scale's rounding."""
    form = BitModFormat(4)
    weights = rng.standard_normal((50, 128))
    scales = np.abs(weights).max(axis=1, keepdims=True) / 6
    e2m1 = NAMED["e2m1"]
    plain = e2m1.decode(e2m1.encode(weights / scales)) * scales
    codes, selector, real = form.quantise(weights)
    got = values_of(form, codes, selector)[:, 0] * real
    assert (np.square(got - weights).sum(axis=1) <= np.square(plain - weights).sum(axis=1)).all()
    # One group is a channel: its scale is 127, and only FP16 rounds.
    np.testing.assert_allclose(form.decode(form.encode(weights)), got, rtol=2**-11)


@pytest.mark.parametrize("width", [3, 4])
@pytest.mark.parametrize("group", [1, 7, 8, 128])
def test_pack_and_unpack(width, group, rng):
    """Code k in bits width * k and up, counted from the lowest; then scale and selector."""
    form = BitModFormat(width, group)
    fields = form.encode(rng.standard_normal((4, 3 * group)))
    data = form.pack(fields)
    assert data.shape == (4, 3, form.block_bytes)
    assert data.dtype == np.uint8
    again = form.unpack(data, fields["channel"])
    assert sorted(again) == sorted(fields)
    for name, field in fields.items():
        np.testing.assert_array_equal(again[name], field)
    assert sorted(form.unpack(data)) == ["codes", "scales", "special"]
    block = data[1, 2]
    number = int.from_bytes(block[:-2].tobytes(), "little")
    assert [number >> width * k & (1 << width) - 1 for k in range(group)] \
        == fields["codes"][1, 2].tolist()
    assert block[-2:].tolist() == [fields["scales"][1, 2], fields["special"][1, 2]]


def test_sizes():
    assert BitModFormat(3).bits == 3 + 10 / 128
    assert BitModFormat(4, 64).bits == 4 + 10 / 64
    assert [BitModFormat(3, n).block_bytes for n in (1, 8, 128)] == [3, 5, 50]
    assert BitModFormat(np.int64(3), np.int8(16)) == BitModFormat(3, 16)
    assert str(BitModFormat(4)) == "bitmod<4,128>"


def test_shapes():
    for shape in ((0,), (3, 0), (0, 8)):
        fields = FP3.encode(np.zeros(shape))
        assert FP3.decode(fields).shape == shape
        assert fields["channel"].shape == shape[:-1]
    assert FP3.encode([0] * 16)["scales"].shape == (2,)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: FP3.encode(np.zeros(9)), r"^bitmod<3,8> takes runs of 8 elements"),
    (lambda: FP3.encode(np.full(8, np.nan)), r"takes finite numbers of float32, not nan$"),
    (lambda: FP3.quantise(np.full(8, np.inf)), r"takes finite numbers of float32, not inf$"),
    (lambda: FP4.encode(np.full(8, 1e30)), r"scales of FP16, at most 65504, .* need 1\.3.*e\+27$"),
    (lambda: FP4.unpack(np.zeros(5, np.uint8)), r"has 6 bytes, but the shape is \(5,\)$"),
    (lambda: FP4.unpack(np.full((1, 6), 255, np.uint8)), r"is 255, but uint2 holds 0 to 3$"),
    (lambda: FP4.unpack(np.zeros((2, 6), np.uint8), [0, 0]),
     r"'channel' of bitmod<4,8> must have shape \(\), not \(2,\)$"),
    (lambda: BitModFormat(3, 1).unpack(np.array([[8, 0, 0]], np.uint8)),
     r"^the last 5 bits behind 1 codes of 3 bits must be zero$"),
    (lambda: BitModFormat(5), r"^width must be 3 or 4, not 5$"),
    (lambda: BitModFormat(4, 0), r"^group must be at least 1, not 0$"),
])
def test_wrong_values(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: FP3.encode(["a"] * 8), r"^values must be real numbers"),
    (lambda: FP3.unpack(np.zeros(5)), r"^data must be bytes"),
    (lambda: BitModFormat(True), r"^width must be an integer, not True$"),
    (lambda: BitModFormat(3, 8.0), r"^group must be an integer, not 8\.0$"),
])
def test_wrong_kinds(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("use", ["decode", "pack"])
def test_wrong_fields(use):
    method = getattr(FP4, use)
    good = dict(FP4.encode(np.ones((2, 8))))
    names = sorted(good) if use == "decode" else ["codes", "scales", "special"]
    limits = {"codes": 16, "scales": 128, "special": 4, "channel": 1 << 16}
    for name in names:
        with pytest.raises(ValueError, match=rf"^bitmod<4,8> has the field '{name}', but there"):
            method({key: field for key, field in good.items() if key != name})
        with pytest.raises(ValueError, match=rf"^field '{name}' of bitmod<4,8> must"):
            method({**good, name: good[name][..., :-1]})
        for wrong in (limits[name], -1):
            with pytest.raises(ValueError, match=rf"\] is {wrong}, but"):
                method({**good, name: np.full(good[name].shape, wrong)})
        with pytest.raises(TypeError, match=r"must hold integers"):
            method({**good, name: good[name] * 1.0})
    with pytest.raises(ValueError, match=r"must have an axis of blocks, but has shape \(8,\)$"):
        method({**good, "codes": np.zeros(8, int)})


@pytest.mark.parametrize("pattern", [0x7C00, 0xFC00, 0x7E00])
def test_channels_are_finite(pattern):
    fields = {**FP4.encode(np.ones(8)), "channel": np.array(pattern)}
    with pytest.raises(ValueError, match=r"^field 'channel' of bitmod<4,8> must hold finite"):
        FP4.decode(fields)
