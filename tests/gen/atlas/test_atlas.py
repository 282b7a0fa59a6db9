"""The atlas: every kind in it, figures as the tools give them, and its files."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest

from boards.component import resources
from boards.figures import Resources
from gen.atlas import entries as listed
from gen.atlas.blocks import BLOCKS, BlockEntry
from gen.atlas.constants import ConstantEntry
from gen.atlas.entries import CLOCKED, ROWS, KindEntry, RowsEntry, entries
from gen.atlas.entry import FAMILIES, LANES, PAIRS
from gen.atlas.measure import measure
from gen.atlas.multipliers import ChainEntry
from gen.atlas.report import as_dict, markdown, picture
from gen.atlas.special import (
    AccumulateEntry,
    GroupDotEntry,
    LutTileEntry,
    PrecisionEntry,
    SherryEntry,
    SparseEntry,
    TernaryAccumulateEntry,
    WeightTableEntry,
)
from gen.cli import main
from hw.pe import CONSTANT_KINDS, PE_KINDS
from hw.pe.packing import PORTS
from sw_model.formats import parse_format
from sw_model.specs.precision import Precision
from tests.support.atlas_rows import row

FEW = (KindEntry("binary", "bipolar", "bipolar"), KindEntry("ternary_ecp5", "int8", "ternary"),
       KindEntry("serial_lut", "int2", "int2"))

#: The smallest of each other family: what is shared, and cycles.
OTHERS = (
    (RowsEntry("serial_lut rows", "int8", "bipolar"), ROWS, 1),
    (SherryEntry("sherry", "int4", "sherry"), 1, 1),
    (WeightTableEntry("weight_table", "int2", "int2"), 1, 2),
    (LutTileEntry("serial_lut tile", "int2", "int2"), 128, 2),
    (SparseEntry("parallel 2:8", "int4", "int4", "parallel", 2, 8), 1, 1),
    (AccumulateEntry("carry_save", "int4", "int4"), 1, LANES + 1),
    (GroupDotEntry("group_dot", "int4", "bitmod<3>", 3), 1, 8),
    (ConstantEntry("grouped", "int2", "constant ternary", "ternary"), 16, 2),
)


def test_everything_is_in_it():
    every = list(entries())
    names = {entry.name for entry in every}
    assert len(every) == len(set(every)) == len(names)
    plain = [entry for entry in every if isinstance(entry, KindEntry)]
    assert {entry.kind for entry in plain} == set(PE_KINDS)
    assert all(entry.make(entry.families[0]).spec.lanes == LANES for entry in plain)
    assert {(entry.activations, entry.weights) for entry in plain} == set(PAIRS)
    assert set(CLOCKED) <= names
    assert len(CLOCKED) <= 20


def test_a_clock_for_each_kind():
    """Its own, or that of the one which stands for it."""
    plain, clocked = ({name.kind.split()[0] for name in names}
                      for names in ((entry.name for entry in entries()), CLOCKED))
    others = [kind for kinds in CLOCKED.values() for kind in kinds]
    assert clocked.isdisjoint(others)
    assert len(set(others)) == len(others)
    assert clocked | set(others) == plain


def test_a_clock_for_each_family_of_formats():
    """Of elements; and one of blocks and one of sparse weights, which are made of them."""
    every, clocked = ({type(parse_format(text)) for pair in pairs for text in pair}
                      for pairs in (PAIRS, [name[1:] for name in CLOCKED
                                            if name[1:] in PAIRS]))
    assert clocked == every
    assert {"block_dot", "sherry", "parallel 2:4"} <= {name.kind for name in CLOCKED}


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
    assert {entry.weights for entry in every if isinstance(entry, LutTileEntry)} == {
        "bipolar", "int2", "int4", "int6"}
    assert found[WeightTableEntry] > 5
    assert found[AccumulateEntry] > 10
    assert found[TernaryAccumulateEntry] == 2
    assert found[GroupDotEntry] == 2
    assert found[ChainEntry] == 1
    assert found[BlockEntry] == len(BLOCKS)


def test_equal_work():
    """Cycles are as many as sixteen pairs take, whatever is taken at once."""
    cycles = {entry.name: entry.cycles for entry in entries()
              if not isinstance(entry, ConstantEntry)}
    assert cycles["parallel", "int8", "int4"] == cycles["packed rows", "int8", "int4"] == 1
    assert cycles["serial_lut", "int8", "int4"] == cycles["serial_lut rows", "int8", "int4"] == 4
    assert cycles["weight_table", "int8", "int4"] == 8
    assert cycles["accumulate", "int8", "int8"] == LANES + 1
    assert cycles["group_dot", "int8", "bitmod<3>"] == cycles["group_dot", "int8", "bitmod<4>"] == 8
    assert [cycles["multi_precision", form, form] for form in ("e2m1", "int8", "posit<16,1>")] \
        == [4, 8, 16]
    assert cycles["block_dot", "mxint8", "mxint8"] == 4
    assert [BlockEntry("block_dot", *pair).cycles for pair in (
        ("nvfp4", "nvfp4"), ("olive<int4>", "olive<int4>"), ("q8_0", "q4_k"))] == [
            8, 4, 8]  # runs of 16 elements; of any number; and a minimum is a sum of its own
    assert cycles["lut rows of 64", "int8", "int2"] == cycles["lut rows", "int8", "int2"] == 1
    assert cycles["sparse_encoded rows by 4", "int8", "int8"] == cycles[
        "sparse_encoded rows", "int8", "int8"]
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
    assert (first.xilinx_dsps, first.mhz, first.ps) == (None, None, None)
    assert (first.ice40_dsps, first.ice40_with_dsps) == (None, None)
    assert first.content == ""
    assert bool(third.content) == (third.um2 is not None)


def test_a_share_of_what_is_measured(monkeypatch):
    whole = Resources(luts={"LUT4": 160}, ffs=320, dsps=16, area=160)
    monkeypatch.setattr("gen.atlas.measure.resources_of", lambda *_, **__: whole)
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
    """With the area of the same netlist beside it, and on the library likewise."""
    (found,) = measure([KindEntry("binary", "bipolar", "bipolar")], lambda _: None)
    assert found.mhz > 50
    assert found.ecp5_at_mhz > 0
    assert (found.ps is None) == (found.um2 is None) == (found.um2_at_ps is None)


def test_each_family_has_its_own_multipliers():
    """Two int8 products fit a DSP block of Xilinx alone; wider ones of no family's."""
    by_name = {entry.name: entry for entry in entries()}
    for kind in ("packed", "packed rows"):
        assert by_name[kind, "int8", "int8"].families == ("xilinx",)
        assert by_name[kind, "int8", "int4"].families == FAMILIES
    whole = by_name["packed rows", "int8", "int2"]
    multipliers = {family: whole.make(family).multipliers for family in ("ecp5", "xilinx")}
    assert PORTS["xilinx"][0] > PORTS["ecp5"][0]
    assert multipliers["xilinx"] < multipliers["ecp5"]
    assert by_name["ternary_ecp5", "int8", "ternary"].families == ("ecp5",)


def test_what_is_of_one_family(monkeypatch):
    """Figures of the others are none; DSP blocks are those of its own."""
    whole = Resources(luts={"LUT4": 160}, ffs=320, dsps=8, area=160)
    asked = []

    def fake(text, family, *, dsp):
        asked.append((family, dsp))
        return whole

    monkeypatch.setattr("gen.atlas.measure.resources_of", fake)
    two, chain = measure([KindEntry("packed_ice40", "int8", "int8"),
                          ChainEntry("chain", "int8", "int8")],
                         lambda _: None, clocks=False)
    assert sorted(asked) == [("ice40", True), ("xilinx", True)]
    assert (two.ice40, two.ice40_with_dsps, two.ice40_dsps, two.ffs) == (None, 160, 8, 320)
    assert (two.ecp5, two.dsps, two.xilinx_dsps) == (None, None, None)
    assert (chain.xilinx, chain.xilinx_dsps, chain.ffs, chain.ice40, chain.rows) == (
        None, 4, 160, None, 2)


def test_what_is_made_for_dsp_blocks_is_not_measured_without(monkeypatch):
    whole = Resources(luts={"LUT4": 160}, ffs=320, dsps=8, area=160)
    asked = []

    def fake(text, family, *, dsp):
        asked.append((family, dsp))
        return whole

    monkeypatch.setattr("gen.atlas.measure.resources_of", fake)
    monkeypatch.setattr("gen.atlas.measure.find_library", lambda: None)
    by_name = {entry.name: entry for entry in entries()}
    packed, wide = measure([by_name["packed", "int8", "int4"], by_name["packed", "int8", "int8"]],
                           lambda _: None, clocks=False)
    assert sorted(asked) == sorted([
        ("ecp5", True), ("ice40", True), ("xilinx", True), ("xilinx", True)])
    assert (packed.ice40, packed.xilinx, packed.dsps, packed.ice40_dsps, packed.xilinx_dsps) == (
        None, None, 8, 8, 8)
    assert (wide.ecp5, wide.um2, wide.xilinx_with_dsps, wide.ffs) == (None, None, 160, 320)


def test_files(tmp_path, monkeypatch, capsys):
    """The command writes table, JSON and picture, and prints the same twice."""
    monkeypatch.setattr(listed, "PAIRS", (("bipolar", "bipolar"),))
    monkeypatch.setattr(listed, "PE_KINDS", {"binary": PE_KINDS["binary"]})
    for more in ("multiplier_entries", "special_entries", "block_entries", "constant_entries",
                 "papers_entries"):
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


@pytest.mark.parametrize("anew", [False, True])
def test_rows_that_are_shipped_are_known(anew, tmp_path, monkeypatch):
    known = []

    def fake(*_, **given):
        known.append(given["known"])
        return [row("binary", "bipolar", "bipolar", 30)]

    monkeypatch.setattr("gen.atlas.measure.measure", fake)
    monkeypatch.setattr("gen.atlas.record.recorded", lambda: {"all": "rows"})
    folder = ["-o", str(tmp_path / "atlas"), *(["--anew"] if anew else [])]
    assert main(["units", "--atlas", *folder]) == 0
    assert known == [{} if anew else {"all": "rows"}]


def test_claims_stand_beside_their_element():
    text = markdown([row("parallel", "int8", "int8", 3000, um2=1000.0),
                     row("lut rows of 64", "int8", "bipolar", 300, um2=500.0)])
    (line,) = [line for line in text.splitlines() if line.startswith("| lut rows of 64 |")]
    assert ("| LUT Tensor Core (arXiv 2408.06003): area 4.00 to 6.00, 2.00 on um2, less |"
            ) in line
    (line,) = [line for line in text.splitlines() if line.startswith("| parallel |")]
    assert "LUT" not in line


def test_report():
    rows = [row("parallel", "int8", "int4", 1500.0, um2=60000, mhz=123.44, ecp5_at_mhz=1600),
            row("serial_lut", "int8", "int4", 700, cycles=4),
            row("packed_ice40", "int8", "int4", 90, ecp5=None, xilinx=None)]
    text = markdown(rows)
    assert ("| parallel | `int8` | `int4` | 1 | 1 | 3 | 1,500 | 10 | 1,500 | 1,500 | 60,000 | "
            "1,500 | 1,500 | 1,500 | 60,000 | 0 | 1,500 |  |  |  |  | 123.4 | 1,600 |  |  |  |  |"
            ) in text
    assert "| 2,800 | 2,800 | 2,800 |  |" in text
    assert "| 1.87 (serial_lut / parallel) |" in text
    found = as_dict(rows)
    assert found["rows"][1]["area_cycles"] == {"ECP5": 2800, "iCE40": 2800, "Xilinx": 2800,
                                               "um2": None}
    assert found["comparisons"][0]["ratios"]["ECP5"] == 2800 / 1500
    assert all(line in text for line in found["conclusions"])
    assert msgspec.json.encode(found)
    assert picture(rows) == picture(rows)
    assert "parallel" in picture(rows)
    assert "packed_ice40" not in picture(rows)
