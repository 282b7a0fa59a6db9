"""``gatemill report``: what a certificate's failure is called, and files that are broken."""

from __future__ import annotations

import json
import shutil

import msgspec
import pytest

from gen.cli import main
from gen.commands.report import verdict
from tests.support.checkout import ROOT
from verif.certificate import Certificate, file_digests
from verif.compare import Difference

TWO_LAYERS = str(ROOT / "examples" / "specs" / "two_layers.yaml")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A build with a certificate."""
    out = tmp_path_factory.mktemp("report") / "two"
    assert main(["build", TWO_LAYERS, "-o", str(out)]) == 0
    certificate = Certificate(passed=True, name="two_layers", gatemill="0", seed=1, samples=1,
                              given=1, files=file_digests(out))
    certificate.save(out)
    return out


@pytest.fixture
def folder(built, tmp_path):
    """A copy of it."""
    return shutil.copytree(built, tmp_path / "two")


DIFFERENCE = Difference(layer="hidden", operation="MatMul", tensor="hidden_acc", sample=0,
                        index=(0,), expected=1, seen=2)


@pytest.mark.parametrize(("found", "said"), [
    ({"passed": True}, "two_layers is bit for bit equal to the golden model"),
    ({"difference": DIFFERENCE, "faults": ("emulator: it hangs",), "changed": ("rtl/a.mem",)},
     "two_layers DIFFERS from the golden model: layer 'hidden'"),
    ({"faults": ("emulator: it hangs",), "changed": ("rtl/a.mem",)},
     "two_layers is NOT verified: emulator: it hangs"),
    ({"changed": ("rtl/a.mem", "rtl/b.mem")},
     "two_layers is NOT verified: not as the manifest says: rtl/a.mem, rtl/b.mem")])
def test_verdicts(folder, capsys, found, said):
    certificate = msgspec.structs.replace(Certificate.load(folder), **{"passed": False, **found})
    certificate.save(folder)
    assert main(["report", str(folder), "--brief"]) == 0
    assert capsys.readouterr().out == f"{said}; the report is {folder}/report.txt\n"
    assert f"\n  {said}\n" in (folder / "report.txt").read_text()


def test_verdicts_without_a_fresh_certificate():
    assert verdict({"name": "a", "certificate": None}) == "a is not verified"
    assert verdict({"name": "a", "certificate": {}, "stale": ["rtl/a.v"]}) == (
        "a: the certificate is stale (rtl/a.v)")


@pytest.mark.parametrize("name", ["synth.json", "proof.json", "certificate.json", "plan.json"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"\xff", None])
def test_broken_files(folder, capsys, name, content):
    """Each is a line of its own; an empty list of proofs is none, and no fault."""
    (folder / name).unlink(missing_ok=True)
    if content is None:
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content)
    code = main(["report", str(folder)])
    output = capsys.readouterr()
    if (name, content) == ("proof.json", b"[]"):
        assert code == 0
        return
    assert code == 2
    assert output.out == ""
    assert output.err.startswith(f"gatemill: error: {folder}/{name}: ")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("name", ["report.txt", "report.json"])
def test_a_report_that_cannot_be_written(folder, capsys, name):
    (folder / name).mkdir()
    assert main(["report", str(folder)]) == 2
    assert capsys.readouterr().err == (
        f"gatemill: error: {folder}/{name}: cannot be written (Is a directory)\n")


def test_figures_of_synthesis(folder, capsys):
    cells = {"luts": {"LUT4": 5}, "ffs": 3}
    (folder / "synth.json").write_text(json.dumps({
        "schema": 1, "device": "ecp5-25k", "target": "ecp5", "tools": {"yosys": "0.70"},
        "total": {**dict.fromkeys(("carry", "dsps", "block_rams"), 0), "area": 5, **cells},
        "modules": [], "uses": {"luts": {"used": 5, "available": 24288}}, "placement": None}))
    assert main(["report", str(folder)]) == 0
    assert "luts: 5 of 24,288\n" in capsys.readouterr().out
