"""The checkers of style and types find nothing."""

from __future__ import annotations

import subprocess
import sys

from tests.support.checkout import ROOT


def run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff():
    run("ruff", "check", "--output-format", "concise")


def test_mypy():
    run("mypy")
