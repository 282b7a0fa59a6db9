"""The compiler launcher, with a compiler that counts its calls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from verif import objcache
from verif.objcache import compile_object

COMPILER = """#!/bin/sh
if [ "$1" = --version ]; then echo fake 1; exit 0; fi
echo "$@" >> {calls}
sleep {seconds}
while [ $# -gt 1 ]; do
  case $1 in
    -o) echo "object $*" > $2;;
    -DBROKEN) exit 3;;
  esac
  shift
done
"""


@pytest.fixture
def fake(tmp_path):
    """A runtime of one source, and a compiler whose calls are counted."""
    return Fake(tmp_path)


class Fake:
    def __init__(self, folder: Path, seconds: float = 0) -> None:
        self.folder, self.cache, self.runtime = folder, folder / "cache", folder / "include"
        self.runtime.mkdir()
        (self.runtime / "verilated.cpp").write_text("int x;")
        (self.runtime / "verilated.h").write_text("extern int x;")
        (folder / "design.cpp").write_text("int y;")
        self.log = folder / "calls"
        self.compiler = folder / "c++"
        self.compiler.write_text(COMPILER.format(calls=self.log, seconds=seconds))
        self.compiler.chmod(0o755)

    def command(self, *options: str, source: str = "include/verilated.cpp", output: str = "a.o"
                ) -> list[str]:
        return [str(self.compiler), *options, f"-I{self.runtime}", "-c", "-o",
                str(self.folder / output), str(self.folder / source)]

    def compile(self, *options: str, **names: str) -> int:
        return compile_object(self.command(*options, **names), runtime=self.runtime,
                              cache=self.cache)

    @property
    def calls(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


def test_the_runtime_is_compiled_once(fake):
    assert fake.compile("-Os") == 0
    first = (fake.folder / "a.o").read_bytes()
    assert fake.compile("-Os", output="b.o") == 0
    assert fake.calls == 1
    assert (fake.folder / "b.o").read_bytes() == first


def test_other_flags_and_other_headers_are_other_objects(fake):
    fake.compile("-Os")
    fake.compile("-O2")
    assert fake.calls == 2
    (fake.runtime / "verilated.h").write_text("extern long x;")
    fake.compile("-Os")
    assert fake.calls == 3


def test_designs_are_not_kept(fake):
    for _ in range(2):
        assert fake.compile(source="design.cpp") == 0
    assert fake.calls == 2
    assert not fake.cache.exists()


def test_failures_are_not_kept(fake):
    for _ in range(2):
        assert fake.compile("-DBROKEN") == 3
    assert fake.calls == 2
    assert not list(fake.cache.glob("*.o"))


def test_without_a_place_for_the_cache(fake):
    fake.cache.write_text("a file where the folder should be")
    assert fake.compile("-Os") == 0
    assert (fake.folder / "a.o").exists()


def test_two_processes_compile_once(tmp_path):
    fake = Fake(tmp_path, seconds=0.3)
    env = os.environ | {"VERILATOR_ROOT": str(tmp_path), "GATEMILL_CACHE": str(tmp_path / "kept")}
    script = [sys.executable, "-S", objcache.__file__]
    running = [subprocess.Popen([*script, *fake.command("-Os", output=f"{k}.o")], env=env)
               for k in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert fake.calls == 1
    assert len({(tmp_path / f"{k}.o").read_bytes() for k in range(3)}) == 1
