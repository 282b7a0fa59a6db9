"""The figures of every unit: none is forgotten, and the page says so."""

from __future__ import annotations

import pytest

from bench import library
from boards.component import resources
from boards.devices import device
from gen.alone import component_of
from gen.catalogue import catalogue
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from hw.nonlinear.sigmoid import Sigmoid
from tests.support.checkout import ROOT


@pytest.fixture(scope="module")
def cases() -> list[library.Case]:
    return list(library.cases())


def request_of(case: library.Case):
    return unit_request(case.unit, parameters_document(case.unit, case.given))


def test_every_variant_has_a_row(cases: list[library.Case]) -> None:
    assert len({(case.unit, case.name) for case in cases}) == len(cases)
    wanted = {(each.unit, each.kind if each.choice else "") for each in catalogue()
              if each.unit != "dense"}
    plain = {(case.unit, case.name) for case in cases if ", " not in case.name}
    assert plain == wanted
    assert len(wanted) > 80


def test_every_unit_can_be_made(cases: list[library.Case]) -> None:
    """On one lane of its operand, for both families, with a rate and a latency."""
    for case in cases:
        for name in library.DEVICES.values():
            made = component_of(request_of(case), device(name))
            assert made.interval >= 1, case
            assert made.latency >= 1, case
            port = made.i if hasattr(made, "i") else made.i0
            port = port[0] if isinstance(port, list) else port
            assert port.payload.shape().length == (2 if case.unit == "divide" else 1), case
    (wide,) = (case for case in cases if case.name == "tanh, source=int16")
    assert isinstance(component_of(request_of(wide), device("ecp5-85k")), Sigmoid)


def test_a_row_measured(monkeypatch: pytest.MonkeyPatch, cases: list[library.Case]) -> None:
    (case,) = (each for each in cases if each.unit == "multiply")
    monkeypatch.setattr(library, "cases", lambda: iter([case]))
    result = library.measure()
    (row,) = result["rows"]
    made = component_of(request_of(case), device("ice40-hx8k"))
    assert (row["ice40"]["latency"], row["ice40"]["row_gap"]) == (made.latency, None)
    total = resources(made, ("ice40",), dsp=False)["ice40"]
    assert (row["ice40"]["luts"], row["ice40"]["ffs"]) == (total.lut_count, total.ffs)
    assert row["ice40"]["dsps"] == 0 < row["ice40"]["luts"]
    head, line = library.lines(result)
    assert head.split()[:2] == ["unit", "variant"]
    assert line.split()[:2] == ["multiply", "1"]
    assert library.markdown(result)[2].startswith("| `multiply` |  | 1 |")


def test_the_page_has_a_row_for_each(cases: list[library.Case]) -> None:
    text = (ROOT / "docs/units.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))
            for line in text.splitlines() if line.startswith("|")]
    found = rows[rows.index(library.HEAD) + 2:]
    names = [(f"`{case.unit}`", f"`{case.name}`" if case.name else "") for case in cases]
    assert [row[:2] for row in found] == names
    for row in found:
        assert all(cell[0].isdigit() for cell in (*row[2:4], *row[5:])), row
