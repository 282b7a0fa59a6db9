"""Fixtures that every test shares: seeded numbers, data beside the project, required tools."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SEED = int(os.environ.get("GATEMILL_SEED", "1"))

#: Tools named here must be there: their absence fails a test instead of skipping it.
REQUIRED = {name for name in os.environ.get("GATEMILL_REQUIRE", "").split(",") if name}


def pytest_report_header() -> str:
    return f"gatemill: GATEMILL_SEED={SEED} GATEMILL_REQUIRE={','.join(sorted(REQUIRED)) or '-'}"


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers seeded by the test: the same alone, in any order or in parallel."""
    return np.random.default_rng([SEED, zlib.crc32(request.node.nodeid.encode())])


@pytest.fixture(scope="session")
def need() -> Callable[[str], None]:
    """``need("icarus")`` skips with the line to type, or fails where GATEMILL_REQUIRE says so."""
    programs = {"icarus": ("iverilog", "apt install iverilog"),
                "verilator": ("g++", "apt install g++ make perl")}

    def check(tool: str) -> None:
        program, remedy = programs.get(tool, (tool, f"apt install {tool}"))
        if shutil.which(program):
            return
        if tool in REQUIRED:
            pytest.fail(f"{tool} is required, but {program} is not on PATH; type: {remedy}")
        pytest.skip(f"{program} is not on PATH; type: {remedy}")
    return check


def _data_folder() -> Path | None:
    places = [os.environ.get("GATEMILL_DATA"), ROOT.parent / "shared"]
    return next((Path(p) for p in places if p and (Path(p) / "models").is_dir()), None)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with models/, vectors/ and data/, or a skip that says how to get it."""
    folder = _data_folder()
    if folder is None:
        if "data" in REQUIRED:
            pytest.fail("test data is required; set GATEMILL_DATA or run `gatemill fetch`")
        pytest.skip("no test data; set GATEMILL_DATA or run `gatemill fetch`")
    return folder
