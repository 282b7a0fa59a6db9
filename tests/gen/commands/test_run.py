"""``gatemill run``: types of the outputs, and builds that were changed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from gen.cli import main
from tests.support.checkout import ROOT

MODEL = str(ROOT / "examples" / "digits" / "digits.onnx")
IMAGES = str(ROOT / "examples" / "digits" / "test_images.npz")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "digits"
    assert main(["build", MODEL, "-o", str(out), "--device", "ice40-up5k", "--rate", "1000"]) == 0
    return out


@pytest.fixture
def folder(built, tmp_path):
    """A copy of the build."""
    return shutil.copytree(built, tmp_path / "digits")


def outputs(source, path, *options):
    """Everything that is written for the test images."""
    assert main(["run", str(source), "--inputs", IMAGES, "-o", str(path), *options]) == 0
    with np.load(path) as file:
        return dict(file)


def test_codes_have_one_type(built, tmp_path, need):
    """Of the model's sums, however far the compiler narrows them."""
    need("verilator")
    found = [outputs(MODEL, tmp_path / "m.npz"), outputs(built, tmp_path / "b.npz"),
             outputs(built, tmp_path / "r.npz", "--engine", "rtl")]
    assert [set(arrays) for arrays in found] == [{"logits", "out0"}] * 3
    assert [arrays["logits"].dtype for arrays in found] == [np.dtype(np.int32)] * 3
    for arrays in found:
        np.testing.assert_array_equal(arrays["logits"], found[0]["logits"])


def test_reals_have_their_own_type(built, tmp_path):
    assert outputs(built, tmp_path / "b.npz", "--dequantise")["logits"].dtype == np.float32


def test_changed_files_are_told(folder, tmp_path, need, capsys):
    need("verilator")
    with (folder / "rtl" / "digits.v").open("a") as file:
        file.write("// mine\n")
    (folder / "proof.json").unlink()  # nothing is computed by it
    call = ["run", str(folder), "--inputs", IMAGES, "-o", str(tmp_path / "o.npz")]
    assert main([*call, "--engine", "rtl", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == "gatemill: warning: not as the manifest says: rtl/digits.v\n"
    assert json.loads(output.out)["changed"] == ["rtl/digits.v"]


def test_nothing_is_told_of_a_whole_build(built, tmp_path, capsys):
    call = ["run", str(built), "--inputs", IMAGES, "-o", str(tmp_path / "o.npz"), "--json"]
    assert main(call) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert json.loads(output.out)["changed"] == []


@pytest.mark.parametrize("call", ["inspect", "run"])
def test_a_broken_manifest(folder, call, tmp_path, capsys):
    (folder / "manifest.json").write_text('{"schema": 1}')
    more = ["--inputs", IMAGES, "-o", str(tmp_path / "o.npz")] if call == "run" else []
    assert main([call, str(folder), *more]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"gatemill: error: {folder}/manifest.json: ")
    assert said.count("\n") == 1
