"""Run a tool as a process of its own: its words into a log, its phases to whoever waits."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Phase", "Progress", "own_folder", "run"]

#: Takes a line for people: what is going on now.
Progress = Callable[[str], None]

#: Takes a line of the log; gives the phase that starts with it, or None.
Phase = Callable[[str], str | None]


def run(argv: Sequence[str], *, cwd: Path, log: Path, progress: Progress | None = None,
        phase: Phase | None = None, timeout: float | None = None) -> int:
    """Run ``argv`` in ``cwd`` and write what it says to ``log``, line by line as it comes.

    ``progress`` is told each phase once, as it first begins.

    Returns
    -------
    The exit code; negative where a signal ended the process (-9 also where ``timeout``
    seconds had passed). Whatever happens, no process of the tool is left behind.
    """
    process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    watch = threading.Timer(timeout, _kill, [process]) if timeout is not None else None
    if watch is not None:
        watch.start()
    try:
        assert process.stdout is not None
        told: set[str] = set()
        with log.open("w", encoding="utf-8") as file:
            for line in process.stdout:
                file.write(line)
                if progress is None or phase is None:
                    continue
                if (now := phase(line)) is not None and now not in told:
                    told.add(now)
                    progress(now)
        return process.wait()
    finally:
        if watch is not None:
            watch.cancel()
        _kill(process)
        assert process.stdout is not None
        process.stdout.close()
        process.wait()


@contextmanager
def own_folder(log: Path) -> Iterator[Path]:
    """A fresh folder for one run of a tool, so that runs at the same time do not meet.

    The tool's log is written there under the name of ``log``, and copied to ``log`` in the end,
    whatever happens. Files in the folder go by bare names: WebAssembly builds see the working
    folder but not /tmp.
    """
    with tempfile.TemporaryDirectory(prefix="gatemill-") as name:
        try:
            yield Path(name)
        finally:
            if (own := Path(name) / log.name).exists():
                shutil.copyfile(own, log)


def _kill(process: subprocess.Popen[str]) -> None:
    """End the process and all that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
