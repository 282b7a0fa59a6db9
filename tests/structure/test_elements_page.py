"""Pages on processing elements and arrays: every kind has a row, and examples are true."""

from __future__ import annotations

import doctest
import gc
import re
import warnings

import pytest
from amaranth.hdl import UnusedElaboratable

from hw.pe import PE_KINDS
from tests.support.checkout import ROOT

PAGE = ROOT / "docs/processing-elements.md"


def test_every_kind_has_a_row():
    cells = re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), flags=re.M)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(PE_KINDS)


@pytest.mark.parametrize("name", [PAGE.name, "arrays.md"])
def test_examples(name):
    with warnings.catch_warnings():
        # What a page makes to ask it questions is never elaborated.
        warnings.simplefilter("ignore", UnusedElaboratable)
        failed, tried = doctest.testfile(str(PAGE.with_name(name)), module_relative=False)
        gc.collect()
    assert tried > 2
    assert failed == 0
