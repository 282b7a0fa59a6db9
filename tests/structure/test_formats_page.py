"""The page about formats: its examples come out, and it leaves nothing out."""

from __future__ import annotations

import doctest

from sw_model.formats import NAMED, Overflow, Rounding
from sw_model.formats.packing.parse import PACKING_SPELLINGS
from sw_model.formats.parse import ALIASES, SPELLINGS
from tests.support.checkout import ROOT

PAGE = ROOT / "docs/formats.md"


def test_examples(capsys):
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert not failed, capsys.readouterr().out
    assert tried > 20


def test_nothing_is_left_out():
    text = PAGE.read_text(encoding="utf-8")
    examples = [example for _, example, _ in (*SPELLINGS, *PACKING_SPELLINGS)]
    names = [*(example.split(",bias")[0].rstrip(">") for example in examples),
             *NAMED, *ALIASES, *(r.name for r in Rounding), *(o.name for o in Overflow)]
    assert [name for name in names if f"`{name}" not in text] == []
