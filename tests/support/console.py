"""Sessions in the documents: ``console`` blocks, played again and compared with what they show.

In a block a line ``$ command`` is typed, a line that ends with a backslash goes on in the next,
and what follows is what the command says on both its outputs. A line ``...`` stands for any
lines. All blocks of a document are one session, in a new folder where ``examples`` is the
repository's.

``python -m tests.support.console FILE...`` plays whole documents and writes down what the
commands say now, except in blocks with ``...``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gen.cli import main

from .checkout import ROOT

__all__ = ["ELSEWHERE", "LONG", "Command", "Session", "blocks", "commands", "matches"]

#: What continuous integration runs itself, or what is not for machines.
ELSEWHERE = re.compile(r"make |git |cd |sudo |apt |pip ")

#: What takes long: compiling simulators, synthesis, and what reads their results.
LONG = re.compile(r"gatemill (verify|synth|unit |report)|.*(rtl|board)\.npz|.*certificate\.json",
                  re.DOTALL)

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """What is typed, and what the document says that it says."""

    line: int
    text: str
    said: str


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """Line and body of every ``console`` block."""
    for found in BLOCK.finditer(text):
        yield text.count("\n", 0, found.start(1)) + 1, found[1]


def commands(line: int, body: str) -> list[Command]:
    """The commands of a block."""
    found: list[Command] = []
    lines = body.splitlines()
    while lines:
        first, text = line, lines.pop(0)
        line += 1
        assert text.startswith("$ "), f"line {first}: a block begins with a command"
        while text.endswith("\\"):
            text += "\n" + lines.pop(0)
            line += 1
        said = []
        while lines and not lines[0].startswith("$ "):
            said.append(lines.pop(0))
            line += 1
        found.append(Command(first, text[2:], "\n".join(said)))
    return found


def matches(shown: str, said: str) -> bool:
    """Whether ``said`` is what a document shows, ``...`` standing for any lines.

    >>> matches("one\\n...\\nfour", "one\\ntwo\\nthree\\nfour"), matches("one", "one\\ntwo")
    (True, False)
    """
    parts = [re.escape(part) for part in re.split(r"^\.\.\.$\n?", shown, flags=re.MULTILINE)]
    return re.fullmatch(r"(?:.*\n)*".join(parts).rstrip("\n") + r"\n?", said + "\n") is not None


class Session:
    """A shell in a new folder; every command sees the exit code of the one before.

    Plain calls of ``gatemill`` run in this process, where everything is imported already.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._code = folder, 0
        (folder / "examples").symlink_to(ROOT / "examples")
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {**os.environ, "PATH": programs, "COLUMNS": "100"}

    def type(self, command: str) -> str:
        """What ``command`` says, without the last line's end."""
        if command.startswith("gatemill ") and not re.search(r"[|<>$;&\n]", command):
            said = io.StringIO()
            with contextlib.chdir(self._folder), contextlib.redirect_stdout(said), \
                    contextlib.redirect_stderr(said):
                self._code = main(shlex.split(command)[1:])
            return said.getvalue().rstrip("\n")
        done = subprocess.run(["bash", "-c", f"(exit {self._code})\n{command}"], check=False,
                              cwd=self._folder, env=self._environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._code = done.returncode
        return done.stdout.rstrip("\n")


def _played(body: str, session: Session) -> str:
    lines = []
    for command in commands(0, body):
        lines.append(f"$ {command.text}")
        if ELSEWHERE.match(command.text):
            lines.append(command.said)
        else:
            lines.append(session.type(command.text))
    return "".join(f"{line}\n" for line in lines if line)


def _rewrite(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))

        def play(found: re.Match[str]) -> str:
            now = _played(found[1], session)
            keep = re.search(r"^\.\.\.$", found[1], re.MULTILINE)
            return found[0] if keep else f"```console\n{now}```"

        path.write_text(BLOCK.sub(play, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        _rewrite(Path(name))
