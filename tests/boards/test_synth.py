"""``synth.json`` of small build folders: figures, fit, clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from amaranth.lib import wiring

import boards.flows
import boards.place
import boards.synth
import boards.yosys
from boards.devices import device
from boards.figures import Resources
from boards.synth import SynthVerdict, fits, synth
from sw_model.faults import InputFault, Verdict
from tests.boards.designs import Hierarchy, Roms

Rtl = Callable[[wiring.Component], Path]


@pytest.fixture
def build(rtl: Rtl, tmp_path: Path) -> Callable[[wiring.Component], Path]:
    """A build folder, as far as synthesis looks at one."""
    def make(component: wiring.Component) -> Path:
        rtl(component).parent.rename(tmp_path / "rtl")
        (tmp_path / "manifest.json").write_text(json.dumps({
            "schema": 1, "name": "tiny", "top": "top", "verilog": "rtl/top.v", "clock": "clk",
            "reset": "rst", "streams": [], "files": {}}))
        return tmp_path
    return make


def saved(folder: Path) -> dict[str, Any]:
    """What is in ``synth.json``."""
    found: dict[str, Any] = json.loads((folder / "synth.json").read_text())
    return found


def lasting(report: dict[str, Any]) -> dict[str, Any]:
    """The part of a report that is the same with and without the cache."""
    plain = {key: value for key, value in report.items() if key != "cached"}
    if plain["placement"]:
        plain["placement"] = {k: v for k, v in plain["placement"].items() if k != "cached"}
    return plain


def test_ecp5_is_placed(build: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build(Hierarchy())
    told: list[str] = []
    report = synth(folder, device="ecp5-25k", place=True, clock_mhz=50, progress=told.append)

    assert saved(folder) == lasting(report)
    assert report["fits"] is True
    assert report["verdict"] is None
    assert report["uses"]["dsps"] == {"used": 1, "available": 28}
    assert report["uses"]["block_rams"] == {"used": 1, "available": 56}
    assert set(report["tools"]) == {"yosys", "nextpnr"}
    placed = report["placement"]
    assert placed["met"] is True
    assert 50 < placed["clocks"]["clk"] < 500
    # nextpnr sees the design and the shim, and nothing else.
    assert placed["utilisation"]["MULT18X18D"]["used"] == 1
    assert placed["utilisation"]["TRELLIS_FF"]["used"] == (report["total"]["ffs"]
                                                           + placed["shim"]["ffs"])
    assert placed["critical"]["ns"] == pytest.approx(1000 / placed["clocks"]["clk"], abs=0.01)
    assert {"yosys: mapping LUTs", "nextpnr: placing", "nextpnr: routing"} <= set(told)
    assert (folder / "synth" / "nextpnr.log").read_text().count("Router") > 0

    # Once more: nextpnr is not started, the answer is the same.
    monkeypatch.setattr(boards.place, "run", None)
    again = synth(folder, device="ecp5-25k", place=True, clock_mhz=50)
    assert again["placement"]["cached"]
    assert lasting(again) == lasting(report)


def test_ice40_misses_an_impossible_clock(build: Callable) -> None:
    folder = build(Roms())
    with pytest.raises(SynthVerdict, match=r"^tiny on ice40-up5k: clk reaches [\d.]+ MHz of "
                       r"400 MHz, from \S+ to \S+ \(log: \S+nextpnr\.log\)$") as caught:
        synth(folder, device="ice40-up5k", place=True, clock_mhz=400)
    assert caught.value.report["verdict"] == str(caught.value)
    assert saved(folder) == lasting(caught.value.report)
    placed = saved(folder)["placement"]
    assert placed["met"] is False
    assert placed["utilisation"]["ICESTORM_RAM"]["used"] == 5


def test_what_does_not_fit_is_a_verdict(build: Callable) -> None:
    folder = build(Roms(4))
    with pytest.raises(SynthVerdict, match=r"^tiny does not fit ice40-hx1k: block RAM: 20 of 16 "
                       r"\(modules in synth\.json\)$") as caught:
        synth(folder, device="ice40-hx1k", place=True)
    assert caught.value.exit_code == 1
    assert saved(folder)["fits"] is False
    assert saved(folder)["placement"] is None
    assert saved(folder)["uses"]["block_rams"] == {"used": 20, "available": 16}


def test_nextpnr_says_what_ran_out(build: Callable, tmp_path: Path) -> None:
    """Without the check beforehand, the line comes from nextpnr's own log."""
    folder = build(Roms(4))
    figures = boards.yosys.synthesise(folder / "rtl" / "top.v", "top", "ice40",
                                      options=boards.yosys.Options(dsp=False, variant="hx"))
    with pytest.raises(Verdict, match=r"could not place the design on ice40-hx1k: "
                       r"ran out of block RAM: 20 of 16 \(log: "):
        boards.place.place(Path(figures.netlist), device("ice40-hx1k"), 50, work=tmp_path / "w")


def test_a_family_has_no_limits(build: Callable) -> None:
    report = synth(build(Roms()), device="ecp5")
    assert (report["device"], report["fits"], report["uses"]) == (None, None, {})
    assert report["total"]["block_rams"] == 1


def test_faults(build: Callable, tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"manifest\.json: cannot be read \(No such file or "
                       r"directory\); a build folder is made by `gatemill build`$"):
        synth(tmp_path)
    folder = build(Roms())
    for arguments, message in [
            ({"device": "ecp5-86k"}, r"^no device 'ecp5-86k'; did you mean ecp5-85k\?"),
            ({"device": "xilinx-xc7a35t", "place": True},
             "^without a board, designs are placed on ecp5 and ice40 only, not on xilinx$"),
            ({"device": "ice40", "place": True}, "^placing needs a device, not the family ice40"),
            ({"clock_mhz": 0}, "^the clock must be above 0 MHz, not 0$")]:
        with pytest.raises(InputFault, match=message):
            synth(folder, **arguments)
    (folder / "manifest.json").write_text('{"name": "x", "top": 3}')
    with pytest.raises(InputFault, match=r"manifest\.json: Expected `str`, got `int`"):
        synth(folder)
    assert not (folder / "synth.json").exists()


def test_the_clock_reaches_the_mapper(build: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[boards.yosys.Options] = []

    def synthesise(*arguments: object, options: boards.yosys.Options, **more: object) -> None:
        asked.append(options)
        raise Verdict("enough")

    monkeypatch.setattr(boards.synth, "synthesise", synthesise)
    folder = build(Roms())
    for clock, device_name in ((50, "ecp5-85k"), (12, "ice40-up5k"), (200, "ice40-hx8k")):
        with pytest.raises(Verdict, match="enough"):
            synth(folder, device=device_name, clock_mhz=clock)
    # Half a period; DSP blocks where there are any.
    assert [(o.delay_ps, o.dsp, o.variant) for o in asked] == [
        (10_000, True, ""), (41_667, True, "u"), (2_500, False, "hx")]
    assert "scratchpad -set abc9.D 2500" in boards.flows.commands("ice40", "top", asked[-1])


def test_what_counts_as_used() -> None:
    total = Resources(luts={"LUT4": 10}, carry=3, ffs=40, dsps=1.5, lut_rams=6, area=16)
    on_ecp5 = fits(total, device("ecp5-12k"))
    assert (on_ecp5["luts"].used, on_ecp5["dsps"].used) == (22, 2)
    # A logic cell of iCE40 holds a LUT, a carry and a flip-flop.
    assert fits(total, device("ice40-hx1k"))["luts"].used == 40
