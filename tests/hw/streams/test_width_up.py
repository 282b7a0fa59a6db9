# amaranth: UnusedElaboratable=no
"""Narrow words to wide ones, of vectors that fill them and vectors that do not."""

from __future__ import annotations

import numpy as np
import pytest

from hw.streams import WidthUp
from sw_model.formats import IntFormat
from tests.support.stream_cases import CASES
from tests.support.units import Unit, check_units


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["width_up"](rng), deadline=2000)


def test_padding_is_zero_whatever_came(need):
    """Five elements on two lanes arrive with noise on the sixth, and leave with zeros."""
    need("icarus")
    component = WidthUp(IntFormat(8), 2, 8, ((5, 1),))
    words = np.array([[1, 2], [3, 4], [5, -1]] * 3)
    check_units([Unit(component, {"i": words}, {"o": np.array([[1, 2, 3, 4, 5, 0, 0, 0]] * 3)})])


def test_a_partial_word_does_not_wait(need):
    """The last word of a vector leaves although nothing follows it."""
    need("icarus")
    component = WidthUp(IntFormat(8), 1, 4, ((6, 1),))
    check_units([Unit(component, {"i": np.arange(6).reshape(6, 1)},
                      {"o": np.array([[0, 1, 2, 3], [4, 5, 0, 0]])})])


def test_faults():
    with pytest.raises(ValueError, match=r"^wide must be a multiple of narrow \(3\), not 4$"):
        WidthUp(IntFormat(8), 3, 4, ((1, 1),))
