"""Spellings: round trips, and messages about what is no spelling."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from sw_model.formats import (
    NAMED,
    BipolarFormat,
    CodebookFormat,
    E8M0Format,
    FixedFormat,
    Float32Format,
    IntFormat,
    KHotFormat,
    MinifloatFormat,
    PositFormat,
    Specials,
    TernaryFormat,
    parse_format,
)
from sw_model.formats.parse import SPELLINGS

EVERY = [*(IntFormat(w) for w in range(1, 65)), *(IntFormat(w, signed=False) for w in range(1, 64)),
         *(FixedFormat(w, f, signed) for w in (1, 8, 63) for f in (-900, -1, 0, 7, 900)
           for signed in (True, False)),
         *(PositFormat(w, e) for w in range(3, 17) for e in range(3)),
         *(KHotFormat(w, f, k) for w in (2, 8, 16) for f in (-900, -1, 0, 5) for k in {1, w - 1}),
         *NAMED.values(), BipolarFormat(), TernaryFormat(), Float32Format(), E8M0Format()]


def drawn(rng):
    """Hundreds of floats and codebooks, each once."""
    settings = product(range(1, 9), range(0, 11), (None, -200, 0, 8, 200), Specials,
                       (True, False), (True, False), (True, False))
    found = {}
    for chosen in rng.permutation(np.array(list(settings), dtype=object))[:1200].tolist():
        try:
            form = MinifloatFormat(*chosen)
        except ValueError:
            continue  # there is no such float
        found[form] = form
    for size in rng.integers(1, 257, 60).tolist():
        spread = 2.0 ** rng.integers(-800, 799, size)
        form = CodebookFormat(tuple((rng.uniform(1, 2, size) * spread).tolist()))
        found[form] = form
    for size in (1, 2, 100):
        form = CodebookFormat(tuple(rng.integers(-9, 10, size).tolist()))
        found[form] = form
    assert len(found) > 400
    return list(found)


def test_round_trip(rng):
    every = EVERY + [form for form in drawn(rng) if form not in EVERY]
    for form in every:
        again = parse_format(str(form))
        assert again == form
        assert type(again) is type(form)
        assert hash(again) == hash(form)
    assert len({str(form) for form in every}) == len(every)


@pytest.mark.parametrize(("text", "form"), [
    ("int8", IntFormat(8)), ("uint63", IntFormat(63, signed=False)),
    ("fixed<8,-4>", FixedFormat(8, -4)), ("ufixed< 8 , 4 >", FixedFormat(8, 4, signed=False)),
    ("e4m3", NAMED["e4m3fn"]), ("float16", NAMED["fp16"]), ("bfloat16", NAMED["bf16"]),
    ("float<4,3,fn,overflow>", NAMED["e4m3fn"]), ("ufloat<5,3,overflow,fn>", NAMED["ue5m3"]),
    ("float<4, 3, flush, bias=-7>", MinifloatFormat(4, 3, -7, subnormals=False)),
    ("float<4,3,bias=7>", MinifloatFormat(4, 3)), ("float<2,1>", NAMED["e2m1"]),
    ("float<8,7,ieee,overflow>", NAMED["bf16"]), ("posit< 16,1>", PositFormat(16, 1)),
    ("codebook<-1, 0, .5, 2.>", CodebookFormat((-1, 0, 0.5, 2))),
    ("codebook<1e-3,-2.5e+2>", CodebookFormat((1e-3, -250))),
    ("codebook<-0>", CodebookFormat((0,))),
    ("khot<8,-5,2>", KHotFormat(8, -5, 2))])
def test_spellings(text, form):
    assert parse_format(text) == form


@pytest.mark.parametrize(("form", "text"), [
    (MinifloatFormat(4, 3, 8, Specials.FN, subnormals=False, saturate=False),
     "float<4,3,bias=8,fn,flush,overflow>"),
    (MinifloatFormat(5, 2, specials=Specials.IEEE), "float<5,2,ieee>"),
    (MinifloatFormat(4, 4, signed=False), "ufloat<4,4>"), (MinifloatFormat(2, 1, 1), "e2m1"),
    (MinifloatFormat(5, 3, 15, Specials.FN, saturate=False, signed=False), "ue5m3"),
    (CodebookFormat((-0.0, 1, 0.1, 1e22, -2.5)), "codebook<0,1,0.1,1e+22,-2.5>"),
    (KHotFormat(8, 5, 2), "khot<8,5,2>"), (PositFormat(8, 0), "posit<8,0>"),
    (E8M0Format(), "e8m0")])
def test_canonical(form, text):
    assert str(form) == text


@pytest.mark.parametrize("text", [
    "", "int", "Int8", "int8 ", "int-8", "int8.0", "in t8", "i8", "uint", "fixed", "fixed<8>",
    "fixed<8,>", "fixed<8,4", "fixed<8;4>", "fixed<8,4>x", "xint8", "int8\n", "binary", "float64",
    "int\N{FULLWIDTH DIGIT EIGHT}", "int" + "1" * 20, "E4M3", "e4m3fnuz", "fp8", "float", "float<>",
    "float<4>", "float<4,3", "float<-4,3>", "float<4,3>>", "posit", "posit<8>", "posit<8,0,1>",
    "posit<8,-1>", "codebook", "codebook<1", "khot<8,5>", "khot<8,5,-2>", "khot<8,5,2,1>"])
def test_unknown_spellings(text):
    with pytest.raises(ValueError, match=r"^unknown format '.*'; formats are spelt like int8, "
                                         r"uint4, fixed<8,4>, ufixed<8,4>, float<4,3,bias=8,fn>, "
                                         r"posit<8,0>, codebook<-1,0,0.5,2>, khot<8,5,2>, or named "
                                         r"bipolar, ternary, float32, e5m2, e4m3fn, e3m2, e2m3, "
                                         r"e2m1, ue4m3, ue5m3, fp16, bf16, e8m0$"):
        parse_format(text)


def test_all_that_a_message_offers_can_be_parsed():
    for _, example, _ in SPELLINGS:
        assert str(parse_format(example)) == example


@pytest.mark.parametrize(("text", "message"), [
    ("float<4,3,>", r"^unknown option '' of a float; options are bias=N, fn, ieee, flush "
                    r"\(no subnormals\) and overflow \(no saturation\)$"),
    ("float<4,3,none>", r"^unknown option 'none' of a float"),
    ("float<4,3,bias=1.5>", r"^unknown option 'bias=1\.5' of a float"),
    ("float<4,3," + "x" * 99 + ">", r"^unknown option 'x{36}\.\.\.' of a float"),
    ("float<4,3,fn,ieee>", r"^a float's specials is given twice$"),
    ("float<4,3,bias=1,bias=1>", r"^a float's bias is given twice$"),
    ("float<4,3,overflow>", r"^a float without infinities and NaN must saturate$"),
    ("float<9,3>", r"^exponent must be 1 to 8 bits, not 9$"),
    ("posit<17,1>", r"^width of a posit must be 3 to 16, not 17$"),
    ("khot<8,5,8>", r"^hot must be 1 to 7, not 8$"),
    ("codebook<>", r"^entries of a codebook must be numbers, not ''$"),
    ("codebook<1,,2>", r"^entries of a codebook must be numbers, not ''$"),
    ("codebook<1,nan>", r"^entries of a codebook must be numbers, not 'nan'$"),
    ("codebook<inf>", r"^entries of a codebook must be numbers, not 'inf'$"),
    # What float() would take.
    ("codebook<1_000>", r"^entries of a codebook must be numbers, not '1_000'$"),
    ("codebook<\N{FULLWIDTH DIGIT EIGHT}>", r"^entries of a codebook must be numbers"),
    ("codebook<1\n>", r"^entries of a codebook must be numbers, not '1\\n'$"),
    ("codebook<1e999>", r"^an entry must be 0 or of magnitude 2\*\*-800 to 2\*\*800, not inf$"),
    ("codebook<" + "1," * 256 + "1>", r"^a codebook must have 1 to 256 entries, not 257$")])
def test_options_and_entries_that_do_not_exist(text, message):
    with pytest.raises(ValueError, match=message):
        parse_format(text)


def test_messages_stay_short():
    with pytest.raises(ValueError, match=r"^unknown format 'x{36}\.\.\.'; formats"):
        parse_format("x" * 10**6)


@pytest.mark.parametrize(("text", "message"), [
    ("int0", r"^width of a signed integer must be 1 to 64, not 0$"),
    ("int65", r"^width of a signed integer must be 1 to 64, not 65$"),
    ("uint64", r"^width of an unsigned integer must be 1 to 63, not 64$"),
    ("fixed<8,901>", r"^fraction must be -900 to 900, not 901$")])
def test_widths_that_do_not_exist(text, message):
    with pytest.raises(ValueError, match=message):
        parse_format(text)


@pytest.mark.parametrize("wrong", [None, 8, b"int8", ["int8"], IntFormat(8)])
def test_wrong_kinds(wrong):
    with pytest.raises(TypeError, match=r"^a format must be spelt as a string, not "):
        parse_format(wrong)
