# amaranth: UnusedElaboratable=no
"""Every consumer gets every word, each at its own time."""

from __future__ import annotations

import pytest
from amaranth.hdl import unsigned

from hw.streams import Fork
from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["fork"](rng), deadline=2000)


def test_faults():
    with pytest.raises(ValueError, match=r"^ways must be at least 1, not 0$"):
        Fork(unsigned(8), 0)
