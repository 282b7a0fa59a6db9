"""The atlas: every kind in it, figures as the tools give them, claims and conclusions from rows."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest

from boards.component import resources
from boards.figures import Resources
from gen.atlas import entries as listed
from gen.atlas.claims import CLAIMS, FIGURES, Claim, findings
from gen.atlas.conclusions import conclusions
from gen.atlas.constants import ConstantEntry
from gen.atlas.entries import CLOCKED, ROWS, KindEntry, RowsEntry, entries
from gen.atlas.entry import LANES, PAIRS, Name
from gen.atlas.measure import Row, measure
from gen.atlas.report import as_dict, markdown, picture
from gen.atlas.special import (
    AccumulateEntry,
    PrecisionEntry,
    SherryEntry,
    SparseEntry,
    WeightTableEntry,
)
from gen.cli import main
from hw.pe import CONSTANT_KINDS, PE_KINDS
from sw_model.specs.precision import Precision

FEW = (KindEntry("binary", "bipolar", "bipolar"), KindEntry("ternary_ecp5", "int8", "ternary"),
       KindEntry("serial_lut", "int2", "int2"))

#: The smallest of each other family: what is shared, and cycles.
OTHERS = (
    (RowsEntry("serial_lut rows", "int8", "bipolar", "serial_lut"), ROWS, 1),
    (SherryEntry("sherry", "int4", "sherry"), 1, 1),
    (WeightTableEntry("weight_table", "int2", "int2"), 1, 2),
    (SparseEntry("parallel 2:8", "int4", "int4", "parallel", 2, 8), 1, 1),
    (AccumulateEntry("carry_save", "int4", "int4"), 1, LANES + 1),
    (ConstantEntry("grouped", "int2", "constant ternary", "ternary"), 16, 2),
)


def row(kind, activations, weights, area, cycles=1, **more):
    """A row of given area."""
    return Row(**{"kind": kind, "activations": activations, "weights": weights, "cycles": cycles,
                  "latency": 3, "ecp5": area, "ice40": area, "xilinx": area, "um2": None,
                  "ffs": 10, "dsps": 0, "ecp5_with_dsps": area, "mhz": None, **more})


def test_everything_is_in_it():
    every = list(entries())
    names = {entry.name for entry in every}
    assert len(every) == len(set(every)) == len(names)
    plain = [entry for entry in every if isinstance(entry, KindEntry)]
    assert {entry.kind for entry in plain} == set(PE_KINDS)
    assert all(entry.make().spec.lanes == LANES for entry in plain)
    assert {(entry.activations, entry.weights) for entry in plain} == set(PAIRS)
    assert set(CLOCKED) <= names
    assert len(set(CLOCKED)) <= 20
    assert {name for claim in CLAIMS for pair in claim.pairs for name in pair} <= names
    assert {claim.figure for claim in CLAIMS} <= set(FIGURES)


def test_other_forms_are_in_it_too():
    """Rows of all kinds that share, and everything with a contract of its own."""
    every = list(entries())
    found = Counter(type(entry) for entry in every)
    assert {entry.of for entry in every if isinstance(entry, RowsEntry)} == {
        kind for kind, make in PE_KINDS.items() if make.shared}
    assert {entry.kind for entry in every if isinstance(entry, ConstantEntry)} == set(
        CONSTANT_KINDS)
    assert {entry.mode for entry in every if isinstance(entry, PrecisionEntry)} == set(Precision)
    assert {(entry.keep, entry.of, entry.dense) for entry in every
            if isinstance(entry, SparseEntry)} == {
                (2, of, dense) for of in (4, 8) for dense in (False, True)}
    assert found[SherryEntry] == 2
    assert found[WeightTableEntry] > 5
    assert found[AccumulateEntry] > 10


def test_equal_work():
    """Cycles are as many as sixteen pairs take, whatever is taken at once."""
    cycles = {entry.name: entry.cycles for entry in entries()
              if not isinstance(entry, ConstantEntry)}
    assert cycles["parallel", "int8", "int4"] == cycles["packed rows", "int8", "int4"] == 1
    assert cycles["serial_lut", "int8", "int4"] == cycles["serial_lut rows", "int8", "int4"] == 4
    assert cycles["weight_table", "int8", "int4"] == 8
    assert cycles["accumulate", "int8", "int8"] == LANES + 1
    assert [cycles["multi_precision", form, form] for form in ("e2m1", "int8", "posit<16,1>")] \
        == [4, 8, 16]
    assert [cycles[f"parallel {form}", "int8", "int8"]
            for form in ("2:4", "2:8", "2:4, dense", "2:8, dense")] == [1, 1, 2, 4]


def test_measured():
    """Cells of other families are not made up; cycles are the kind's."""
    first, second, third = measure(FEW, lambda _: None, clocks=False)
    unit = FEW[0].make()
    cells = resources(unit, ["ecp5", "ice40", "xilinx"], dsp=False)
    assert (first.ecp5, first.ice40, first.xilinx) == (
        cells["ecp5"].area, cells["ice40"].area, cells["xilinx"].lut_count)
    assert (first.ffs, first.latency, first.cycles) == (cells["ecp5"].ffs, unit.latency, 1)
    assert (second.ice40, second.xilinx, second.um2) == (None, None, None)
    assert third.cycles == 2
    assert third.area_cycles == 2 * third.ecp5


def test_a_share_of_what_is_measured(monkeypatch):
    whole = Resources(luts={"LUT4": 160}, ffs=320, dsps=16, area=160)
    monkeypatch.setattr("gen.atlas.measure.resources",
                        lambda made, families, **_: dict.fromkeys(families, whole))
    found = measure([entry for entry, *_ in OTHERS], lambda _: None, clocks=False)
    for each, (entry, share, cycles) in zip(found, OTHERS, strict=True):
        assert (each.name, each.rows, each.cycles) == (entry.name, share, cycles)
        assert (each.ecp5, each.ice40, each.ffs, each.dsps) == (
            160 / share, 160 / share, 320 / share, 16 / share)
        assert each.latency == entry.make().latency > 0
        assert each.note


@pytest.mark.full
def test_others_are_measured():
    found = measure([entry for entry, *_ in OTHERS], lambda _: None, clocks=False)
    for each, (entry, share, _) in zip(found, OTHERS, strict=True):
        cells = resources(entry.make(), ["ecp5"], dsp=False)["ecp5"]
        assert (each.ecp5 * share, each.ffs * share) == (cells.area, cells.ffs)
        assert each.ecp5 > 0


@pytest.mark.full
def test_a_clock_is_measured():
    (found,) = measure([KindEntry(*CLOCKED[1])], lambda _: None)
    assert found.mhz > 50


def test_claims():
    pair = Name("parallel", "int8", "int4"), Name("lut", "int8", "int4")
    claims = [Claim((pair,), "area", ratio, "a paper") for ratio in (1.0, 2.0, 1.5)]
    rows = [row(*pair[0], 150), row(*pair[1], 100)]
    assert [(each.found, each.verdict) for each in findings(rows, claims)] == [
        (1.5, "yes"), (1.5, "direction"), (1.5, "yes")]
    slower = [row(*pair[0], 150), row(*pair[1], 100, cycles=4)]
    worse = [Claim((pair,), "area_cycles", 2.0, "a paper")]
    assert [(each.found, each.verdict) for each in findings(slower, worse)] == [(0.375, "no")]
    assert findings(rows[:1], claims) == []


def test_claims_of_clocks_and_multipliers():
    pair = Name("accumulate", "int8", "int8"), Name("carry_save", "int8", "int8")
    clocked = [row(*pair[0], 300, mhz=100, dsps=4), row(*pair[1], 400, mhz=200, dsps=1)]
    claims = [Claim((pair,), figure, 1.2, "a paper") for figure in (
        "period", "area_period", "dsps")]
    assert [each.found for each in findings(clocked, claims)] == [2.0, 1.5, 4.0]
    unclocked = [row(*pair[0], 300), row(*pair[1], 400, mhz=200)]
    assert findings(unclocked, claims) == []  # a figure that is missing, or zero


def test_one_element_in_place_of_several():
    """Each as quick as the one: 8 a cycle in four is 2 there."""
    pairs = tuple((Name("exact", form, form), Name("multi_precision", form, form))
                  for form in ("e2m1", "int8"))
    rows = [row(*pairs[0][0], 80), row(*pairs[1][0], 160),
            row(*pairs[0][1], 50, cycles=4), row(*pairs[1][1], 50, cycles=8)]
    claim = Claim(pairs, "area_cycles", 0.5, "a paper")
    (found,) = findings(rows, [claim])
    assert (found.found, found.verdict) == (80 / 200 + 160 / 400, "yes")
    assert (found.numerator, found.denominator) == ("exact e2m1, int8",
                                                    "multi_precision e2m1, int8")
    assert findings(rows[:-1], [claim]) == []


def test_conclusions():
    rows = [row("bit_weight", "int4", "int4", 400), row("table", "e2m1", "e2m1", 800),
            row("exact", "e2m1", "e2m1", 900), row("parallel", "int8", "int4", 1000),
            row("serial_lut", "int8", "int4", 200, cycles=4),
            row("grouped", "int8", "constant int4", 100), row("parallel", "int8", "int8", 2000),
            row("parallel 2:4", "int8", "int8", 1500)]
    assert conclusions(rows) == [
        "e2m1 against int4: does not pay, 2.00 times the area x cycles (table 800, bit_weight "
        "400)",
        "look-up with weights int4: pays, 0.80 times the area x cycles (serial_lut 800, parallel "
        "1,000)",
        "serial with weights int4: pays, 0.80 times the area x cycles (serial_lut 800, parallel "
        "1,000)",
        "constant weights int4: pays, 0.12 times the area x cycles (grouped 100, serial_lut 800)",
        "2:4 of int8 x int8: pays, 0.75 times the area x cycles (parallel 2:4 1,500, parallel "
        "2,000)"]


def test_files(tmp_path, monkeypatch, capsys):
    """The command writes table, JSON and picture, and prints the same twice."""
    monkeypatch.setattr(listed, "PAIRS", (("bipolar", "bipolar"),))
    monkeypatch.setattr(listed, "PE_KINDS", {"binary": PE_KINDS["binary"]})
    for more in ("special_entries", "constant_entries"):
        monkeypatch.setattr(listed, more, lambda: ())
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
    assert b"| binary | `bipolar` | `bipolar` | 1 | 1 |" in texts[0]["atlas.md"]


def test_report():
    rows = [row("parallel", "int8", "int4", 1500.0, mhz=123.44), row("lut", "int8", "int4", 700)]
    text = markdown(rows)
    assert "| parallel | `int8` | `int4` | 1 | 1 | 3 | 1,500 |" in text
    assert "123.4 |  |" in text
    assert as_dict(rows)["rows"][1]["area_cycles"] == 700
    assert msgspec.json.encode(as_dict(rows))
    assert picture(rows) == picture(rows)
    assert "parallel" in picture(rows)
