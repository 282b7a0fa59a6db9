"""Every spec in ``examples/specs`` is built and verified, bit for bit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gen.source import build_source
from tests.support.tools import REQUIRED
from verif.verify import verify

SPECS = sorted((Path(__file__).resolve().parents[2] / "examples" / "specs").glob("*.yaml"))


def test_there_are_specs_of_each_kind() -> None:
    assert {path.stem for path in SPECS} >= {"mac_array", "folded_dense", "two_layers", "digits"}


@pytest.fixture
def simulators() -> tuple[str, ...]:
    """Icarus where it is there, or where it must be; else none, for the emulator is enough."""
    there = shutil.which("iverilog") is not None
    return ("icarus",) if there or "icarus" in REQUIRED else ()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_is_built_and_verified(path: Path, tmp_path: Path, simulators: tuple[str, ...],
                                      need: Callable[[str], None]) -> None:
    """By Icarus, which is the quicker here, or by the emulator."""
    need("icarus" if simulators else "verilator")
    for built in build_source(path, tmp_path / "out", lambda _: None):
        certificate = verify(built.folder, simulators=simulators, emulator=not simulators)
        assert certificate.passed, certificate.summary()
        assert (built.folder / "certificate.json").is_file()


@pytest.mark.full
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_is_emulated(path: Path, tmp_path: Path, need: Callable[[str], None]) -> None:
    need("verilator")
    for built in build_source(path, tmp_path / "out", lambda _: None):
        certificate = verify(built.folder, simulators=())
        assert certificate.passed, certificate.summary()
        assert certificate.timing.interval == certificate.timing.predicted_interval
