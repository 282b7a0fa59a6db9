# amaranth: UnusedElaboratable=no
"""Figures of a component alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest

from boards import component, yosys
from boards.component import clock_depends_on, placement, resources, timing
from boards.devices import device
from boards.figures import Resources
from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.base import DotSpec
from hw.pe.carry_save import CarrySaveAccumulate
from sw_model.formats import IntFormat


def unit(kind, bits=24):
    return kind(DotSpec(IntFormat(8), IntFormat(8), 1), IntFormat(bits))


def test_cells_with_multipliers_and_without():
    assert resources(unit(MultiplyAccumulate), ["ecp5"])["ecp5"].dsps == 1
    assert resources(unit(MultiplyAccumulate), ["ecp5"], dsp=False)["ecp5"].dsps == 0


def test_carries_that_do_not_travel_make_the_path_shorter(data_dir):
    """A wide accumulator's carries are the plain element's path, and not the other's loop."""
    plain, saved = (timing(unit(kind, 32)) for kind in (MultiplyAccumulate, CarrySaveAccumulate))
    assert 0 < saved.ps < plain.ps
    assert plain.um2 > 0.8 * resources(unit(MultiplyAccumulate, 32), ["ihp"])["ihp"].area
    assert timing(unit(CarrySaveAccumulate, 32)) == saved


def test_other_commands_are_other_figures(monkeypatch, tmp_path):
    """Nothing is taken from the cache that other commands put there."""
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path))
    runs = []

    def fake(source, top, family, *, options):
        runs.append(family)
        return SimpleNamespace(total=Resources(ffs=len(runs)))

    monkeypatch.setattr(component, "synthesise", fake)
    ask = partial(component.resources_of, "module unit(); endmodule", "ecp5")
    assert [ask().ffs, ask().ffs, ask(dsp=False).ffs] == [1, 1, 2]
    flow = yosys.commands
    monkeypatch.setattr(yosys, "commands",
                        lambda *given, **more: [*flow(*given, **more), "opt"])
    assert [ask().ffs, ask().ffs] == [3, 3]


def test_what_a_clock_depends_on():
    chip = device("ecp5-25k")
    all_others = [clock_depends_on(other, clock_mhz, dsp=dsp) for other, clock_mhz, dsp in (
        (chip, 100.0, True), (chip, 100.0, False), (chip, 99.0, True),
        (replace(chip, nextpnr=("--85k",)), 100.0, True))]
    assert len({tuple(each) for each in all_others}) == 4


@pytest.mark.full
def test_clock():
    (mhz,) = placement(unit(MultiplyAccumulate), "ecp5-25k", 100.0, dsp=False).clocks.values()
    assert 20 < mhz < 500
