"""The built wheel, installed away from the checkout, does the main job."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.checkout import PACKAGES, ROOT, tracked


def run(*arguments: object, folder: Path, **environment: str) -> str:
    """Standard output of a command that must succeed, told nothing of this checkout."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV"))}
    done = subprocess.run([*map(str, arguments)], cwd=folder, env={**clean, **environment},
                          check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git keeps: nothing of an earlier build gets in."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked():
        copy = folder / "source" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--no-index", "--disable-pip-version-check", "--wheel-dir", folder, folder / "source",
        folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of a new environment that has the wheel, and this one's other packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    paths = {key: sysconfig.get_path(key, vars={"base": str(folder), "platbase": str(folder)})
             for key in ("purelib", "scripts")}
    # A folder named in a .pth file gives its packages, but its own .pth files, of which one
    # leads to this checkout, are not read.
    (Path(paths["purelib"]) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = Path(paths["scripts"]) / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
        "--no-index", "--ignore-installed", "--disable-pip-version-check", wheel, folder=folder)
    return Path(paths["scripts"])


def test_wheel_holds_every_file_of_the_packages(wheel):
    kept = {str(path.relative_to(ROOT)) for path in tracked()
            if path.relative_to(ROOT).parts[0] in PACKAGES}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == kept


def test_nothing_comes_from_the_checkout(programs, tmp_path):
    script = "import boards, gen, hw, sw_model, verif\n" \
             "for package in (boards, gen, hw, sw_model, verif): print(package.__file__)"
    for file in run(programs / "python", "-c", script, folder=tmp_path).splitlines():
        assert Path(file).is_relative_to(programs.parent), file
    assert run(programs / "gatemill", "--version", folder=tmp_path).startswith("gatemill ")


def test_main_job(programs, tmp_path, need):
    """A model file in, proven Verilog out, in a folder that knows nothing of the project."""
    need("verilator")
    shutil.copyfile(ROOT / "examples" / "digits" / "digits.onnx", tmp_path / "digits.onnx")
    run(programs / "gatemill", "build", "digits.onnx", "-o", "x", "--rate", 1000,
        folder=tmp_path)
    assert (tmp_path / "x" / "rtl" / "digits.v").is_file()
    said = run(programs / "gatemill", "verify", "x", "--samples", "5", folder=tmp_path)
    assert "verified bit for bit" in said
