"""The bench of encoded operands: its cycles against probabilities, and the tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench import encodings
from sw_model.terms import en_t_digits


def probabilities(deviation: float) -> np.ndarray:
    """Of each int8 number, if normal numbers are rounded and clipped."""
    below = np.array([(1 + math.erf((value - 0.5) / deviation / math.sqrt(2))) / 2
                      for value in range(-127, 128)])
    return np.diff(np.concatenate(([0], below, [1])))


@pytest.mark.parametrize("deviation", encodings.DEVIATIONS)
def test_cycles_are_what_the_distribution_says(deviation: int) -> None:
    share, digits = probabilities(deviation), en_t_digits(np.arange(-128, 128), 4)
    nonzero = share @ (digits != 0)
    found = encodings.cycles(deviation)
    # A zero takes a cycle, and so does a place at which four operands have no digit.
    assert found["EN-T"] == pytest.approx(nonzero.sum() + share[128], abs=0.004)
    assert found["grouped EN-T"] == pytest.approx(
        nonzero.sum() + ((1 - nonzero) ** 4).sum() / 4, abs=0.004)
    assert found["CSD"] < found["EN-T"] < found["Booth"]
    assert found["EN-T"] < found["grouped EN-T"]


def test_limits_at_a_deviation_of_30() -> None:
    found = encodings.cycles(30)
    assert found["EN-T"] <= 2.36
    assert found["grouped EN-T"] <= 2.47


def test_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of two takes less than one alone, which has an encoder to itself."""
    monkeypatch.setattr(encodings, "COUNT", 4000)
    monkeypatch.setattr(encodings, "ELEMENTS", tuple(
        ("sparse_encoded", 4, rows, "grouped EN-T") for rows in (1, 2)))
    result = encodings.measure()
    assert [row["deviation"] for row in result["means"]] == list(encodings.DEVIATIONS)
    alone, shared = result["areas"]
    assert shared["ecp5"] < alone["ecp5"]
    assert shared["ffs"] < alone["ffs"]
    assert alone["cycles"] == shared["cycles"] == result["means"][2]["grouped EN-T"]
    table = encodings.lines(result)
    assert [line.split()[-1] for line in table[-2:]] == [
        f"{row['um2'] * row['cycles']:,.0f}" for row in result["areas"]]
