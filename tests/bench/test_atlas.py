"""The page of the atlas: a row for each entry, a clock for each representative."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bench.record
from bench import atlas
from bench.atlas import DOCS, PAGE, concluding, lines, main
from gen.atlas import record
from gen.atlas.claims import CLAIMS
from gen.atlas.entries import CLOCKED, entries
from gen.atlas.record import recorded
from gen.atlas.report import COLUMNS, markdown
from gen.atlas.row import Row
from sw_model.faults import ToolMissing
from tests.support.atlas_rows import row
from tests.support.checkout import ROOT


def tables() -> list[list[tuple[str, ...]]]:
    """Of the page: rows of cells, without heads' underlines."""
    found: list[list[tuple[str, ...]]] = [[]]
    for line in (ROOT / "docs/atlas.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            found[-1].append(tuple(cell.strip() for cell in line.strip("|").split("|")))
        elif found[-1]:
            found.append([])
    return [[row for row in table if set(row) != {"---"}] for table in found if table]


def test_the_page_has_a_row_for_each() -> None:
    (head, *rows), (_, *claims), (_, *compared) = tables()
    assert head == COLUMNS
    assert [row[:3] for row in rows] == [
        (each.kind, f"`{each.activations}`", f"`{each.weights}`") for each in entries()]
    clocked = {row[:3] for row in rows if row[COLUMNS.index("MHz")]}
    assert clocked == {(kind, f"`{a}`", f"`{w}`") for kind, a, w in CLOCKED}
    assert len(clocked) <= 20
    areas = [COLUMNS.index(name) for name in (
        "ECP5", "iCE40", "iCE40 DSP", "Xilinx", "Xilinx DSP")]
    assert all(any(row[place] for place in areas) for row in rows)
    logic = {name for name in clocked if name[0] != "packed"}
    for name, timed in (("ECP5 at MHz", clocked), ("ps", logic), ("um2 at ps", logic)):
        assert {row[:3] for row in rows if row[COLUMNS.index(name)]} == timed
    assert len(claims) == len(CLAIMS)
    assert len(compared) > 20


@pytest.mark.parametrize("anew", [False, True])
def test_rows_that_are_shipped_are_known(anew: bool, tmp_path: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[Any] = []

    def fake(*_: Any, **given: Any) -> list[Row]:
        known.append(given["known"])
        return [row("binary", "bipolar", "bipolar", 30)]

    monkeypatch.setattr(atlas, "measure_entries", fake)
    monkeypatch.setattr(atlas, "recorded", lambda: {"all": "rows"})
    monkeypatch.setattr(bench.record, "RESULTS", tmp_path)
    assert main(["--json", *(["--anew"] if anew else [])]) == 0
    assert known == [{} if anew else {"all": "rows"}]


def test_the_page_is_of_the_rows_that_are_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line, but for the one that names the tool."""
    def missing() -> None:
        raise ToolMissing("any library")

    monkeypatch.setattr(record, "find_library", missing)
    page, made = ([line for line in text.splitlines() if "pairs by Yosys" not in line]
                  for text in ((DOCS / "atlas.md").read_text(encoding="utf-8"),
                               markdown(list(recorded().values()))))
    assert page == made


def test_the_page_shows_the_picture() -> None:
    assert "](atlas.svg)" in (ROOT / "docs/atlas.md").read_text(encoding="utf-8")
    assert (ROOT / "docs/atlas.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_guide_draws_its_conclusions() -> None:
    """Line by line what the atlas concludes."""
    atlas = (DOCS / "atlas.md").read_text(encoding="utf-8")
    drawn = [line.removeprefix("* ") for line in atlas.splitlines() if line.startswith("* **")]
    assert len(drawn) > 3
    page = (DOCS / PAGE).read_text(encoding="utf-8")
    assert concluding(page, drawn) == page


def test_conclusions_take_the_place_of_older_ones() -> None:
    page = "# A\n\n## What pays\n\nWhat pays.\n\n* old\n* older\n"
    new = concluding(page, ["**Floats** " + "word " * 30, "**Look-up** nowhere"])
    assert new.startswith("# A\n\n## What pays\n\nWhat pays.\n\n* **Floats** word")
    assert new.endswith("\n* **Look-up** nowhere\n")
    assert "old" not in new
    assert all(len(line) < 100 for line in new.splitlines())
    more = page + "\n## B\n\n* kept\n"
    assert concluding(more, ["x"]) == (
        "# A\n\n## What pays\n\nWhat pays.\n\n* x\n\n## B\n\n* kept\n")


def test_lines() -> None:
    claim = {"figure": "area", "claimed": "wins", "technology": "um2", "verdict": "yes",
             "found": {"ECP5": 2.0, "um2": 1.24}, "numerator": "a", "denominator": "b"}
    found = lines({"rows": [1], "work": "w", "conclusions": ["c"], "claims": [
        claim, claim | {"verdict": "not comparable: it is of CPUs"}]})
    assert [line.split() for line in found[2:4]] == [
        ["area", "wins", "um2", "1.24", "yes", "a", "/", "b"],
        ["area", "wins", "um2", "1.24", "-", "a", "/", "b"]]
    assert found[-1] == "c"
