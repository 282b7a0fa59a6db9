"""Files of the user's in a folder that is to be built anew."""

from __future__ import annotations

import pytest

from gen.cli import main
from gen.earlier import RESULTS
from tests.support.checkout import ROOT

SPEC = ROOT / "examples" / "specs" / "two_layers.yaml"


@pytest.fixture
def out(tmp_path):
    assert main(["build", str(SPEC), "-o", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


@pytest.mark.parametrize("name", ["notes.txt", "rtl/obj_dir/a.o", "imported/mine.npz"])
def test_they_stop_the_build(out, name, capsys):
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine")
    capsys.readouterr()
    assert main(["build", str(SPEC), "-o", str(out)]) == 2
    assert capsys.readouterr().err == (
        f"gatemill: error: {out}: holds {name} beside an earlier build, which would be lost; "
        "move them, or name another folder\n")
    assert (out / name).read_text() == "mine"


def test_links_and_many_files(out, capsys):
    for k in range(4):
        (out / f"{k}").symlink_to("nowhere")
    assert main(["build", str(SPEC), "-o", str(out)]) == 2
    assert "holds 0, 1, 2 and 1 more beside" in capsys.readouterr().err


def test_results_of_other_commands_go_with_their_build(out):
    for name in RESULTS:
        if name in ("bitstream", "synth"):
            (out / name).mkdir()
            (out / name / "yosys.log").write_text("a log")
        else:
            (out / name).write_text("a result")
    assert main(["build", str(SPEC), "-o", str(out)]) == 0
    assert not any((out / name).exists() for name in RESULTS)


def test_a_sweep(tmp_path, capsys):
    (path := tmp_path / "sweep.yaml").write_text(
        "units:\n- {unit: argmax, params: {length: 3, source: int4}}\n")
    call = ["build", str(path), "-o", str(tmp_path / "out")]
    assert main(call) == main(call) == 0
    for name in ("argmax_1/notes.txt", "zz"):
        (tmp_path / "out" / name).write_text("mine")
    assert main(call) == 2
    assert f"{tmp_path}/out: holds argmax_1/notes.txt, zz beside an earlier build" in (
        capsys.readouterr().err)
    assert (tmp_path / "out" / "zz").exists()
