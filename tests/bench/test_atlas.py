"""The page of the atlas: a row for each entry, a clock for each representative."""

from __future__ import annotations

from gen.atlas.claims import CLAIMS
from gen.atlas.entries import CLOCKED, entries
from gen.atlas.report import COLUMNS
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
    (head, *rows), (_, *claims) = tables()
    assert head == COLUMNS
    assert [row[:3] for row in rows] == [
        (each.kind, f"`{each.activations}`", f"`{each.weights}`") for each in entries()]
    clocked = {row[:3] for row in rows if row[COLUMNS.index("MHz")]}
    assert clocked == {(kind, f"`{a}`", f"`{w}`") for kind, a, w in CLOCKED}
    assert len(clocked) <= 20
    assert all(row[COLUMNS.index("area x cycles")] for row in rows)
    assert len(claims) == len(CLAIMS)


def test_the_page_shows_the_picture() -> None:
    assert "](atlas.svg)" in (ROOT / "docs/atlas.md").read_text(encoding="utf-8")
    assert (ROOT / "docs/atlas.svg").read_text(encoding="utf-8").startswith("<svg")
