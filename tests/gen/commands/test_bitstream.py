"""``gatemill bitstream`` and ``program``, and that real bitstreams come out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from boards.flow import BitstreamVerdict
from boards.pack import find_packer
from boards.place import find_tool
from gen.cli import main
from tests.boards.stand_ins import calls, stand_in, tools_for_ice40
from tests.support.build_folders import lookup_folder
from tests.support.checkout import ROOT

DIGITS = ROOT / "examples" / "digits" / "digits.onnx"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Where these tests keep what Yosys makes; stand-ins are told apart by their folders."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def programs(tmp_path, cache, monkeypatch):
    """A folder on PATH with stand-ins for nextpnr, icepack and openFPGALoader."""
    (folder := tmp_path / "bin").mkdir()
    tools_for_ice40(folder)
    stand_in(folder, "openFPGALoader")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GATEMILL_CACHE", str(cache))
    find_tool.cache_clear()
    find_packer.cache_clear()
    yield folder
    find_tool.cache_clear()
    find_packer.cache_clear()


@pytest.fixture
def folder(tmp_path):
    return lookup_folder(tmp_path / "build")


def test_made_and_loaded(folder, programs, tmp_path, capsys):
    call = ["bitstream", str(folder), "--board", "icebreaker", "-o", str(tmp_path / "out")]
    assert main(call) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    report = json.loads((folder / "bitstream" / "bitstream.json").read_text())
    file = tmp_path / "out" / "build.bin"
    assert lines == [
        f"{report['name']} on icebreaker (ice40-up5k) at 12 MHz: clk reaches 40 MHz",
        "7 of 5280 ICESTORM_LC", f"build {report['identity']}", str(file)]
    assert file.read_bytes() == (folder / "bitstream" / report["file"]).read_bytes()
    assert report["link"] == {"shell": "uart", "baud": 1_000_000}
    # The register ID tells the same number, and so does what a host's programs are made with.
    identity = int(report["identity"], 16)
    assert identity
    assert len(report["software"]) == 3
    (module,) = (folder / "bitstream").glob("*_uart_registers.py")
    assert f"ID_VALUE = 0x{identity:032X}" in module.read_text()
    assert (folder / "bitstream" / module.name.replace("_registers.py", ".h")).is_file()

    assert main([*call, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {**report, "path": str(file)}
    assert report["changed"] == []

    assert main(["program", str(folder)]) == 0
    assert calls(programs, "openFPGALoader") == [
        ["--board", "ice40_generic", "--write-flash", report["file"]]]
    assert capsys.readouterr().out == (
        f"{folder / 'bitstream' / report['file']} is in the flash of icebreaker\n")
    assert main(["program", str(folder), "--sram", "--cable", "ft2232", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["flash"] is False
    assert calls(programs, "openFPGALoader")[1] == [
        "--board", "ice40_generic", "--cable", "ft2232", "--write-sram", report["file"]]


@pytest.mark.parametrize(("options", "message"), [
    (["--board", "icebraker"], "no board 'icebraker'; did you mean icebreaker? "),
    (["--board", "no.toml"], "no.toml: cannot be read (No such file or directory)"),
    (["--board", "icebreaker", "--clock", "5"], "no PLL of ice40-up5k makes 5 MHz"),
    (["--board", "icebreaker", "--baud", "7000000"], "12 MHz has no 7000000 baud"),
    (["--board", "icebreaker", "--shell", "usb"], "there is no shell 'usb', only uart, "),
    (["--board", "icebreaker", "--shell", "axi"],
     "the shell axi has a bus and no pins; for boards there are uart, "),
])
def test_faults_are_one_line(folder, programs, capsys, options, message):
    assert main(["bitstream", str(folder), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"gatemill: error: {message}")
    assert said.count("\n") == 1
    assert calls(programs, "nextpnr-ice40") == []


def test_a_board_without_the_pins(folder, programs, tmp_path, capsys):
    (path := tmp_path / "bare.toml").write_text(
        'device = "ice40-up5k"\nclock = {pin = "35", mhz = 12}\n')
    assert main(["bitstream", str(folder), "--board", str(path)]) == 2
    assert capsys.readouterr().err == "gatemill: error: bare has no pin for rx of the shell uart\n"


def test_what_was_changed_by_hand_is_told(folder, programs, monkeypatch, capsys):
    told = {}

    def make(*_, **options):
        told.update(options)
        raise BitstreamVerdict("no", {})

    monkeypatch.setattr("boards.flow.bitstream", make)
    (path := next((folder / "rtl").glob("*.v"))).write_text(path.read_text() + "\n")
    assert main(["bitstream", str(folder), "--board", "icebreaker"]) == 1
    assert told["changed"] == [f"rtl/{path.name}"]
    assert f"not as the manifest says: rtl/{path.name}\n" in capsys.readouterr().err


def test_a_missed_clock_is_exit_code_1(folder, programs, tmp_path, capsys):
    call = ["bitstream", str(folder), "--board", "icebreaker", "-o", str(tmp_path / "out")]
    assert main(call) == 0
    assert os.listdir(tmp_path / "out") == ["build.bin"]
    assert list((folder / "bitstream").glob("*_uart*"))
    capsys.readouterr()
    stand_in(programs, "nextpnr-ice40", says="ERROR: Failed to route\n", code=1)
    call += ["--seed", "2"]
    assert main(call) == 1
    # Nothing of the older one stays, the copy neither.
    assert os.listdir(tmp_path / "out") == []
    assert sorted(os.listdir(folder / "bitstream")) == [
        "bitstream.json", "nextpnr.log", "pack.log", "yosys.log"]
    assert capsys.readouterr().err.startswith(
        "gatemill: error: nextpnr could not place the design on ice40-up5k: Failed to route (log: ")
    assert main([*call, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"].startswith("nextpnr could not place")
    assert main(["program", str(folder)]) == 2
    assert "there is no bitstream; make one with `gatemill bitstream`" in capsys.readouterr().err


def test_a_build_for_a_board(tmp_path, capsys):
    (path := tmp_path / "unit.yaml").write_text("""
unit: dense
params: {inputs: 2, outputs: 1, activations: int8, weights: int8, rows: 1, lanes: 2}
""")
    call = ["build", str(path), "-o", str(tmp_path / "out"), "--json", "--board", "tang-nano-9k"]
    assert main(call) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["device"], result["clock_mhz"]) == ("gowin-gw1nr9", 27)
    assert main([*call, "--clock", "20"]) == 0
    assert json.loads(capsys.readouterr().out)["clock_mhz"] == 20
    assert main([*call, "--device", "ecp5-25k"]) == 2
    assert "--board and --device: give one of them" in capsys.readouterr().err


def made(tmp_path, capsys, model, board, *options):
    """Build and bitstream of a model by the wheels, and the report."""
    folder = tmp_path / "build"
    assert main(["build", str(model), "-o", str(folder), "--board", board, *options]) == 0
    capsys.readouterr()
    assert main(["bitstream", str(folder), "--board", board, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert Path(report["path"]).stat().st_size > 50_000
    assert min(report["clocks"].values()) >= report["clock_mhz"]
    return report


def test_digits_on_an_icebreaker(tmp_path, capsys):
    report = made(tmp_path, capsys, DIGITS, "icebreaker")
    assert (report["clock_mhz"], report["file"]) == (12, "digits.bin")
    assert report["utilisation"]["ICESTORM_LC"]["used"] < 5_280
    # The network alone, as the shell takes cells too.
    assert main(["synth", str(tmp_path / "build"), "--device", "ice40-up5k", "--json"]) == 0
    assert 1_000 < json.loads(capsys.readouterr().out)["uses"]["luts"]["used"] <= 3_000


def test_digits_on_an_orangecrab(tmp_path, capsys):
    report = made(tmp_path, capsys, DIGITS, "orangecrab-25f", "--rate", "1000")
    assert (report["clock_mhz"], report["file"]) == (48, "digits.bit")
    assert report["device"] == "ecp5-25k"


@pytest.mark.full
@pytest.mark.parametrize("board", ["tang-nano-9k", "tang-nano-20k", "tang-primer-25k",
                                   "crosslink-nx-evn", "icebreaker", "orangecrab-25f"])
def test_twice_the_same_bytes(tmp_path, capsys, monkeypatch, board):
    found = set()
    for run in ("first", "second"):
        monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / run / "cache"))
        options = [] if board == "icebreaker" else ["--rate", "1000"]
        report = made(tmp_path / run, capsys, DIGITS, board, *options)
        found.add((report["sha256"], report["identity"]))
    assert len(found) == 1


@pytest.mark.full
def test_ad01_on_a_ulx3s(tmp_path, capsys, data_dir):
    """In its smallest folding: a rate so low that one multiplier a layer will do."""
    model = data_dir / "models" / "mlperf_tiny" / "ad01_int8.tflite"
    report = made(tmp_path, capsys, model, "ulx3s-85f", "--rate", "1")
    assert report["clock_mhz"] == 25
