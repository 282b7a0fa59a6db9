"""Spellings of block formats: round trips, and messages about what is no spelling."""

from __future__ import annotations

import pytest

from sw_model.formats import NAMED, IntFormat
from sw_model.formats.blocks import (
    BLOCK_SPELLINGS,
    MX_ELEMENTS,
    MX_INT8,
    NV_SCALES,
    BFPFormat,
    MXFormat,
    NVFormat,
    ScaleRule,
    parse_block_format,
)

EVERY = [
    *(MXFormat(element, size, rule) for element in (*MX_ELEMENTS.values(), MX_INT8)
      for size in (1, 16, 32) for rule in ScaleRule),
    *(MXFormat(MX_INT8, size, rule, symmetric=False) for size in (16, 32) for rule in ScaleRule),
    *(NVFormat(element, scale) for element in (NAMED["e2m1"], IntFormat(4))
      for scale in NV_SCALES.values()),
    *(BFPFormat(mantissa, size) for mantissa in range(2, 17) for size in (1, 32))]


def test_round_trip():
    for form in EVERY:
        again = parse_block_format(str(form))
        assert again == form
        assert type(again) is type(form)
        assert hash(again) == hash(form)
    assert len({str(form) for form in EVERY}) == len(EVERY)


@pytest.mark.parametrize(("text", "spelt"), [
    ("mx<e4m3>", "mx<e4m3fn>"), ("mx<e2m1,32,floor>", "mx<e2m1>"),
    ("mx< e2m1 , ceil , 16 >", "mx<e2m1,16,ceil>"), ("mxint8<>", None), ("mx<e2m1,>", None),
    ("mxint8<asymmetric, rne, 8>", "mxint8<8,rne,asymmetric>"), ("mxint8<32>", "mxint8"),
    ("nvfp4<ue4m3>", "nvfp4"), ("nvint4<ue5m3>", "nvint4<ue5m3>"), ("bfp<8, 32>", "bfp<8,32>")])
def test_other_ways_to_say_it(text, spelt):
    if spelt is None:
        with pytest.raises(ValueError, match=r"^unknown option '' of a block format; "):
            parse_block_format(text)
    else:
        assert str(parse_block_format(text)) == spelt


@pytest.mark.parametrize(("text", "spelt"), [
    ("mx<e5m2>", "e5m2"), ("mx<e4m3fn>", "e4m3fn"), ("mx<e3m2>", "e3m2"), ("mx<e2m3>", "e2m3"),
    ("mx<e2m1>", "e2m1"), ("mxint8", "fixed<8,6>")])
def test_canonical_spellings(text, spelt):
    form = parse_block_format(text)
    assert str(form) == text
    assert str(form.element) == spelt
    assert (form.size, form.rule, form.symmetric) == (32, ScaleRule.FLOOR, True)


@pytest.mark.parametrize(("text", "message"), [
    ("mx<e2m2>", r"^unknown element 'e2m2' of mx; elements are e5m2, e4m3fn, e3m2, e2m3, e2m1, "
                 r"and integers are spelt mxint8$"),
    ("mx<e2m1,up>", r"^unknown option 'up' of a block format; options are its size and floor, "
                    r"ceil, rne, fpquant, for mxint8 asymmetric too$"),
    ("mx<e2m1,asymmetric>", r"^unknown option 'asymmetric' of a block format"),
    ("mxint8<asymmetric,asymmetric>", r"^asymmetric is given twice$"),
    ("mxint8<asymmetric,8,asymmetric,asymmetric>", r"^asymmetric is given twice$"),
    ("mx<e2m1,16,16>", r"^a block's size is given twice$"),
    ("mx<e2m1,ceil,floor>", r"^a scale's rule is given twice$"),
    ("mx<e2m1,0>", r"^size must be at least 1, not 0$"),
    ("bfp<1,32>", r"^mantissa must be 2 to 16 bits, not 1$")])
def test_formats_that_do_not_exist(text, message):
    with pytest.raises(ValueError, match=message):
        parse_block_format(text)


@pytest.mark.parametrize("text", [
    "", "mx", "mx<>", "MX<e2m1>", "mx<e2m1", "mxint4", "mxint8<8", "nvfp8", "nvfp4<>",
    "nvfp4<e4m3>", "bfp<8>", "bfp<8,32,1>", "bfp<-8,32>", "int8", "mx<float<4,3>>", "nvfp4\n"])
def test_unknown_spellings(text):
    with pytest.raises(ValueError, match=r"^unknown block format '.*'; block formats are spelt "
                                         r"like mx<e2m1>, mxint8, nvfp4, "):
        parse_block_format(text)


def test_messages_stay_short():
    with pytest.raises(ValueError, match=r"^unknown block format 'x{36}\.\.\.'; block"):
        parse_block_format("x" * 10**6)


def test_examples_are_spellings():
    for _, example, _ in BLOCK_SPELLINGS:
        assert str(parse_block_format(example)) == example


@pytest.mark.parametrize("wrong", [None, 8, b"mxint8", BFPFormat(8)])
def test_wrong_kinds(wrong):
    with pytest.raises(TypeError, match=r"^a block format must be spelt as a string, not "):
        parse_block_format(wrong)
