"""``gatemill synth``: what it needs of a folder, and what it says of one that was changed."""

from __future__ import annotations

import json

import pytest

from gen.cli import main
from tests.support.build_folders import lookup_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A build folder without a plan."""
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / "cache"))
    return lookup_folder(tmp_path / "build")


def test_device_and_clock_stand_for_the_plan(folder, capsys):
    call = ["synth", str(folder), "--device", "ecp5-25k"]
    assert main([*call, "--clock", "20", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    result = json.loads(output.out)
    assert (result["device"], result["changed"]) == ("ecp5-25k", [])
    assert main(call) == 2
    assert capsys.readouterr().err == (
        f"gatemill: error: {folder}/plan.json: cannot be read (No such file or directory); "
        "without a plan, give --clock\n")
    assert main(["synth", str(folder)]) == 2
    assert "without a plan, give --device and --clock\n" in capsys.readouterr().err


def test_changed_files_are_told(folder, capsys):
    (folder / "rtl" / "first.mem").write_text("00\n" * 256)
    (folder / "vectors.npz").unlink()  # synthesis does not read it
    call = ["synth", str(folder), "--device", "ecp5-25k", "--clock", "20"]
    assert main(call) == 0
    warning = "gatemill: warning: not as the manifest says: rtl/first.mem\n"
    assert capsys.readouterr().err == warning
    assert main([*call, "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == warning
    assert json.loads(output.out)["changed"] == ["rtl/first.mem"]


def test_a_cache_that_cannot_be_written(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "cache").write_text("a file")
    assert main(["synth", str(folder), "--device", "ecp5-25k", "--clock", "20"]) == 2
    assert capsys.readouterr().err == (
        f"gatemill: error: {tmp_path}/cache/yosys: cannot be written (Not a directory); "
        "GATEMILL_CACHE names another cache\n")


def test_a_plan_without_dsp_blocks(tmp_path, monkeypatch, capsys):
    """Holds in synthesis, unless the command line says otherwise."""
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / "cache"))
    (path := tmp_path / "unit.yaml").write_text("""
unit: dense
params: {inputs: 2, outputs: 1, activations: int8, weights: int8, rows: 1, lanes: 2}
target: {device: ecp5-25k}
budget: {dsp: 0}
""")
    assert main(["build", str(path), "-o", str(out := tmp_path / "out")]) == 0
    capsys.readouterr()
    for options, dsps in ([], 0), (["--dsp"], 2), (["--no-dsp"], 0):
        assert main(["synth", str(out), *options, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["total"]["dsps"] == dsps


@pytest.mark.parametrize("name", ["synth", "synth.json"])
def test_a_folder_that_cannot_be_written(folder, name, capsys):
    if name == "synth":
        (folder / name).write_text("a file")
    else:
        (folder / name).mkdir()
    assert main(["synth", str(folder), "--device", "ecp5-25k", "--clock", "20"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"gatemill: error: {folder}/{name}: cannot be written (")
    assert said.count("\n") == 1
