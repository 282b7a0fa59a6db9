# amaranth: UnusedElaboratable=no
"""Wide words to narrow ones, of vectors that fill them and vectors that do not."""

from __future__ import annotations

import pytest

from hw.streams import WidthDown
from sw_model.formats import IntFormat
from tests.support.stream_cases import CASES
from tests.support.units import Unit, check_units, padded


def test_words_rules_latency_and_rate(rng, need):
    need("icarus")
    check_units(CASES["width_down"](rng), deadline=2000)


def test_padding_makes_no_words(rng, need):
    """Ten elements on four lanes leave on two lanes as five words, not six."""
    need("icarus")
    component = WidthDown(IntFormat(8), 4, 2, ((10, 1),))
    vectors = rng.integers(-128, 128, (4, 10))
    check_units([Unit(component, {"i": padded(vectors, 4)}, {"o": vectors.reshape(20, 2)})])


def test_faults():
    with pytest.raises(ValueError, match=r"^wide must be a multiple of narrow \(3\), not 4$"):
        WidthDown(IntFormat(8), 4, 3, ((1, 1),))
    with pytest.raises(ValueError, match=r"^narrow must be at least 1, not 0$"):
        WidthDown(IntFormat(8), 4, 0, ((1, 1),))
    with pytest.raises(TypeError, match=r"^format must be a Format, not 8$"):
        WidthDown(8, 4, 2, ((1, 1),))
    with pytest.raises(TypeError, match=r"^jobs must be a tuple of \(vector, vectors\) pairs"):
        WidthDown(IntFormat(8), 4, 2, (10,))
    with pytest.raises(ValueError, match=r"^vector must be at least 1, not 0$"):
        WidthDown(IntFormat(8), 4, 2, ((0, 1),))
    with pytest.raises(ValueError, match=r"^jobs must have at least one"):
        WidthDown(IntFormat(8), 4, 2, ())
