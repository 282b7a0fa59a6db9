"""The folder as a whole: what is in it, that it can be moved, and what it cannot be made of."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import shutil

import pytest

from boards.handover import INDEX, KEY, hand_over
from gen.cli import main
from sw_model.faults import InputFault


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def test_files_are_those_of_the_index(delivery):
    files = everything(delivery)
    index = json.loads(files.pop(INDEX))
    assert index["files"] == {name: hashlib.sha256(data).hexdigest()
                              for name, data in sorted(files.items())}
    assert index[KEY] == 1
    assert (index["name"], index["clock_mhz"], index["samples"]) == ("digits", 25, 30)
    assert {kind: shell["top"] for kind, shell in index["shells"].items()} == {
        "wishbone": "digits_wishbone", "axi": "digits_axi"}


def test_the_verified_verilog_is_used_byte_for_byte(digits, delivery):
    for path in (digits / "rtl").iterdir():
        assert (delivery / "rtl" / path.name).read_bytes() == path.read_bytes()


def test_software_has_the_registers_of_both_shells(delivery):
    index = json.loads((delivery / INDEX).read_text())
    for shell in index["shells"].values():
        names = runpy.run_path(str(delivery / f"software/{shell['top']}_registers.py"))
        for each in shell["registers"]:
            assert names[each["name"]] == each["address"]
        assert (delivery / f"software/{shell['top']}.h").exists()


def test_no_path_and_the_same_bytes_again(digits, delivery, tmp_path):
    hand_over(digits, tmp_path, clock_mhz=25, samples=30, identity=0x1234)
    found = everything(tmp_path)
    assert all(everything(delivery)[name] == data for name, data in found.items())
    for name, data in found.items():
        assert str(digits.parent).encode() not in data, name


def test_what_it_cannot_be_made_of(digits, tmp_path):
    with pytest.raises(InputFault, match=r"manifest\.json: cannot be read"):
        hand_over(tmp_path, tmp_path / "new", clock_mhz=25)
    with pytest.raises(InputFault, match=r"^samples must be at least 1, not 0$"):
        hand_over(digits, tmp_path / "new", clock_mhz=25, samples=0)
    for name in ("vectors.npz", "graph.json", "rtl/digits.v", "rtl/fc1_unit_weights.mem"):
        without = shutil.copytree(digits, tmp_path / name)
        (without / name).unlink()
        with pytest.raises(InputFault, match=rf"{re.escape(name)}: cannot be read"):
            hand_over(without, tmp_path / "new", clock_mhz=25)
    assert not (tmp_path / "new").exists()


def test_the_command(digits, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["handover", str(digits), "-o", str(out), "--samples", "3"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [f"{out}: digits at 50 MHz",
                    f"FuseSoC: fusesoc --cores-root {out} run --target sim "
                    "gatemill:networks:digits:0.1.0"]
    first = everything(out)
    assert main(["handover", str(digits), "-o", str(out), "--clock", "12", "--json"]) == 0
    index = json.loads(capsys.readouterr().out)
    assert (index["clock_mhz"], index["changed"]) == (12, [])
    assert int(index["shells"]["axi"]["identity"], 16) > 0
    assert "12 MHz" in (out / "digits_vivado.xdc").read_text()
    assert first != everything(out)
    (other := tmp_path / "other").mkdir()
    (other / "mine").write_text("mine")
    assert main(["handover", str(digits), "-o", str(other)]) == 2
    assert "holds no handover.json" in capsys.readouterr().err


def test_pins_that_were_filled_in_are_not_lost(digits, tmp_path, capsys):
    call = ["handover", str(digits), "-o", str(out := tmp_path / "out")]
    assert main(call) == 0
    (gone := out / "digits.core").unlink()
    assert main(call) == 0
    assert gone.exists()
    with (pins := out / "digits_vivado.xdc").open("a") as file:
        file.write("# mine\n")
    capsys.readouterr()
    assert main(call) == 2
    assert capsys.readouterr().err == (
        f"gatemill: error: {out}: digits_vivado.xdc changed since it was handed over and would be "
        "lost; name another folder, or move what you need\n")
    assert pins.read_text().endswith("# mine\n")
