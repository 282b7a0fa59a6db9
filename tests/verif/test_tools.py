"""Finding programs, and the folder for what is kept between runs."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from verif import tools
from verif.tools import SIMULATORS, cache_folder, find_tool, require_simulator


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_every_program_of_a_simulator_has_a_version(need, simulator):
    need(simulator)
    found = require_simulator(simulator)
    assert [tool.name for tool in found] == list(SIMULATORS[simulator])
    assert all(tool.path.is_file() and tool.version[0].isdigit() for tool in found)


def test_unknown_program():
    with pytest.raises(ValueError, match=r"^unknown program 'gcc'; there are verilator, "):
        find_tool("gcc")


def test_version_that_cannot_be_read(tmp_path, monkeypatch):
    silent = tmp_path / "make"
    silent.write_text("#!/bin/sh\nexit 1\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    tools.find_tool.cache_clear()
    try:
        assert find_tool("make").version == "unknown"
    finally:
        tools.find_tool.cache_clear()


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("GATEMILL_CACHE")
    assert cache_folder() == Path(platformdirs.user_cache_dir("gatemill"))
