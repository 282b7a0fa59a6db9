"""The bench of area goals: all are met, the docs have the same figures, and netlists are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tests.support.emulated
from bench import goals
from hw.pe import DotProduct
from tests.hw.pe.test_table import registered_products
from tests.hw.pe.test_ternary_accumulate import check_sums, drawn
from tests.support.dots import check_dots, extremes
from tests.support.enabled import check_enabled
from tests.support.mapped import mapped

DOCS = Path(__file__).resolve().parents[2] / "docs/processing-elements.md"


def test_goals_are_met_as_the_docs_say() -> None:
    """Each on a netlist with registers."""
    result = goals.measure()
    assert all(row["met"] and row["ffs"] > 0 for row in result["rows"])
    assert "\n".join(goals.markdown(result)) in DOCS.read_text(encoding="utf-8")
    assert [line.split()[-1] for line in goals.lines(result)[1:]] == ["met"] * len(goals.GOALS)


def test_a_goal_that_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell too many is."""
    goal = goals.GOALS[-1]
    (row,) = (row for row in goals.measure()["rows"] if row["goal"] == goal.name)
    monkeypatch.setattr(goals, "GOALS", (
        goals.Goal(goal.name, goal.make, goal.family, row["area"] - 1),))
    result = goals.measure()
    assert [row["met"] for row in result["rows"]] == [False]
    assert goals.lines(result)[1].endswith("MISSED")


@pytest.mark.full
@pytest.mark.parametrize("goal", goals.GOALS, ids=lambda goal: f"{goal.name}, {goal.family}")
def test_netlists_compute_the_same(goal: goals.Goal, need: object, tmp_path: Path,
                                   rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
                                   ) -> None:
    """What is measured, by Yosys's models of the cells."""
    need("verilator")  # type: ignore[operator]
    monkeypatch.setattr(tests.support.emulated, "to_verilog",
                        mapped(goal.family, tmp_path, dsp=False))
    unit = goal.make()
    if isinstance(unit, DotProduct):
        check_dots([extremes(type(unit), str(unit.spec.activations), str(unit.spec.weights),
                             unit.spec.lanes, rng, 200)], tmp_path / "build")
    elif goal.name.startswith("e2m1"):
        check_enabled([registered_products("magnitude" if "magnitude" in goal.name else "signed")],
                      tmp_path / "build")
    else:
        check_sums([("int8", 20, "ecp5" if goal.family == "ecp5" else "any")],
                   [drawn("int8", rng, 500)], tmp_path / "build")
