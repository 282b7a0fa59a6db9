"""The page on processing elements: every kind is in it, and its example is true."""

from __future__ import annotations

import doctest
import re

from hw.pe import PE_KINDS
from tests.support.checkout import ROOT

PAGE = ROOT / "docs/processing-elements.md"


def test_every_kind_has_a_row():
    cells = re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), flags=re.M)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(PE_KINDS)


def test_examples():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 2
    assert failed == 0
