"""FuseSoC runs the core with Icarus, and the testbench sees what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verif.manifest import Manifest

CORE = "gatemill:networks:digits"


def run(folder, target="sim", *arguments):
    """FuseSoC as a user calls it, with a home of its own."""
    command = [str(Path(sys.executable).with_name("fusesoc")), "--cores-root", str(folder), "run",
               "--target", target, *arguments, CORE]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          env=os.environ | {"HOME": str(folder)})


@pytest.fixture
def own(delivery, tmp_path):
    """A copy to change, in another place than it was written to."""
    return shutil.copytree(delivery, tmp_path / "moved here")


def change(path, line, bit):
    words = path.read_text().splitlines()
    words[line] = f"{int(words[line], 16) ^ 1 << bit:0{len(words[line])}x}"
    path.write_text("\n".join(words) + "\n")


def test_the_network_passes(need, own):
    need("icarus")
    done = run(own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS: digits, 30 samples" in done.stdout


@pytest.mark.parametrize(("name", "line", "says"), [
    ("testbench/o_words.mem", -1, "FAIL: o word "),
    ("testbench/i_words.mem", 5, "FAIL: o word "),
    ("rtl/fc1_unit_weights.mem", 3, "FAIL: o word "),
])
def test_a_changed_word_is_seen(need, own, name, line, says):
    need("icarus")
    change(own / name, line, 6)
    done = run(own)
    assert done.returncode != 0
    assert says in done.stdout
    assert "PASS" not in done.stdout


#: Takes everything; what it gives is another matter.
IMPOSTOR = """
module digits(input clk, input rst, input [{i}:0] i__payload, input i__valid, output i__ready,
              output [{o}:0] o__payload, output o__valid, input o__ready);
  assign i__ready = 1'b1;
  assign o__valid = {valid};
  assign o__payload = {payload};
endmodule
"""


@pytest.mark.parametrize(("valid", "payload", "says"), [
    ("1'b0", "0", "FAIL: no word moved"), ("1'b1", "0", "FAIL: o word "),
    ("1'b1", "digits_tb.o_words[digits_tb.o_count]", "FAIL: o gave a word too many"),
    ("1'b1", "{100{1'bx}}", "FAIL: o word 0 is x"),
])
def test_a_network_that_stops_or_babbles_is_seen(need, digits, own, valid, payload, says):
    need("icarus")
    streams = {each.name: each.width - 1 for each in Manifest.load(digits).streams}
    (own / "rtl/digits.v").write_text(IMPOSTOR.format(**streams, valid=valid, payload=payload))
    done = run(own)
    assert done.returncode != 0
    assert says in done.stdout, done.stdout


def test_every_target_is_whole(own, tmp_path):
    """Sources of every target are found, and images lie where tools run."""
    for target in ("default", "wishbone", "axi", "sim"):
        done = run(own, target, "--setup", "--work-root", str(tmp_path / target),
                   *(() if target == "sim" else ("--tool", "icarus")))
        assert done.returncode == 0, done.stdout + done.stderr
        images = {path.name for path in (own / "rtl").glob("*.mem")}
        assert images
        assert images <= {path.name for path in (tmp_path / target).iterdir()}
