"""The table of sums across blocks: what stands in it, and the figures of one."""

from __future__ import annotations

import pytest

from bench import block_sums
from boards.component import placement


def test_what_is_measured() -> None:
    there = list(block_sums.designs())
    assert len(set(there)) == len(there)
    assert {design.rounded for design in there} == {False, True}
    assert {design.make("inferred").interval for design in there if design.rounded} == {1, 5}
    assert all(design.make("fabric").spec.is_exact is not design.rounded for design in there)


def test_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is small enough to be placed here, too."""
    window = next(block_sums.designs())
    monkeypatch.setattr(block_sums, "FAMILIES", ("ice40",))
    monkeypatch.setattr(block_sums, "designs", lambda: iter([window]))
    result = block_sums.measure()
    (row,) = result["rows"]
    unit = window.make("fabric")
    # Sum and term alone are that many flip-flops; the sum is a carry chain.
    assert row["ice40"]["ffs"] >= 2 * unit.spec.target.width
    assert row["ice40"]["carry"] >= unit.spec.target.width - 2
    assert row["mhz"] == placement(unit, block_sums.DEVICE, block_sums.CLOCK).clocks["clk"]
    _, line = block_sums.lines(result)
    assert line.split()[-6:-3] == [str(unit.latency), str(unit.interval), f"{row['mhz']:.1f}"]
