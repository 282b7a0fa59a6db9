# amaranth: UnusedElaboratable=no
"""Several streams into one, in a fixed order."""

from __future__ import annotations

import re

import pytest
from amaranth.back import rtlil
from amaranth.hdl import unsigned

from hw.streams import Select
from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["select"](rng), deadline=2000)


def test_long_turns_need_one_counter():
    """A turn of 2**24 words costs 24 bits, and a sequence of one entry costs none."""
    assert _registers(Select(unsigned(1), ((0, 1 << 24), (1, 5)))) == 24 + 1
    assert _registers(Select(unsigned(1), ((0, 1 << 24),))) == 0
    assert _registers(Select(unsigned(1), ((0, 3), (1, 3)) * 4)) == 2 + 1


def _registers(component):
    text = rtlil.convert(component, emit_src=False)
    widths = re.findall(r"cell \$dff \S+\n\s*parameter \\WIDTH (\d+)", text)
    return sum(map(int, widths))


def test_faults():
    with pytest.raises(ValueError, match=r"^sequence never serves way 0, 2$"):
        Select(unsigned(8), ((1, 2), (3, 1)))
    with pytest.raises(ValueError, match=r"^words must be at least 1, not 0$"):
        Select(unsigned(8), ((0, 0),))
    with pytest.raises(TypeError, match=r"^sequence must be a tuple of \(way, words\) pairs"):
        Select(unsigned(8), [(0, 1)])
