# amaranth: UnusedElaboratable=no
"""Every code of every format: hardware and golden model agree on the number it stands for."""

from __future__ import annotations

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
    "codebook<3,-1,3,-0.0,0,-1,0.5>",
    f"codebook<{','.join(str(k**3 / 4) for k in range(-128, 128))}>"]


def patterns_of(form):
    return form.to_bits(legal_codes(form)).astype(np.int64)


def legal_codes(form):
    codes = np.arange(form.min, form.max + 1)
    return codes[form.legal()] if isinstance(form, CodedFormat) else codes


def test_every_code(need, tmp_path):
    need("verilator")
    forms = [parse_format(text) for text in FORMATS]
    found = probe([Decoder(form) for form in forms], [patterns_of(form) for form in forms],
                  tmp_path / "build")
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


def test_no_decoder():
    with pytest.raises(TypeError, match=r"^float32 has no decoder$"):
        Decoder(Float32Format())
