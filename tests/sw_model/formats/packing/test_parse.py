"""Spellings of packings: there and back, and what is none."""

from __future__ import annotations

import pytest

from sw_model.formats.packing import Fp6Packing, Order, TritPacking, parse_packing
from sw_model.formats.packing.parse import PACKING_SPELLINGS

PACKINGS = {"fp6_planes": Fp6Packing(), "fp6_planes<high_first>": Fp6Packing(Order.HIGH_FIRST),
            "trits5": TritPacking()}


@pytest.mark.parametrize("text", PACKINGS)
def test_there_and_back(text):
    assert parse_packing(text) == PACKINGS[text]
    assert str(parse_packing(text)) == text
    assert hash(parse_packing(text)) == hash(PACKINGS[text])


def test_every_spelling_has_an_example_that_parses():
    assert {type(parse_packing(example)) for _, example, _ in PACKING_SPELLINGS} == {
        type(each) for each in PACKINGS.values()}


def test_other_spellings():
    assert parse_packing("fp6_planes< high_first >") == Fp6Packing(Order.HIGH_FIRST)
    assert parse_packing("fp6_planes<low_first>") == Fp6Packing()


@pytest.mark.parametrize("text", ["", "fp6", "fp6_planes<>", "fp6_planes<middle>", "trits<5>",
                                  "trits5 ", "x" * 50])
def test_what_is_none(text):
    shown = text if len(text) < 40 else "x" * 36 + "..."
    with pytest.raises(ValueError, match=rf"^unknown packing '{shown}'; packings are spelt like "
                                         r"fp6_planes<high_first>, trits5$"):
        parse_packing(text)


def test_no_text():
    with pytest.raises(TypeError, match=r"^a packing must be spelt as a string, not 5$"):
        parse_packing(5)
