"""The atlas: every kind in it, figures as the tools give them, claims and conclusions from rows."""

from __future__ import annotations

import json

import msgspec
import pytest

from boards.component import resources
from gen.atlas import entries as listed
from gen.atlas.claims import CLAIMS, Claim, findings
from gen.atlas.conclusions import conclusions
from gen.atlas.entries import CLOCKED, LANES, Entry, entries
from gen.atlas.measure import Row, measure
from gen.atlas.report import as_dict, markdown, picture
from gen.cli import main
from hw.pe import PE_KINDS

FEW = (Entry("binary", "bipolar", "bipolar"), Entry("ternary_ecp5", "int8", "ternary"),
       Entry("serial_lut", "int2", "int2"))


def row(kind, activations, weights, area, cycles=1, **more):
    """A row of given area."""
    return Row(**{"kind": kind, "activations": activations, "weights": weights, "cycles": cycles,
                  "latency": 3, "ecp5": area, "ice40": area, "xilinx": area, "um2": None,
                  "ffs": 10, "dsps": 0, "ecp5_with_dsps": area, "mhz": None, **more})


def test_everything_is_in_it():
    every = list(entries())
    assert len(every) == len(set(every))
    assert {entry.kind for entry in every} == set(PE_KINDS)
    assert all(entry.spec.lanes == LANES for entry in every)
    assert {pair for entry in every for pair in [entry[1:]]} == set(listed.PAIRS)
    assert set(CLOCKED) <= set(every)
    assert len(CLOCKED) <= 20
    assert {entry for claim in CLAIMS for entry in claim[:2]} <= set(every)


def test_measured():
    """Cells of other families are not made up; cycles are the kind's."""
    first, second, third = measure(FEW, lambda _: None, clocks=False)
    unit = PE_KINDS["binary"](FEW[0].spec)
    cells = resources(unit, ["ecp5", "ice40", "xilinx"], dsp=False)
    assert (first.ecp5, first.ice40, first.xilinx) == (
        cells["ecp5"].area, cells["ice40"].area, cells["xilinx"].lut_count)
    assert (first.ffs, first.latency, first.cycles) == (cells["ecp5"].ffs, unit.latency, 1)
    assert (second.ice40, second.xilinx, second.um2) == (None, None, None)
    assert third.cycles == 2
    assert third.area_cycles == 2 * third.ecp5


@pytest.mark.full
def test_a_clock_is_measured():
    (found,) = measure([CLOCKED[2]], lambda _: None)
    assert found.mhz > 50


def test_claims():
    pair = Entry("parallel", "int8", "int4"), Entry("lut", "int8", "int4")
    claims = [Claim(*pair, "area", ratio, "a paper") for ratio in (1.0, 2.0, 1.5)]
    rows = [row(*pair[0], 150), row(*pair[1], 100)]
    assert [(each.found, each.verdict) for each in findings(rows, claims)] == [
        (1.5, "yes"), (1.5, "direction"), (1.5, "yes")]
    slower = [row(*pair[0], 150), row(*pair[1], 100, cycles=4)]
    worse = [Claim(*pair, "area_cycles", 2.0, "a paper")]
    assert [(each.found, each.verdict) for each in findings(slower, worse)] == [(0.375, "no")]
    assert findings(rows[:1], claims) == []


def test_conclusions():
    rows = [row("bit_weight", "int4", "int4", 400), row("table", "e2m1", "e2m1", 800),
            row("exact", "e2m1", "e2m1", 900), row("parallel", "int8", "int4", 1000),
            row("serial_lut", "int8", "int4", 200, cycles=4)]
    assert conclusions(rows) == [
        "e2m1 against int4: does not pay, 2.00 times the area x cycles (table 800, bit_weight "
        "400)",
        "look-up with weights int4: pays, 0.80 times the area x cycles (serial_lut 800, parallel "
        "1,000)",
        "serial with weights int4: pays, 0.80 times the area x cycles (serial_lut 800, parallel "
        "1,000)"]


def test_files(tmp_path, monkeypatch, capsys):
    """The command writes table, JSON and picture, and prints the same twice."""
    monkeypatch.setattr(listed, "PAIRS", (("bipolar", "bipolar"),))
    monkeypatch.setattr(listed, "PE_KINDS", {"binary": PE_KINDS["binary"]})
    texts = []
    for turn in range(2):
        folder = tmp_path / f"atlas{turn}"
        assert main(["units", "--atlas", "--no-clocks", "-o", str(folder)]) == 0
        printed = capsys.readouterr().out
        texts.append({path.name: path.read_bytes() for path in folder.iterdir()})
        assert printed.startswith("# Atlas of processing elements")
    assert texts[0] == texts[1]
    assert set(texts[0]) == {"atlas.json", "atlas.md", "atlas.svg"}
    found = json.loads(texts[0]["atlas.json"])
    assert [each["kind"] for each in found["rows"]] == ["binary"]
    assert b"| binary | `bipolar` | `bipolar` | 1 |" in texts[0]["atlas.md"]


def test_report():
    rows = [row("parallel", "int8", "int4", 1500.0, mhz=123.44), row("lut", "int8", "int4", 700)]
    text = markdown(rows)
    assert "| parallel | `int8` | `int4` | 1 | 3 | 1,500 |" in text
    assert "123.4 |" in text
    assert as_dict(rows)["rows"][1]["area_cycles"] == 700
    assert msgspec.json.encode(as_dict(rows))
    assert picture(rows) == picture(rows)
    assert "parallel" in picture(rows)
