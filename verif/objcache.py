"""Compile a simulator's C++ runtime once: a compiler launcher that keeps those objects.

Verilator compiles the same runtime files for every design, and they are nearly all of the
time that a small design takes. Its makefile puts ``$(OBJCACHE)`` before every call of the
compiler, so this file is run as ``python -S objcache.py c++ ... -c -o verilated.o
.../include/verilated.cpp``. Calls that compile a file of the runtime are answered from
``$GATEMILL_CACHE/objects``; all others go to the compiler unchanged.

The key is made of the compiler's version, the arguments (the runtime's own folder written as
a placeholder, so that all virtual environments share) and the contents of every file of the
runtime. Objects are written under a temporary name and renamed, and a lock per object lets
the second of two processes wait for the first instead of compiling as well. Where the cache
cannot be written, the compiler runs without it.

Only the standard library is imported, for a fast start.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["compile_object", "main"]


def compile_object(command: Sequence[str], *, runtime: Path, cache: Path) -> int:
    """Run the compiler call ``command``, or copy its object from the cache; the exit code.

    Parameters
    ----------
    command : sequence of str
        Compiler and arguments. Cached if it compiles (``-c``) one source inside ``runtime``
        to an object that ``-o`` names; run as it stands otherwise.
    runtime : Path
        Folder of sources and headers that belong together, such as Verilator's ``include``.
    cache : Path
        Folder of the objects; made when needed.
    """
    target = _target(command, runtime)
    if target is None:
        return subprocess.call(command)
    kept = cache / f"{_key(command, runtime)}.o"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(kept.with_suffix(".lock")):
            if kept.exists():
                _publish(kept, target)
                return 0
            code = subprocess.call(command)
            if code == 0:
                _publish(target, kept)
            return code
    except OSError:
        return subprocess.call(command)


def _target(command: Sequence[str], runtime: Path) -> Path | None:
    """The object that ``command`` makes of a file of the runtime; None for any other call."""
    sources = [word for word in command[1:] if word.endswith((".cpp", ".cc"))]
    if len(sources) != 1 or "-c" not in command or command.count("-o") != 1:
        return None
    if runtime.resolve() not in Path(sources[0]).resolve().parents:
        return None
    return Path(command[command.index("-o") + 1])


def _key(command: Sequence[str], runtime: Path) -> str:
    key = hashlib.sha256()
    version = subprocess.run([command[0], "--version"], capture_output=True, check=False)
    key.update(version.stdout)
    output = command.index("-o") + 1
    for position, word in enumerate(command[1:], 1):
        if position != output:
            key.update(word.replace(str(runtime), "<runtime>").encode() + b"\0")
    for path in sorted(path for path in runtime.rglob("*") if path.is_file()):
        key.update(str(path.relative_to(runtime)).encode() + b"\0" + path.read_bytes())
    return key.hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _publish(source: Path, target: Path) -> None:
    """Copy ``source`` so that nobody ever sees a part of ``target``."""
    handle, name = tempfile.mkstemp(dir=target.absolute().parent)
    os.close(handle)
    try:
        shutil.copyfile(source, name)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def main(arguments: Sequence[str]) -> int:
    """Compile as ``arguments`` say; ``VERILATOR_ROOT`` and ``GATEMILL_CACHE`` say where."""
    return compile_object(arguments, runtime=Path(os.environ["VERILATOR_ROOT"]) / "include",
                          cache=Path(os.environ["GATEMILL_CACHE"]) / "objects")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
