"""The cache of compiled emulators."""

from __future__ import annotations

import os
import threading
import time

import pytest

from sw_model.faults import InputFault
from verif import emulator_build
from verif.emulator_build import library


@pytest.fixture
def builds(monkeypatch, tmp_path, need):
    """A cache of its own, and instead of builds a list of their targets."""
    need("verilator")
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / "cache"))
    made = []

    def pretend(verilog, top, control, waves, target, quick):
        made.append(target)
        time.sleep(0.05)
        target.parent.mkdir()
        target.write_text(control)

    monkeypatch.setattr(emulator_build, "_build", pretend)
    return made


@pytest.fixture
def verilog(tmp_path):
    (path := tmp_path / "a.v").write_text("module a; endmodule\n")
    return path


def test_what_the_library_depends_on(builds, verilog, tmp_path):
    first = library(verilog, "a", ["i"], ["t"])
    assert first.is_relative_to(tmp_path / "cache")
    assert 'public_flat_rd -module "a" -var "t"' in first.read_text()
    assert library(verilog, "a", ["i"], ["t"]) == first
    assert len(builds) == 1
    others = {library(verilog, "b", ["i"], ["t"]), library(verilog, "a", ["i"]),
              library(verilog, "a", ["i"], ["t"], waves=True),
              library(verilog, "a", ["i"], ["t"], quick=True)}
    verilog.write_text("module a; endmodule // changed\n")
    others.add(library(verilog, "a", ["i"], ["t"]))
    assert len(others | {first}) == 6
    assert len(builds) == 6


def test_the_second_of_two_waits(builds, verilog):
    found = []
    threads = [threading.Thread(target=lambda: found.append(library(verilog, "a", [])))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(builds) == 1


def test_oldest_libraries_are_dropped(builds, verilog, monkeypatch):
    monkeypatch.setattr(emulator_build, "KEPT", 2)
    oldest = library(verilog, "a", ["0"])
    os.utime(oldest, (1, 1))
    kept = [library(verilog, "a", ["1"]), library(verilog, "a", ["2"])]
    assert not oldest.exists()
    assert all(path.exists() for path in kept)


def test_cache_that_cannot_be_written(verilog, monkeypatch, tmp_path, need):
    need("verilator")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputFault, match="cannot be written; set GATEMILL_CACHE"):
        library(verilog, "a", [])
