"""The calls about units and specs, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from gen.cli import main

SPECS = Path(__file__).resolve().parents[3] / "examples" / "specs"


def test_units_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["units"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("dense\n  Matrix-vector product: ")
    assert "\n  inputs          Columns of the matrix. [integer, at least 1 and at most " in text
    assert max(map(len, text.splitlines())) <= 100
    assert main(["units", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert ("threshold", "binary") in {(entry["unit"], entry["kind"]) for entry in listed}
    assert all({"unit", "kind", "parameters"} <= entry.keys() for entry in listed)


def test_a_unit_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "unit"
    call = ["unit", "argmax", "-p", "length=5", "-p", "source=int4", "--device", "ice40-up5k",
            "-o", str(out)]
    assert main([*call, "--no-verify", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["name"], result["device"], result["units"]) == ("argmax", "ice40-up5k", 1)
    assert not (out / "certificate.json").exists()
    assert (out / "rtl" / "argmax.v").is_file()


@pytest.mark.parametrize("passed", [True, False])
def test_a_unit_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: bool,
                            capsys: pytest.CaptureFixture[str]) -> None:
    certificate = SimpleNamespace(passed=passed, summary=lambda: "what was proven",
                                  as_dict=lambda: {"passed": passed})
    calls = []

    def verify(folder: Path, **options: object) -> SimpleNamespace:
        calls.append((folder, options["simulators"]))
        return certificate

    monkeypatch.setattr("verif.verify.verify", verify)
    call = ["unit", "argmax", "-p", "length=3", "-o", str(out := tmp_path / "unit"),
            "--simulator", "icarus"]
    assert main(call) == (0 if passed else 1)
    assert capsys.readouterr().out.splitlines()[-1] == "what was proven"
    assert main([*call, "--json"]) == (0 if passed else 1)
    assert json.loads(capsys.readouterr().out)["certificate"] == {"passed": passed}
    assert calls == [(out, ("icarus",))] * 2


def test_a_unit_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unit", "dense", "-p", "inputs=0", "-p", "row=3", "-o", str(tmp_path / "u")]) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[0] == "gatemill: error: unit dense: key 'outputs' is missing"
    assert error[1] == "-p inputs=0: inputs must be at least 1, not 0"
    assert error[2].startswith("-p row=3: unknown key 'row'; did you mean 'rows'? there are ")
    assert main(["unit", "densee", "-o", str(tmp_path / "u")]) == 2
    assert "no unit 'densee'; did you mean 'dense'?" in capsys.readouterr().err
    assert main(["unit", "argmax", "-p", "length", "-o", str(tmp_path / "u")]) == 2
    assert "-p length: must be key=value" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_spec_is_checked_and_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", str(SPECS / "folded_dense.yaml")]) == 0
    text = capsys.readouterr().out
    assert "folded_dense.yaml: no faults\nfolded_dense on ice40-up5k at 24 MHz: " in text
    assert "interval 40 cycles" in text
    assert "unit    dense_unit: dense, rows x lanes 3 x 5, for dense" in text
    assert main(["spec", str(SPECS / "two_layers.yaml"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    (design,) = result["designs"]
    assert (result["sweep"], design["name"], design["interval"]) == (False, "two_layers", 12)
    assert [unit["kind"] for unit in design["units"]] == ["dense", "multiply_add_shift", "dense"]


def test_a_spec_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path := tmp_path / "net.yaml").write_text("unit: argmax\nparms: {length: 3}\nname: 3\n")
    for call in (["spec", str(path)], ["build", str(path), "-o", str(tmp_path / "out")]):
        assert main(call) == 2
        assert capsys.readouterr().err == (
            f"gatemill: error: {path}:1: key 'length' in params is missing\n"
            f"{path}:2: unknown key 'parms'; did you mean 'params'? there are name, target, "
            "budget, verify, unit, params\n"
            f"{path}:3: name must be a string, not 3\n")
    assert not (tmp_path / "out").exists()


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Gatemill spec"
    assert main(["spec", "--schema", "x.yaml"]) == 2
    assert main(["spec"]) == 2
    assert "name a spec to check, or give --schema" in capsys.readouterr().err


def test_a_sweep_is_told_design_by_design(tmp_path: Path, capsys: pytest.CaptureFixture[str]
                                          ) -> None:
    (path := tmp_path / "sweep.yaml").write_text("""
units:
- {unit: argmax, params: {length: 3, source: int4}}
- {unit: table, params: {channels: 1, source: int2, target: int4}}
""")
    assert main(["build", str(path), "-o", str(out := tmp_path / "out"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["folder"] == str(out)
    assert [d["folder"] for d in result["designs"]] == [str(out / "argmax_1"), str(out / "table_1")]


def test_a_spec_s_simulators_are_verify_s_default(tmp_path: Path) -> None:
    from gen.commands.verify import default_simulators

    (path := tmp_path / "spec.yaml").write_text(
        "unit: argmax\nparams: {length: 3, source: int4}\nverify: {simulators: [icarus]}\n")
    assert main(["build", str(path), "-o", str(tmp_path / "out")]) == 0
    assert default_simulators(tmp_path / "out") == ["icarus"]
    (tmp_path / "out" / "verify.json").write_text("[]")
    assert main(["verify", str(tmp_path / "out")]) == 2
    (tmp_path / "out" / "verify.json").unlink()
    assert default_simulators(tmp_path / "out") == ["verilator"]
