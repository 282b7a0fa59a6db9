"""What is said of cells that keep carries, and the bench that measures it."""

from __future__ import annotations

import re

import pytest

from bench import accumulators
from bench.accumulators import KINDS, lines, measure
from boards.component import timing
from tests.support.checkout import ROOT


def test_the_page_says_what_is_measured(library: None) -> None:
    """Of cells of the kind that gains."""
    plain, saved = (timing(make()) for make in KINDS["cell, carry_save_tree"])
    page = " ".join((ROOT / "docs/arrays.md").read_text(encoding="utf-8").split())
    assert (f"falls from {plain.ps:,.0f} to {saved.ps:,.0f} ps, and its area grows from "
            f"{plain.um2:,.0f} to {saved.um2:,.0f} um2") in page


def test_lines() -> None:
    row = {"kind": "cell", "ecp5": 100, "ffs": 40, "ecp5_at_mhz": 110, "um2": 1e4, "um2_at_ps": 2e4}
    table = lines({"rows": [row | {"form": "plain", "mhz": 200.0, "ps": 1000.0},
                            row | {"form": "carry-save", "mhz": 300.0, "ps": 400.0}]})
    assert table[1].split() == ["cell,", "plain", "100", "40", "200.0", "110", "10,000", "1,000",
                                "20,000"]
    assert table[-1] == ("cell, carry-save: 1.50 times the clock on ECP5, 2.50 times on the "
                         "library")


@pytest.mark.full
def test_clocks(library: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's gain on ECP5, and every column filled."""
    monkeypatch.setattr(accumulators, "KINDS", {
        "cell, carry_save_tree": KINDS["cell, carry_save_tree"]})
    plain, saved = measure()["rows"]
    assert all(row[name] > 0 for row in (plain, saved) for name in row if name not in (
        "kind", "form"))
    page = (ROOT / "docs/arrays.md").read_text(encoding="utf-8")
    (gain,) = re.findall(r"it gains (\d+) % of the clock", page)
    assert round(100 * (saved["mhz"] / plain["mhz"] - 1)) == int(gain)
