"""Error against area: errors by the definition, cells as measured, fronts, files."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from boards.component import resources
from boards.devices import device
from gen.alone import component_of
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from gen.tradeoffs.measure import Row, error_of, measure
from gen.tradeoffs.report import COLUMNS, as_dict, markdown, picture, write
from gen.tradeoffs.variants import FAMILIES, REFERENCES, Variant, variants
from gen.units import UNITS
from sw_model.faults import InputFault
from tests.support.checkout import ROOT

ALL = list(variants())
#: Small ones.
FEW = [variant for variant in ALL if variant.name in (
    "piecewise, degree 0, within 0.05", "8 entries, 0 steps")]
ROW = Row(family="exp", name="a", unit="exp2", given=(), error=0.1, mean_error=0.01, ecp5=100,
          ice40=120, ffs=10, block_rams=0, dsps=1, ecp5_with_dsps=50, latency=3)


def request_of(variant):
    return unit_request(variant.unit, parameters_document(variant.unit, variant.texts))


def test_every_family_has_several_ways():
    assert len({(variant.family, variant.name) for variant in ALL}) == len(ALL)
    assert tuple(dict.fromkeys(variant.family for variant in ALL)) == FAMILIES == tuple(REFERENCES)
    assert all(sum(variant.family == family for variant in ALL) >= 7 for family in FAMILIES)
    ways = UNITS["softmax"].variants[1]
    named = {given for variant in ALL for given in variant.given}
    assert {f"way={way}" for way in ways} <= named


@pytest.mark.parametrize("variant", ALL, ids=lambda v: f"{v.family}-{v.name}")
def test_errors_are_of_the_right_function(variant):
    """No way is off by as much as the function itself is large; a wrong scale would be."""
    error, mean = error_of(variant, request_of(variant).graph)
    assert 0 < mean <= error < {"gelu": 0.4, "reciprocal": 0.07}.get(variant.family, 0.04)


def test_an_error_by_hand():
    """The reciprocal without steps, from its table's own definition."""
    (variant,) = (each for each in ALL if each.name == "8 entries, 0 steps")
    x = np.arange(1, 4096)
    exponent = np.floor(np.log2(x)).astype(int)
    entry = np.floor(2**5 / (1 + (np.floor(x / 2.0**(exponent - 3)) - 8 + 0.5) / 8) + 0.5)
    off = entry / 2**5 * 2.0**-exponent * x - 1
    found, _ = error_of(variant, request_of(variant).graph)
    assert found == pytest.approx(abs(off).max(), abs=1e-12)


def test_measured():
    rows = measure(FEW, lambda _: None)
    for row, variant in zip(rows, FEW, strict=True):
        unit = component_of(request_of(variant), device("ice40-hx8k"))
        assert row.ice40 == resources(unit, ["ice40"], dsp=False)["ice40"].area
        assert row.latency == component_of(request_of(variant), device("ice40-hx8k")).latency
        assert (row.family, row.given) == (variant.family, variant.given)
        assert row.best


def test_the_front(monkeypatch):
    figures = {"a": (0.1, 100, 1), "b": (0.2, 90, 1), "c": (0.2, 100, 1), "d": (0.1, 100, 1),
               "e": (0.05, 500, 1), "f": (0.2, 200, 0), "g": (0.05, 500, 2)}
    monkeypatch.setattr("gen.tradeoffs.measure._row", lambda variant: msgspec.structs.replace(
        ROW, name=variant.name, error=figures[variant.name][0], ecp5=figures[variant.name][1],
        block_rams=figures[variant.name][2]))
    rows = measure([Variant("exp", name, "exp2", (), 1.0, 1.0) for name in figures],
                   lambda _: None)
    assert [row.name for row in rows if row.best] == ["a", "b", "d", "e", "f"]
    # What takes something else, or takes it less often, is not compared, or is worse.
    monkeypatch.setattr("gen.tradeoffs.measure._row", lambda variant: msgspec.structs.replace(
        ROW, name=variant.name, operand=variant.operand, interval=int(variant.scale)))
    rows = measure([Variant("exp", "a", "exp2", (), 2.0, 1.0),
                    Variant("exp", "b", "exp2", (), 3.0, 1.0),
                    Variant("exp", "c", "exp2", (), 9.0, 1.0, operand="a mantissa")],
                   lambda _: None)
    assert [row.name for row in rows if row.best] == ["a", "c"]


def test_files(tmp_path):
    rows = [msgspec.structs.replace(ROW, best=True),
            msgspec.structs.replace(ROW, name="b", error=0.2, ecp5=1234)]
    write(rows, tmp_path / "out")
    assert json.loads((tmp_path / "out/errors.json").read_text()) == json.loads(
        json.dumps(as_dict(rows)))
    text = (tmp_path / "out/errors.md").read_text()
    assert text == markdown(rows)
    assert "| exp | b |  | 0.2 | 0.01 | 1,234 |" in text
    assert (tmp_path / "out/errors.svg").read_text() == picture(rows) + "\n"
    assert picture(rows) == picture(rows)
    (tmp_path / "file").touch()
    with pytest.raises(InputFault, match="cannot be written"):
        write(rows, tmp_path / "file")


def test_the_page_has_a_row_for_each_way():
    """Its errors are those of the golden models."""
    text = (ROOT / "docs/tradeoffs.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")]
    assert tuple(rows[0]) == COLUMNS
    for row, variant in zip(rows[2:], ALL, strict=True):
        assert row[:2] == [variant.family, variant.name]
        error, mean = error_of(variant, request_of(variant).graph)
        assert row[3:5] == [f"{error:.2g}", f"{mean:.2g}"], row
        assert row[-1] == f"`{variant.unit} {' '.join(f'-p {each}' for each in variant.given)}`"
    best = {row[0]: row for row in rows[2:] if row[2] == "yes"}
    assert set(best) == set(FAMILIES)
