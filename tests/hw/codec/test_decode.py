# amaranth: UnusedElaboratable=no
"""Every code of every format: hardware and golden model agree on the number it stands for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.codec.decode import Decoder
from sw_model.formats import CodedFormat, Float32Format, parse_format
from tests.support.probe import probe

FORMATS = [
    "int1", "int4", "int8", "int16", "uint4", "uint16", "fixed<8,4>", "ufixed<9,-3>", "bipolar",
    "e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1", "ue4m3", "ue5m3", "fp16", "bf16", "e8m0",
    "float<2,0>", "float<4,0,fn>", "float<1,2>", "float<1,1,ieee>", "float<3,2,flush>",
    "float<3,4,bias=-5>", "float<5,2,ieee,flush,overflow>", "ufloat<3,3,ieee>", "float<6,9>",
    "float<8,7,bias=100,flush>",
    *(f"posit<{width},{exponent}>" for width in (3, 4, 5, 6, 8, 12, 16) for exponent in range(3)),
    "khot<8,5,2>", "khot<5,0,1>", "khot<16,-3,3>", "codebook<-1,0,0.5,2,7>", "codebook<3>",
    "codebook<-0.25,-0.1875,0.5>",
    "codebook<-127,-104,-83,-65,-49,-35,-22,-10,1,13,25,38,53,69,89,113>", "ternary",
    "codebook<3,-1,3,-0.0,0,-1,0.5>", "posit<7,1>", "posit<9,2>", "posit<13,0>", "khot<12,20,4>",
    "float<1,5,fn>", "float<7,0,ieee>", "float<2,4,ieee,flush>", "ufloat<2,3,fn>", "ufloat<1,1>",
    "ufloat<4,2,ieee,flush>", "float<3,0,flush>", "ufixed<3,5>", "fixed<16,16>",
    "uint1",
    f"codebook<{','.join(str(k**3 / 4) for k in range(-128, 128))}>"]


def patterns_of(form):
    return form.to_bits(legal_codes(form)).astype(np.int64)


def legal_codes(form):
    codes = np.arange(form.min, form.max + 1)
    return codes[form.legal()] if isinstance(form, CodedFormat) else codes


def check(forms, folder):
    """Every code of all formats, in one compiled top."""
    found = probe([Decoder(form) for form in forms], [patterns_of(form) for form in forms], folder)
    for form, fields in zip(forms, found, strict=True):
        codes = legal_codes(form)
        reals = form.decode(codes)
        finite = np.isfinite(reals)
        width = len(Decoder(form).o)
        expected = np.zeros(len(codes), object)
        expected[finite] = form.to_fixed(codes[finite])
        np.testing.assert_array_equal(fields["o"], expected % (1 << width), str(form))
        np.testing.assert_array_equal(fields["nan"], np.isnan(reals), str(form))
        np.testing.assert_array_equal(fields["infinite"], np.isinf(reals), str(form))
        numbers = ~np.isnan(reals)
        np.testing.assert_array_equal(fields["negative"][numbers], np.signbit(reals)[numbers],
                                      str(form))


def test_every_code(need, tmp_path):
    need("verilator")
    check([parse_format(text) for text in FORMATS], tmp_path / "build")


def floats(kind, special):
    """Every split of up to seven bits beside the sign, with subnormals and without."""
    splits = [(exponent, mantissa) for exponent in range(1, 8) for mantissa in range(8 - exponent)]
    return [f"{kind}<{exponent},{mantissa}{special}{flush}>"
            for (exponent, mantissa), flush in itertools.product(splits, ("", ",flush"))
            if exists(kind == "float", exponent, mantissa, special, flush)]


def exists(signed, exponent, mantissa, special, flush):
    """Whether such a float has two bits, and a number that is not zero."""
    codes = 1 << exponent + mantissa
    specials = {"": 0, ",fn": 1, ",ieee": 1 << mantissa}[special]
    zeros = 1 << mantissa if flush else 1
    return signed + exponent + mantissa >= 2 and zeros + specials < codes


def codebooks():
    """Of sizes around powers of two, over few and many binary places, in any order."""
    rng = np.random.default_rng(3)
    for count, places in ((2, 3), (4, 8), (9, 5), (16, 2), (17, 40), (100, 12), (255, 6),
                          (256, 20)):
        numbers = np.ldexp(rng.integers(-15, 16, count), rng.integers(-places, places, count))
        yield f"codebook<{','.join(map(repr, numbers.tolist()))}>"


WIDTHS = range(1, 17)

#: All of each family, or some of every kind, by what their tops are called.
FAMILIES = {
    **{f"{kind}{special}": floats(kind, special)
       for kind in ("float", "ufloat") for special in ("", ",fn", ",ieee")},
    "biased": [f"{kind}<{split},bias={bias}>" for kind in ("float", "ufloat")
               for split in ("4,3", "2,1,fn", "3,2,ieee,flush") for bias in (-40, -1, 0, 9, 77)],
    "posit": [f"posit<{width},{exponent}>" for width in range(3, 17) for exponent in range(3)],
    "integer": [f"{kind}{width}" for kind in ("int", "uint") for width in WIDTHS],
    "fixed": [f"{kind}<{width},{fraction}>" for kind in ("fixed", "ufixed") for width in WIDTHS
              for fraction in sorted({-3, 0, 1, width // 2, width, width + 4})],
    "codebook": list(codebooks()),
    "khot": [f"khot<{width},{fraction},{hot}>" for width in (2, 3, 4, 6, 7, 9, 12, 16)
             for fraction in (-2, width - 1) for hot in (1, 2, 3, 5) if hot < width],
}


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES)
def test_every_code_of_whole_families(need, tmp_path, family):
    need("verilator")
    check([parse_format(text) for text in FAMILIES[family]], tmp_path / "build")


def test_no_decoder():
    with pytest.raises(TypeError, match=r"^float32 has no decoder$"):
        Decoder(Float32Format())
