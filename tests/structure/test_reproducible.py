"""The same component gives the same Verilog, whatever order sets and hashes have."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.checkout import ROOT

#: Prints a digest for each component whose number is asked for.
DIGESTS = """
import hashlib, sys
from hw.verilog import to_verilog
from tests.support.components import components
asked = set(map(int, sys.argv[1].split(",")))
for number, component in enumerate(components()):
    if number in asked:
        text = to_verilog(getattr(component, "component", component), "unit")
        print(number, type(component).__name__, hashlib.sha256(text.encode()).hexdigest())
"""


def digests(numbers, seed):
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS, ",".join(map(str, numbers))], check=True, cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True)
    return done.stdout.splitlines()


def check(numbers):
    first, second = (digests(numbers, seed) for seed in "12")
    assert len(first) == len(numbers) > 0
    assert first == second


def test_some(rng):
    from tests.support.components import components

    check([int(number) for number in rng.permutation(len(components()))[:60]])


@pytest.mark.full
def test_all():
    from tests.support.components import components

    check(range(len(components())))
