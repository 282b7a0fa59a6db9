"""``gatemill build``: what it says of a design beside that it is there."""

from __future__ import annotations

import json

from gen.cli import main
from tests.support.checkout import ROOT
from verif.manifest import Manifest, changed_files

MAC_ARRAY = str(ROOT / "examples" / "specs" / "mac_array.yaml")
TWO_LAYERS = str(ROOT / "examples" / "specs" / "two_layers.yaml")


def test_what_cannot_fit_is_told_and_written(tmp_path, capsys):
    call = ["build", MAC_ARRAY, "-o", str(out := tmp_path / "out"), "--device", "ecp5-12k"]
    assert main(call) == 1
    last = "estimated 64 of 28 DSPs: does not fit ecp5-12k"
    assert capsys.readouterr().out.splitlines()[-1] == last
    assert changed_files(out, Manifest.load(out)) == []
    assert main([*call, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["fits"] is False
    assert result["estimate"]["dsps"] == {"used": 64, "available": 28}
    assert result["remarks"] == [last]


def test_what_fits_is_told_for_machines_alone(tmp_path, capsys):
    call = ["build", TWO_LAYERS, "-o", str(tmp_path / "out")]
    assert main(call) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main([*call, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["fits"], result["remarks"]) == (True, [])


def test_one_of_a_sweep_that_cannot_fit(tmp_path, capsys):
    (path := tmp_path / "sweep.yaml").write_text("""
units:
- {unit: argmax, params: {length: 3, source: int4}}
- {unit: dense, params: {inputs: 8, outputs: 8, activations: int8, weights: int8, rows: 8,
                         lanes: 8}}
target: {device: ecp5-12k}
""")
    assert main(["build", str(path), "-o", str(tmp_path / "out"), "--json"]) == 1
    designs = json.loads(capsys.readouterr().out)["designs"]
    assert [design["fits"] for design in designs] == [True, False]
    assert designs[1]["remarks"] == ["estimated 64 of 28 DSPs: does not fit ecp5-12k"]


def test_a_spec_that_cannot_fit_is_told_before(tmp_path, capsys):
    (path := tmp_path / "large.yaml").write_text("""
unit: dense
params: {inputs: 8, outputs: 8, activations: int8, weights: int8, rows: 8, lanes: 8}
target: {device: ecp5-12k}
""")
    assert main(["spec", str(path)]) == 0
    said = "estimated 64 of 28 DSPs: does not fit ecp5-12k"
    assert capsys.readouterr().out.splitlines()[-1] == f"  {said}"
    assert main(["spec", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["designs"][0]["misfit"] == said


def test_a_plan_of_another_network_is_told(tmp_path, capsys):
    assert main(["build", TWO_LAYERS, "-o", str(tmp_path / "out")]) == 0
    plan = tmp_path / "out" / "plan.json"
    (tmp_path / "plan.json").write_text(plan.read_text().replace('"two_layers"', '"other"', 1))
    capsys.readouterr()
    assert main(["build", TWO_LAYERS, "-o", str(tmp_path / "again"), "--plan",
                 str(tmp_path / "plan.json")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "the plan was made for the network other")
