"""Helpers of the cocotb side that need no simulator."""

from __future__ import annotations

from itertools import islice

from verif.streams import as_word, pauses


def test_unknown_bits_count_only_where_the_mask_says():
    assert as_word("0101") == 5
    assert as_word("01x1") is None
    assert as_word("01x1", 0b1101) == 5
    assert as_word("01x1", 0b0010) is None
    assert as_word("Z1", 1) == 1


def test_pauses_repeat_by_seed():
    first = list(islice(pauses(0.3, 5), 2000))
    assert first == list(islice(pauses(0.3, 5), 2000))
    assert first != list(islice(pauses(0.3, 6), 2000))
    assert 0.25 < sum(first) / 2000 < 0.35
    assert not any(islice(pauses(0.0, 5), 100))
