"""Mutated files, and a forked worker that compiles them within bounds of time and memory."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import struct
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sw_model.faults import Fault

__all__ = ["SECONDS", "Case", "Outcome", "Subject", "cases_of", "mutant", "run_cases"]

#: CPU seconds that one file may take.
SECONDS = 5

#: Bytes above what the imported readers take.
MEMORY = 500 * 2**20

#: Wall-clock seconds without a word from the worker after which it is given up.
PATIENCE = 120


class Subject(NamedTuple):
    """A file to be mutated, and what is done to its mutants: reading, or more than that."""

    name: str
    use: Callable[[Path], Any]
    data: bytes


class Case(NamedTuple):
    """One mutant: number ``number`` of ``subject``, the same for the same seed."""

    subject: Subject
    seed: int
    number: int

    def __str__(self) -> str:
        return f"mutant {self.number} of {self.subject.name} (seed {self.seed})"

    def data(self) -> bytes:
        """The mutant's bytes."""
        return mutant(self.subject.data, np.random.default_rng([self.seed, self.number]))


class Outcome(NamedTuple):
    """What came of a case: ``kind`` is done, fault, or what should not be."""

    kind: str
    text: str


def cases_of(subjects: Sequence[Subject], count: int, seed: int) -> list[Case]:
    """``count`` cases, taken from the subjects in turn."""
    return [Case(subjects[n % len(subjects)], seed, n) for n in range(count)]


def mutant(data: bytes, rng: np.random.Generator) -> bytes:
    """``data`` with one to three changes: flipped bits, edited numbers, cuts, splices."""
    spoilt = bytearray(data)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        change = rng.choice(_CHANGES, p=_WEIGHTS)
        change(spoilt, rng)
    return bytes(spoilt)


def _place(data: bytearray, rng: np.random.Generator, room: int = 1) -> int:
    return int(rng.integers(0, max(1, len(data) - room + 1)))


def _flip(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(int(rng.choice([1, 1, 2, 8]))):
        if data:
            data[_place(data, rng)] ^= 1 << int(rng.integers(8))


def _edit(data: bytearray, rng: np.random.Generator) -> None:
    """A little-endian number of 1 to 8 bytes, aligned as flatbuffers align: an extreme or near."""
    size = int(rng.choice([1, 2, 4, 4, 4, 8]))
    if len(data) < size:
        return
    place = _place(data, rng, size) // size * size
    old = int.from_bytes(data[place:place + size], "little")
    new = int(rng.choice([0, 1, 2, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), 2 ** (4 * size),
                          old + 1, old - 1, old * 2, old + 4, old - 4, len(data)], ).item()
              if size < 8 else rng.choice([0, 1, 2**63 - 1, 2**40]))
    data[place:place + size] = (new % 2 ** (8 * size)).to_bytes(size, "little")


def _edit_real(data: bytearray, rng: np.random.Generator) -> None:
    if len(data) >= 4:
        place = _place(data, rng, 4) // 4 * 4
        value = rng.choice([0.0, -1.0, np.nan, np.inf, 1e-45, 1e-30, 1e30, 3e38])
        struct.pack_into("<f", data, place, value)


def _truncate(data: bytearray, rng: np.random.Generator) -> None:
    del data[_place(data, rng):]


def _splice(data: bytearray, rng: np.random.Generator) -> None:
    """A piece goes elsewhere: over what stands there, between, or away."""
    size = int(rng.integers(1, 65))
    source, target = _place(data, rng, size), _place(data, rng, size)
    piece = data[source:source + size]
    kind = rng.integers(3)
    if kind == 0:
        data[target:target + len(piece)] = piece
    elif kind == 1:
        data[target:target] = piece
    else:
        del data[source:source + size]


_CHANGES = [_flip, _edit, _edit_real, _truncate, _splice]
_WEIGHTS = [0.35, 0.35, 0.1, 0.05, 0.15]


class _OutOfTime(BaseException):
    """Raised in the worker; no reader can take it for an error of its own."""


def run_cases(cases: Sequence[Case], folder: Path) -> Iterator[tuple[Case, Outcome]]:
    """Use every case in one forked process; yields what came of each.

    The worker's address space is bounded by ``MEMORY`` above what it has when it starts,
    each case's CPU time by ``SECONDS``. A worker that dies or falls silent ends the
    iteration with the outcome ``died`` or ``silent`` for the case it was at.
    """
    receive, send = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of forking a process with threads; the child uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        worker = os.fork()
    if worker == 0:
        try:
            os.close(receive)
            _work(cases, folder, send)
        finally:
            os._exit(0)
    os.close(send)
    try:
        with open(receive, "rb", buffering=0) as pipe:
            for case in cases:
                outcome = _hear(pipe)
                yield case, outcome
                if outcome.kind in ("died", "silent"):
                    return
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _hear(pipe: Any) -> Outcome:
    def read(count: int) -> bytes:
        data = b""
        while len(data) < count:
            if not select.select([pipe], [], [], PATIENCE)[0]:
                raise TimeoutError
            piece = pipe.read(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
    try:
        return Outcome(*pickle.loads(read(struct.unpack("<I", read(4))[0])))
    except EOFError:
        return Outcome("died", "the worker is gone: a crash or memory beyond the limit")
    except TimeoutError:
        return Outcome("silent", f"no word from the worker in {PATIENCE} s")


def _work(cases: Sequence[Case], folder: Path, send: int) -> None:
    signal.signal(signal.SIGPROF, _expire)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    path = folder / "mutant"
    with open(send, "wb") as pipe:
        for case in cases:
            path.write_bytes(case.data())
            message = pickle.dumps(tuple(_outcome(case.subject, path)))
            pipe.write(struct.pack("<I", len(message)) + message)
            pipe.flush()


def _expire(*_: Any) -> None:
    raise _OutOfTime


def _outcome(subject: Subject, path: Path) -> Outcome:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            subject.use(path)
    except Fault as fault:
        text = str(fault)
        # The compiler knows the network by its name alone, which is the file's.
        clear = text.isprintable() and text.startswith((str(path), f"{path.stem}: "))
        return Outcome("fault" if clear else "unclear", text)
    except _OutOfTime:
        return Outcome("late", f"more than {SECONDS} s\n{traceback.format_exc()[-2000:]}")
    except MemoryError:
        return Outcome("large", f"more than {MEMORY} bytes\n{traceback.format_exc()[-2000:]}")
    except BaseException:
        return Outcome("traceback", traceback.format_exc()[-4000:])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Outcome("done", "")
