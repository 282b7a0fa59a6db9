"""Each kind of claim, on both sides of each of its limits."""

from __future__ import annotations

import pytest

from gen.atlas.judgement import AtLeast, Equal, Wins, Within


@pytest.mark.parametrize(("says", "found", "verdict"), [
    (AtLeast(2), 2.0, "yes"), (AtLeast(2), 9.0, "yes"), (AtLeast(2), 1.999, "less"),
    (AtLeast(2), 1.001, "less"), (AtLeast(2), 1.0, "no"), (AtLeast(2), 0.4, "no"),
    (Within(1.5, 2.8), 1.5, "yes"), (Within(1.5, 2.8), 2.8, "yes"),
    (Within(1.5, 2.8), 1.499, "less"), (Within(1.5, 2.8), 1.001, "less"),
    (Within(1.5, 2.8), 2.801, "more"), (Within(1.5, 2.8), 9.0, "more"),
    (Within(1.5, 2.8), 1.0, "no"), (Within(1.5, 2.8), 0.5, "no"),
    (Equal(0.25), 1.0, "yes"), (Equal(0.25), 1.25, "yes"), (Equal(0.25), 0.8, "yes"),
    (Equal(0.25), 1.251, "no"), (Equal(0.25), 0.799, "no"), (Equal(0.25), 1.64, "no"),
    (Wins(), 1.001, "yes"), (Wins(), 1.0, "no"), (Wins(), 0.82, "no"),
])
def test_verdicts(says, found, verdict):
    assert says.verdict(found) == verdict


def test_in_words():
    assert [str(each) for each in (AtLeast(1.3), Within(4, 6), Equal(0.25), Wins())] == [
        "at least 1.30", "4.00 to 6.00", "equal within 25%", "wins"]
