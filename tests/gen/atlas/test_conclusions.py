"""Conclusions follow from rows, on each technology for itself."""

from __future__ import annotations

import msgspec
import pytest

from gen.atlas.conclusions import comparisons, conclusions
from tests.support.atlas_rows import row

ROWS = [row("bit_weight", "int4", "int4", 400, um2=500), row("parallel", "int4", "int4", 500,
                                                             um2=400),
        row("table", "e2m1", "e2m1", 800, xilinx=420, um2=300),
        row("exact", "e2m1", "e2m1", 900, xilinx=390)]


def of(what, rows):
    return next(each for each in comparisons(rows) if each.what == what)


def test_the_best_on_each_technology():
    """What is best on one is not on another, and the answer may be the opposite."""
    found = of("e2m1 for int4", ROWS)
    assert found.ratios == {"ECP5": 2.0, "iCE40": 2.0, "Xilinx": 390 / 400, "um2": 0.75}
    assert found.kinds == {"ECP5": ("table", "bit_weight"), "iCE40": ("table", "bit_weight"),
                           "Xilinx": ("exact", "bit_weight"), "um2": ("table", "parallel")}
    assert conclusions(ROWS) == [
        "**A float instead of an integer of as many bits** pays on Xilinx for e2m1 for int4 "
        "(0.97); on um2 for e2m1 for int4 (0.75); not on ECP5 (e2m1 for int4 comes nearest, 2.00), "
        "iCE40 (e2m1 for int4 comes nearest, 2.00)."]


@pytest.mark.parametrize(("areas", "words"), [
    ({}, "pays nowhere: ECP5 (e2m1 for int4 comes nearest, 2.00), iCE40 (e2m1 for int4 comes "
         "nearest, 2.00), Xilinx (e2m1 for int4 comes nearest, 2.00)."),
    ({"ecp5": 100, "ice40": 199.5, "xilinx": 180},
     "pays on ECP5 for e2m1 for int4 (0.50); on Xilinx for e2m1 for int4 (0.90); not on iCE40 "
     "(e2m1 for int4 comes nearest, 1.00)."),
    ({"ecp5": 100, "ice40": 100, "xilinx": 100},
     "pays on ECP5 for e2m1 for int4 (0.50); on iCE40 for e2m1 for int4 (0.50); on Xilinx for "
     "e2m1 for int4 (0.50).")])
def test_in_words_where_it_pays(areas, words):
    rows = [row("parallel", "int4", "int4", 200), row("exact", "e2m1", "e2m1", 400)]
    rows[1] = msgspec.structs.replace(rows[1], **areas)
    assert conclusions(rows) == [f"**A float instead of an integer of as many bits** {words}"]


@pytest.mark.parametrize(("question", "ours", "theirs", "ratio"), [
    ("Look-up instead of multipliers", "lut", "parallel", 0.5),
    ("Look-up instead of multipliers", "serial_lut", "exact", 2.0),
    ("Look-up instead of anything else", "weight_table", "bit_weight", 2.0),
    ("Serial instead of a dot product a cycle", "booth", "bit_weight", 2.0),
    ("Serial where a dot product need not come every cycle, by area,", "booth", "bit_weight", 0.5),
])
def test_questions(question, ours, theirs, ratio):
    serial = ours != "lut"
    rows = [row(f"{ours} rows", "int8", "int4", 100, cycles=4 if serial else 1),
            row(theirs, "int8", "int4", 200)]
    (found,) = (each for each in comparisons(rows) if each.question == question)
    assert (found.what, found.ratios["ECP5"]) == ("int8 x int4", ratio)
    assert found.kinds["ECP5"] == (f"{ours} rows", theirs)


def test_serial_look_up_is_not_the_other_side():
    """Serial look-up is of either sort: it is never what a serial element is compared with."""
    rows = [row("serial_lut", "int8", "int4", 100, cycles=4),
            row("booth", "int8", "int4", 150, cycles=2), row("lut", "int8", "int4", 500)]
    (found,) = (each for each in comparisons(rows) if each.question.startswith("Serial instead"))
    assert found.kinds["ECP5"] == ("booth", "lut")


def test_bits_of_one_bit_are_not_serial():
    """Nor is what takes a few pairs at a time on the other side, a dot product a cycle."""
    rows = [row("serial_lut tile", "int8", "bipolar", 50), row("parallel", "int8", "bipolar", 200),
            row("activation_serial", "int8", "bipolar", 100, cycles=8),
            row("multi_precision", "int8", "bipolar", 10, cycles=8)]
    (found,) = (each for each in comparisons(rows) if each.question.startswith("Serial instead"))
    assert found.kinds["ECP5"] == ("activation_serial", "serial_lut tile")


def test_constants_and_sparsity():
    rows = [row("grouped", "int8", "constant int4", 100, cycles=8),
            row("bit_weight", "int8", "int4", 1000), row("parallel", "int8", "int8", 2000),
            row("parallel 2:4", "int8", "int8", 1500), row("parallel 2:4, dense", "int8", "int8",
                                                            1)]
    assert of("int4", rows).ratios["ECP5"] == 0.8
    assert of("2:4 of int8 x int8", rows).ratios == {"ECP5": 0.75, "iCE40": 0.75, "Xilinx": 0.75}
    assert not any(each.what == "2:8 of int8 x int8" for each in comparisons(rows))


def test_dsp_blocks_are_no_logic():
    """An element of DSP blocks has few LUTs beside them, and no part in this."""
    rows = [row("lut", "int8", "int4", 100), row("parallel", "int8", "int4", 200),
            row("packed_ice40", "int8", "int4", 10, ecp5=None, xilinx=None, ice40_dsps=8)]
    (found,) = (each for each in comparisons(rows)
                if each.question == "Look-up instead of anything else")
    assert found.kinds["iCE40"] == ("lut", "parallel")
    assert comparisons([row("lut", "int8", "int4", 100)]) == []
    assert conclusions([]) == []
