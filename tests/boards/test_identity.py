"""The build identity: of plan, Verilog, memory images and tools, and of nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from boards.identity import build_identity
from sw_model.faults import InputFault
from tests.support.build_folders import lookup_folder

TOOLS = {"yosys": "1", "nextpnr": "2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lookup_folder(tmp_path / "build")


def test_the_same_wherever_it_is(folder: Path, tmp_path: Path) -> None:
    first = build_identity(folder, TOOLS)
    assert 0 < first < 1 << 128
    shutil.copytree(folder, other := tmp_path / "elsewhere")
    (other / "vectors.npz").write_bytes(b"other vectors")
    assert build_identity(other, dict(reversed(TOOLS.items()))) == first


def test_everything_counts(folder: Path) -> None:
    seen = {build_identity(folder, TOOLS)}
    seen.add(build_identity(folder, TOOLS | {"yosys": "2"}))
    manifest = json.loads((folder / "manifest.json").read_text())
    names = [name for name in manifest["files"] if name.startswith("rtl/")]
    assert len(names) > 1
    for name in names:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data + b"\n")
        seen.add(build_identity(folder, TOOLS))
        (folder / name).write_bytes(data)
    assert len(seen) == 2 + len(names)


def test_a_file_that_is_missing(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / manifest["verilog"]).unlink()
    with pytest.raises(InputFault, match=r"\.v: cannot be read \(No such file or directory\)$"):
        build_identity(folder, TOOLS)
