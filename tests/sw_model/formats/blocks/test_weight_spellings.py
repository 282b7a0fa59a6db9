"""Spellings of the formats for weights: there and back."""

from __future__ import annotations

import re

import pytest

from sw_model.formats.blocks.bitmod import BitModFormat
from sw_model.formats.blocks.gguf import GGUF_FORMATS
from sw_model.formats.blocks.olive import Clash, OliveFormat
from sw_model.formats.blocks.olive_codes import Normal
from sw_model.formats.blocks.parse import BLOCK_SPELLINGS
from sw_model.formats.blocks.sherry import SherryFormat, STQ1_0Format
from sw_model.formats.blocks.weight_spellings import WEIGHT_SPELLINGS

FORMATS = [*GGUF_FORMATS.values(), STQ1_0Format(), SherryFormat(), SherryFormat(32),
           *(BitModFormat(w, n) for w in (3, 4) for n in (1, 64, 128)),
           *(OliveFormat(normal, bias, clash) for normal in Normal for bias in (None, 0, 8)
             for clash in Clash)]


def parsed(text):
    """What the table makes of a spelling; a spelling may fit one pattern alone."""
    found = [make(*match.groups()) for pattern, _, make in WEIGHT_SPELLINGS
             if (match := re.fullmatch(pattern, text))]
    assert len(found) <= 1, text
    return found[0] if found else None


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_there_and_back(form):
    assert parsed(str(form)) == form


@pytest.mark.parametrize("example", [example for _, example, _ in WEIGHT_SPELLINGS])
def test_examples_are_canonical(example):
    assert str(parsed(example)) == example


@pytest.mark.parametrize(("text", "canonical"), [
    ("bitmod<3>", "bitmod<3,128>"), ("olive<int4,bias=2>", "olive<int4>"),
    ("olive<int8,larger>", "olive<int8>"), ("olive<flint4,bias=3,even>", "olive<flint4,even>")])
def test_other_spellings(text, canonical):
    assert str(parsed(text)) == canonical


@pytest.mark.parametrize("text", ["q4_2", "Q4_0", "sherry", "sherry<>", "bitmod<4,>", "bitmod<-4>",
                                  "olive<int16>", "olive<int4,odd>", "olive<int4,bias=x>", ""])
def test_no_spellings(text):
    assert parsed(text) is None


@pytest.mark.parametrize(("text", "message"), [
    ("sherry<100>", r"^group must be a multiple of 32"), ("bitmod<5>", r"^width must be 3 or 4"),
    ("olive<int4,bias=9>", r"^bias must be 0 to 8")])
def test_no_such_format(text, message):
    with pytest.raises(ValueError, match=message):
        parsed(text)


def test_no_other_block_format_is_spelt_so():
    others = [pattern for pattern, _, make in BLOCK_SPELLINGS
              if make not in [ours for _, _, ours in WEIGHT_SPELLINGS]]
    assert others
    for form in FORMATS:
        assert not [pattern for pattern in others if re.fullmatch(pattern, str(form))]
