"""Spellings: round trips, and messages about what is no spelling."""

from __future__ import annotations

import pytest

from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    Float32Format,
    IntFormat,
    TernaryFormat,
    parse_format,
)

EVERY = [*(IntFormat(w) for w in range(1, 65)), *(IntFormat(w, signed=False) for w in range(1, 64)),
         *(FixedFormat(w, f, signed) for w in (1, 8, 63) for f in (-900, -1, 0, 7, 900)
           for signed in (True, False)),
         BipolarFormat(), TernaryFormat(), Float32Format()]


def test_round_trip():
    for form in EVERY:
        again = parse_format(str(form))
        assert again == form
        assert type(again) is type(form)
        assert hash(again) == hash(form)
    assert len({str(form) for form in EVERY}) == len(EVERY)


@pytest.mark.parametrize(("text", "form"), [
    ("int8", IntFormat(8)), ("uint63", IntFormat(63, signed=False)),
    ("fixed<8,-4>", FixedFormat(8, -4)), ("ufixed< 8 , 4 >", FixedFormat(8, 4, signed=False))])
def test_spellings(text, form):
    assert parse_format(text) == form


@pytest.mark.parametrize("text", [
    "", "int", "Int8", "int8 ", "int-8", "int8.0", "in t8", "i8", "uint", "fixed", "fixed<8>",
    "fixed<8,>", "fixed<8,4", "fixed<8;4>", "fixed<8,4>x", "xint8", "int8\n", "binary", "float64",
    "int\N{FULLWIDTH DIGIT EIGHT}", "int" + "1" * 20])
def test_unknown_spellings(text):
    with pytest.raises(ValueError, match=r"^unknown format '.*'; formats are spelt like int8, "
                                         r"uint4, fixed<8,4>, ufixed<8,4>, bipolar, ternary, "
                                         r"float32$"):
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
