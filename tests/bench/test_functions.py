"""The figures of function units: what is measured, and that the page says so."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import functions
from gen.units import UNITS
from tests.support.checkout import ROOT


@pytest.fixture(scope="module")
def cases() -> list[functions.Case]:
    return list(functions.cases())


def test_what_is_measured(cases: list[functions.Case]) -> None:
    assert len({(case.unit, case.form) for case in cases}) == len(cases)
    kinds = Counter(case.unit for case in cases)
    assert set(kinds) <= set(UNITS)
    assert min(kinds[unit] for unit in ("exp2", "reciprocal", "rsqrt", "divide", "delta_table",
                                        "piecewise")) >= 3
    # Exact are those that say so, and no others.
    assert {case.unit for case in cases if case.error == 0} == {"isqrt", "divide", "table"}
    assert max(case.error for case in cases if case.unit == "exp2") < 1.3e-3


def test_a_case_measured(monkeypatch: pytest.MonkeyPatch, cases: list[functions.Case]) -> None:
    some = [case for case in cases if case.form in ("uint16", "int8 to int16, 2 lanes")]
    monkeypatch.setattr(functions, "cases", lambda: iter(some))
    result = functions.measure()
    root, table = result["rows"]
    assert (root["error"], root["interval"], root["ecp5"]["latency"]) == (0, 8, 8)
    # A root, twice as many bits of x, a remainder, a count of steps and a valid bit at least.
    assert 8 + 16 + 8 <= root["ice40"]["ffs"] <= 40
    assert root["ecp5"]["dsps"] == 0
    # Both lanes in one block RAM of ECP5, whose ports are two.
    assert (table["interval"], table["ecp5"]["brams"]) == (1, 1)
    lines = functions.lines(result)
    assert lines[0].split() == list(functions.HEAD)
    assert lines[1].split()[:6] == ["isqrt", "uint16", "0", "8", "8",
                                    f"{root['ecp5']['luts']}"]
    assert functions.markdown(result)[3].startswith(
        "| table | int8 to int16, 2 lanes | 0 | 1 | 1 |")


def test_the_page_has_a_row_for_each(cases: list[functions.Case]) -> None:
    text = (ROOT / "docs/functions.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))
            for line in text.splitlines() if line.startswith("|")]
    start = rows.index(functions.HEAD)
    found = rows[start + 2:]
    assert [row[:3] for row in found] == [
        (case.unit, case.form, f"{case.error:.2g}" if case.error else "0") for case in cases]
    assert all(cell[0].isdigit() for row in found for cell in row[3:])
