"""What make would run: the bitstream is where docs/boards.md says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.checkout import ROOT


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize(("board", "model", "place", "name"), [
    ("icebreaker", "examples/digits/digits.onnx", "icebreaker", "digits"),
    ("ULX3S-85F", "nets/my-net.v2.onnx", "ulx3s-85f", "my-net.v2"),
    ("boards/My_Board.toml", "net.tflite", "my_board", "net"),
])
def test_bitstream(tmp_path: Path, board: str, model: str, place: str, name: str) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "installed").touch()
    # Nothing of a make that runs the tests.
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("MAKE", "MFLAGS"))}
    said = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "bitstream", f"BOARD={board}",
         f"MODEL={model}", f"VENV={tmp_path}/venv", "BUILD=build"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    gatemill, folder = f"{tmp_path}/venv/bin/gatemill", f"build/{place}/{name}"
    # The copy is named as the build's folder is.
    assert said.stdout.splitlines() == [
        f"rm -f {folder}.bin {folder}.bit {folder}.fs",
        f"{gatemill} build {model} --out {folder} --board {board}",
        f"{gatemill} bitstream {folder} --board {board} --out build/{place}"]
