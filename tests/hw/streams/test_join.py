# amaranth: UnusedElaboratable=no
"""Words that belong together leave together."""

from __future__ import annotations

import pytest

from hw.streams import Join
from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["join"](rng), deadline=2000)


def test_faults():
    with pytest.raises(ValueError, match=r"^a join needs at least one payload$"):
        Join()
