# amaranth: UnusedElaboratable=no
"""One word between producer and consumer."""

from __future__ import annotations

from amaranth.hdl import unsigned

from hw.streams import Register
from tests.support.stream_cases import CASES
from tests.support.units import check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["register"](rng), deadline=2000)


def test_parameters_are_readable():
    register = Register(unsigned(8))
    assert register.payload == unsigned(8)
    assert (register.latency, register.interval) == (1, 1)
