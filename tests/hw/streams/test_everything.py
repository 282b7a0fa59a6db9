"""The whole stream kit in one Verilator build: a second simulator, with another opinion."""

from __future__ import annotations

from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("verilator")
    check_units([unit for make in CASES.values() for unit in make(rng)],
                simulator="verilator", deadline=2000)
