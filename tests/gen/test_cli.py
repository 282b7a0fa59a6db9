"""The command: exit codes, one line for a user's fault, a traceback for ours."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys

import pytest
from rich.console import Console

from gen import cli
from gen.cli import main
from gen.commands import COMMANDS
from tests.support.checkout import ROOT

MODEL = str(ROOT / "examples" / "digits" / "digits.onnx")
IMAGES = str(ROOT / "examples" / "digits" / "test_images.npz")
TWO_LAYERS = str(ROOT / "examples" / "specs" / "two_layers.yaml")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A build of the example with two layers."""
    out = tmp_path_factory.mktemp("cli") / "two"
    assert main(["build", TWO_LAYERS, "-o", str(out), "--json"]) == 0
    return out


#: Arguments; exit code; what the one line on standard error says. OUT is a new folder, BUILD
#: a build, NONE a path where nothing is.
FAULTS = [
    ("bogus", 2, "No such command 'bogus'."),
    ("build", 2, "Missing argument 'source'."),
    (f"build {MODEL}", 2, "Missing option '-o' / '--out'."),
    ("build NONE.onnx -o OUT", 2, "cannot be read: No such file or directory"),
    ("build README.md -o OUT", 2, "README.md: not a model file that can be read; readable are"),
    (f"build {MODEL} -o OUT --device bogus", 2, "no device 'bogus'; there are ecp5-12k,"),
    (f"build {MODEL} -o OUT --clock 0", 2, "--clock: 0 MHz, but must be above 0"),
    (f"build {MODEL} -o OUT --clock x", 2, "Invalid value for '--clock': "),
    (f"build {MODEL} -o OUT --rate fast", 2, "--rate: 'fast', but must be a number above 0"),
    (f"build {MODEL} -o OUT --rate 1e99", 2, "'1e99', but must be a number above 0 and below 1e12"),
    (f"build {MODEL} -o OUT --rate 1e9", 1, "inferences a second need an interval of 0 cycles"),
    (f"build {MODEL} -o OUT --plan NONE", 2, "NONE: cannot be read (No such file"),
    (f"build {MODEL} -o OUT --plan README.md", 2, "README.md: not a plan: JSON is malformed"),
    (f"build {MODEL} -o OUT --rounding x", 2, "--rounding: TFLite has no rounding 'x'; there are"),
    (f"build {MODEL} -o OUT --rounding floor", 2,
     "no rounding 'floor'; there are tflite_double, tflite_single, float64_half_away"),
    (f"run {MODEL} --inputs {IMAGES} -o OUT --rounding exact_half_even", 2,
     "no rounding 'exact_half_even'; there are tflite_double, tflite_single, float64_half_away"),
    (f"build {MODEL} -o README.md", 2, "is there already and holds no manifest.json"),
    ("inspect NONE", 2, "NONE: cannot be read: No such file"),
    ("spec", 2, "name a spec to check, or give --schema"),
    ("spec NONE.yaml", 2, "NONE.yaml: cannot be read: No such file"),
    ("run BUILD --inputs NONE -o OUT", 2, "NONE: cannot be read (No such file or directory)"),
    ("run BUILD --inputs README.md -o OUT", 2, "README.md: not an .npz file of plain arrays"),
    (f"run BUILD --inputs {IMAGES} -o OUT", 2, "no array 'features' or 'in0'; there are image"),
    (f"run BUILD --inputs {IMAGES} -o OUT --engine x", 2, "--engine: unknown engine 'x'; there"),
    (f"run {MODEL} --inputs {IMAGES} -o OUT --engine rtl", 2, "--engine rtl needs a build folder"),
    (f"run {MODEL} --inputs {IMAGES} -o NONE/o.npz", 2, "o.npz: cannot be written (No such file"),
    ("verify NONE", 2, "NONE/manifest.json: cannot be read (No such file"),
    ("verify README.md", 2, "README.md/manifest.json: cannot be read (Not a directory)"),
    ("verify BUILD --samples 0", 2, "Invalid value for '--samples': "),
    ("verify BUILD --seed -1", 2, "Invalid value for '--seed': "),
    ("verify BUILD --simulator vcs", 2, "no simulator 'vcs'; there are verilator, icarus"),
    ("synth NONE", 2, "NONE/manifest.json: cannot be read (No such file"),
    ("synth BUILD --clock 0", 2, "--clock: 0 MHz, but must be above 0 and at most 2000"),
    ("synth BUILD --device bogus", 2, "no device 'bogus'; there are ecp5-12k,"),
    ("synth BUILD --device gowin --place", 2, "placed on ecp5 and ice40 only, not on gowin"),
    ("report NONE", 2, "a build folder is made by `gatemill build`"),
    ("unit bogus -o OUT", 2, "no unit 'bogus'; there are dense,"),
    ("unit argmax -o OUT --simulator vcs", 2, "no simulator 'vcs'; there are verilator, icarus"),
    ("fetch bogus", 2, "no model 'bogus'; there are ad01_int8,"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), FAULTS,
                         ids=[arguments.replace(str(ROOT), "") for arguments, _, _ in FAULTS])
def test_faults_of_the_user(arguments, code, said, built, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(ROOT / "README.md", "README.md")
    places = {"OUT": "out", "BUILD": str(built)}
    before = sorted(tmp_path.iterdir())
    assert main([places.get(word, word) for word in arguments.split()]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("gatemill: error: ")
    assert output.err.count("\n") == 1
    assert said in output.err
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"


def test_help_lists_every_call(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: gatemill ")
    for name in COMMANDS:
        assert f"\n  {name} " in text


def test_no_call_at_all(capsys):
    assert main([]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("Usage: gatemill ")
    assert "gatemill: error" not in output.err


def test_results_for_machines(built, capsys):
    assert main(["inspect", str(built), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unsupported"] == []


def test_a_fault_of_ours_leaves_a_traceback(capsys, monkeypatch):
    def broken():
        raise RuntimeError("a bolt is loose")
    monkeypatch.setattr("gen.catalogue.catalogue", broken)
    assert main(["units"]) == 70
    said = capsys.readouterr().err
    assert "RuntimeError: a bolt is loose" in said
    assert said.endswith("gatemill: this is a fault of Gatemill's; please report it\n")


def test_a_certificate_that_says_no(built, capsys, monkeypatch):
    from verif.certificate import Certificate
    failed = Certificate(passed=False, name="two", gatemill="0", seed=1, samples=1, given=1)
    monkeypatch.setattr("verif.verify.verify", lambda *_, **__: failed)
    assert main(["verify", str(built)]) == 1
    assert capsys.readouterr().out == "two: NOT verified\n"


def test_progress_on_a_terminal(monkeypatch):
    """What is being done, word for word, and how long it takes; nothing stays behind."""
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80, highlight=False)
    monkeypatch.setattr(cli, "_console", terminal)
    with cli.progress(False) as report:
        report("mapping [bold]")
    assert "mapping [bold]" in terminal.file.getvalue()
    assert "0:00:00" in terminal.file.getvalue()
    assert terminal.file.getvalue().endswith("\x1b[1A\x1b[2K")


@pytest.mark.parametrize(("quiet", "terminal"), [(True, True), (False, False)])
def test_no_progress_for_machines(quiet, terminal, monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=terminal)
    monkeypatch.setattr(cli, "_console", console)
    with cli.progress(quiet) as report:
        report("mapping")
    assert console.file.getvalue() == ""


def test_a_reader_that_has_enough():
    """``gatemill spec --schema | true`` ends without a word, and never as our fault."""
    writer = subprocess.Popen([sys.executable, "-m", "gen.cli", "spec", "--schema"], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdout.close()
    assert writer.stderr.read() == b""
    writer.stderr.close()
    assert writer.wait() in (0, 1)
