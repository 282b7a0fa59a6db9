"""Claims are judged on their technology, by their kind; what the others say stands beside."""

from __future__ import annotations

import pytest

from gen.atlas.claims import CLAIMS, Claim, findings
from gen.atlas.entries import CLOCKED, entries
from gen.atlas.entry import Name
from gen.atlas.figures import FIGURES, TECHNOLOGIES
from gen.atlas.judgement import AtLeast, Equal, Wins, Within
from tests.support.atlas_rows import row

PAIR = Name("parallel", "int8", "int4"), Name("lut", "int8", "int4")
ACCUMULATORS = Name("accumulate", "int8", "int8"), Name("carry_save", "int8", "int8")


def claim(says, figure="area", technology="um2", *, pairs=(PAIR,), unlike=""):
    return Claim(tuple(pairs), figure, says, technology, "a paper", unlike)


def test_claims_are_of_entries():
    by_name = {entry.name: entry for entry in entries()}
    for each in CLAIMS:
        assert each.figure in FIGURES
        assert each.technology in TECHNOLOGIES
        names = {name for pair in each.pairs for name in pair}
        assert names <= set(by_name)
        family = {"um2": "ihp"}.get(each.technology, each.technology.lower())
        assert all(family in by_name[name].families for name in names)
        if each.figure == "area" and any(by_name[one].cycles != by_name[other].cycles
                                         for one, other in each.pairs):
            assert "in more cycles" in each.source or each.unlike
        if "period" in each.figure:
            assert names <= set(CLOCKED)


@pytest.mark.parametrize(("technology", "verdict"), [
    ("ECP5", "yes"), ("iCE40", "yes"), ("Xilinx", "yes"), ("um2", "less")])
def test_judged_on_its_technology(technology, verdict):
    """Three times the LUTs, 1.2 times the area: the one does not speak for the other."""
    rows = [row(*PAIR[0], 300, um2=1200), row(*PAIR[1], 100, um2=1000)]
    (found,) = findings(rows, [claim(AtLeast(2), technology=technology)])
    assert (found.technology, found.verdict) == (technology, verdict)
    assert found.found == {"ECP5": 3.0, "iCE40": 3.0, "Xilinx": 3.0, "um2": 1.2}
    assert (found.numerator, found.denominator) == ("parallel int8 int4", "lut int8 int4")


@pytest.mark.parametrize(("says", "area", "verdict"), [
    (Wins(), 101, "yes"), (Wins(), 82, "no"), (Equal(0.25), 125, "yes"), (Equal(0.25), 126, "no"),
    (Equal(0.25), 79, "no"), (Within(1.5, 2.8), 280, "yes"), (Within(1.5, 2.8), 900, "more"),
    (AtLeast(1.3), 130, "yes"), (AtLeast(1.3), 129, "less")])
def test_judged_by_its_kind(says, area, verdict):
    rows = [row(*PAIR[0], 1, um2=area), row(*PAIR[1], 1, um2=100)]
    (found,) = findings(rows, [claim(says)])
    assert (found.claimed, found.verdict) == (str(says), verdict)


def test_what_is_not_comparable_is_not_judged():
    rows = [row(*PAIR[0], 150), row(*PAIR[1], 100)]
    (found,) = findings(rows, [claim(Wins(), technology="ECP5", unlike="it is of CPUs")])
    assert found.found["ECP5"] == 1.5
    assert found.verdict == "not comparable: it is of CPUs"


def test_what_was_not_measured():
    """No library, an entry that is missing, a figure of zero: nothing is said."""
    rows = [row(*PAIR[0], 150), row(*PAIR[1], 100)]
    assert findings(rows, [claim(Wins())]) == []
    assert findings(rows[:1], [claim(Wins(), technology="ECP5")]) == []
    assert findings(rows, [claim(Wins(), "DSP blocks", "ECP5")]) == []
    assert findings(rows, [claim(Wins(), "period", "ECP5")]) == []


def test_cycles_count():
    rows = [row(*PAIR[0], 150), row(*PAIR[1], 100, cycles=4)]
    found = findings(rows, [claim(Wins(), figure, "ECP5") for figure in (
        "area", "area x cycles", "cycles")])
    assert [each.found["ECP5"] for each in found] == [1.5, 0.375, 0.25]


def test_clocks_go_with_the_area_of_their_netlist():
    """A netlist that is mapped for its clock is larger: that is the area which counts."""
    rows = [row(*ACCUMULATORS[0], 300, mhz=100, ecp5_at_mhz=600, ps=2000, um2_at_ps=90, um2=80),
            row(*ACCUMULATORS[1], 400, mhz=200, ecp5_at_mhz=400, ps=1000, um2_at_ps=100, um2=90)]
    found = findings(rows, [claim(AtLeast(1.27), figure, pairs=[ACCUMULATORS])
                            for figure in ("period", "area x period")])
    assert [each.found for each in found] == [{"ECP5": 2.0, "um2": 2.0}, {"ECP5": 3.0, "um2": 1.8}]


def test_dsp_blocks_of_each_family():
    rows = [row(*PAIR[0], 9, dsps=4, ice40_dsps=0, xilinx_dsps=6),
            row(*PAIR[1], 9, dsps=1, ice40_dsps=0, xilinx_dsps=3)]
    (found,) = findings(rows, [claim(AtLeast(2), "DSP blocks", "Xilinx")])
    assert (found.found, found.verdict) == ({"ECP5": 4.0, "Xilinx": 2.0}, "yes")


def test_one_element_in_place_of_several():
    """Each as quick as the one: 8 a cycle in four is 2 there."""
    pairs = tuple((Name("exact", form, form), Name("multi_precision", form, form))
                  for form in ("e2m1", "int8"))
    rows = [row(*pairs[0][0], 80), row(*pairs[1][0], 160),
            row(*pairs[0][1], 50, cycles=4), row(*pairs[1][1], 50, cycles=8)]
    several = claim(Within(0.5, 1), "area x cycles", "ECP5", pairs=pairs)
    (found,) = findings(rows, [several])
    assert found.found["ECP5"] == 80 / 200 + 160 / 400
    assert (found.numerator, found.denominator) == ("exact e2m1, int8",
                                                    "multi_precision e2m1, int8")
    assert findings(rows[:-1], [several]) == []
