"""Tools as processes: their words, their phases, their end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from boards.process import run


def test_words_and_phases(tmp_path: Path) -> None:
    told: list[str] = []
    script = "import sys; print('a1 b1 a2 c1'.replace(' ', chr(10)), flush=True); sys.exit('late')"
    code = run([sys.executable, "-c", script], cwd=tmp_path, log=tmp_path / "log",
               progress=told.append, phase=lambda line: line[0] if line[0] in "ab" else None)
    assert code == 1
    assert (tmp_path / "log").read_text() == "a1\nb1\na2\nc1\nlate\n"
    assert told == ["a", "b"]


def test_a_timeout_ends_children_too(tmp_path: Path) -> None:
    # The child holds the pipe as well: the run ends only if both are gone.
    script = ("import subprocess, sys; "
              "subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])")
    start = time.monotonic()
    code = run([sys.executable, "-c", script], cwd=tmp_path, log=tmp_path / "log", timeout=2)
    assert code == -9
    assert time.monotonic() - start < 30


def test_an_exception_leaves_no_process(tmp_path: Path) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    start = time.monotonic()
    try:
        run([sys.executable, "-c", script], cwd=tmp_path, log=tmp_path / "log", progress=stop,
            phase=str)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the interrupt was swallowed")
    assert time.monotonic() - start < 30
    assert not Path(f"/proc/{(tmp_path / 'log').read_text().strip()}").exists()
