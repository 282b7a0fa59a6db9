"""``gatemill inspect``: the ranges that can be reached."""

from __future__ import annotations

import json

import pytest

from gen.cli import main
from tests.support.checkout import ROOT

MODEL = str(ROOT / "examples" / "digits" / "digits.onnx")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("inspect") / "digits"
    assert main(["build", MODEL, "-o", str(out), "--device", "ice40-up5k", "--rate", "1000"]) == 0
    return out


def test_ranges_are_those_that_were_proven(built, capsys):
    """Of a model as of its build; a format holds more."""
    proven = {record["layer"]: record["range"]
              for record in json.loads((built / "proof.json").read_text())}
    assert set(proven) == {"fc1", "fc2"}
    for source in (MODEL, str(built)):
        assert main(["inspect", source, "--json"]) == 0
        layers = {layer["name"]: layer for layer in json.loads(capsys.readouterr().out)["layers"]}
        assert {name: layers[name]["range"] for name in proven} == proven
        assert layers["fc1"]["format"] == "int11"
        assert -1024 < layers["fc1"]["range"][0] < 0 < layers["fc1"]["range"][1] < 1023
        assert layers["fc3_real"]["range"] is None
