"""What no elementwise format takes, and what each makes of NaN and of values beyond its range."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import Overflow, parse_format

#: What becomes of NaN, plus and minus infinity; None for what is refused.
SPECIAL = {
    "int8": (None, 127, -128), "uint4": (None, 15, 0), "fixed<8,4>": (None, 127, -128),
    "bipolar": (None, 1, 0), "ternary": (None, 1, -1), "e5m2": (0x7E, 0x7C, 0xFC),
    "e4m3fn": (0x7F, 0x7F, 0xFF), "e2m1": (None, 7, 15), "e3m2": (None, 31, 63),
    "ue4m3": (0x7F, 0x7F, 0x7F), "bf16": (0x7FC0, 0x7F80, 0xFF80), "e8m0": (255, 254, 0),
    "float<4,3,fn>": (0x7F, 0x7E, 0xFE), "posit<8,0>": (128, 128, 128),
    "codebook<-1,0,2>": (None, 2, 0), "khot<6,0,2>": (None, 24, 56)}

#: Formats and a pattern that none of their codes has.
PATTERNS = {"ternary": 2, "codebook<-1,0,2>": 3, "khot<6,0,2>": 7}

TEXTS = [*SPECIAL, "float32"]


@pytest.mark.parametrize("text", SPECIAL)
def test_nan_and_infinities(text):
    form = parse_format(text)
    for value, code in zip((np.nan, np.inf, -np.inf), SPECIAL[text], strict=True):
        if code is None:
            with pytest.raises(ValueError, match=r"^NaN has no code in "):
                form.encode([0, value])
        else:
            assert form.encode([value]).tolist() == [code], value


@pytest.mark.parametrize("text", SPECIAL)
def test_values_beyond_the_range(text):
    """Saturated where that is asked for, and refused where it is."""
    form = parse_format(text)
    ends = form.decode(form.encode([-1e300, 1e300], overflow=Overflow.SATURATE))
    assert np.isfinite(ends).all()
    for value in (1e300, -1e300):
        with pytest.raises(ValueError, match=r"outside|must be -1 or \+1"):
            form.encode([1.0, value], overflow=Overflow.ERROR)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("values", [["a"], [1j], None, np.array([1.0], object), [b"1"],
                                    np.array(["2020-01-01"], "M8[D]")])
def test_what_is_no_real_number(text, values):
    with pytest.raises(TypeError, match=r"must be real numbers|has no integer codes"):
        parse_format(text).encode(values)


@pytest.mark.parametrize("text", SPECIAL)
@pytest.mark.parametrize("values", [2**53 + 1, -2**60, np.uint64(2**64 - 1)])
def test_integers_that_float64_would_round(text, values):
    with pytest.raises(ValueError, match=r"^integers must be at most 2\*\*53"):
        parse_format(text).encode([1, values] if isinstance(values, int) else values)


@pytest.mark.parametrize("text", SPECIAL)
@pytest.mark.parametrize("method", ["decode", "to_fixed", "to_bits"])
def test_what_is_no_code(text, method):
    form = parse_format(text)
    for wrong in (form.min - 1, form.max + 1, 2**40, -2**40):
        with pytest.raises(ValueError, match=rf"codes\[1\] is {wrong}, but "):
            getattr(form, method)([form.max, wrong])
    for values in ([0.5], [np.nan], ["a"], [1j], None):
        with pytest.raises(TypeError, match=r"codes must hold integers for .*, not "):
            getattr(form, method)(values)


@pytest.mark.parametrize("text", SPECIAL)
def test_what_is_no_pattern(text):
    form = parse_format(text)
    for wrong in (-1, 1 << form.width):
        with pytest.raises(ValueError, match=rf"^bits\[1\] is {wrong}, but .* bits$"):
            form.from_bits([0, wrong])
    for values in ([0.5], ["a"], None):
        with pytest.raises(TypeError, match=r"^bits must be integers, not "):
            form.from_bits(values)
    if text in PATTERNS:
        with pytest.raises(ValueError, match=r"bits\[1\] is|, which is no code of"):
            form.from_bits([0, PATTERNS[text]])


@pytest.mark.parametrize("text", [text for text in SPECIAL if text != "float32"])
def test_what_is_on_no_grid(text):
    form = parse_format(text)
    with pytest.raises(ValueError, match=rf"{form.fixed_max + 1}|must be -1 or \+1"):
        form.from_fixed([form.fixed_max, form.fixed_max + 1])
    with pytest.raises(TypeError, match="values must hold integers"):
        form.from_fixed([0.5])


@pytest.mark.parametrize("text", SPECIAL)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 1, 3)])
def test_every_shape_is_kept(text, shape):
    form = parse_format(text)
    codes = form.encode(np.ones(shape))
    bits = form.to_bits(codes)
    assert codes.shape == form.decode(codes).shape == bits.shape == shape
    assert form.from_bits(bits).shape == form.to_fixed(codes).shape == shape
    np.testing.assert_array_equal(form.from_bits(bits), codes)
    fixed = form.to_fixed(codes)
    assert fixed.dtype in (np.int64, np.object_)
    np.testing.assert_array_equal(form.from_fixed(fixed), codes)
