"""Fixtures that every test shares: seeded numbers, data beside the project, required tools."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support import tools
from tests.support.tools import REQUIRED

ROOT = Path(__file__).resolve().parents[1]
SEED = int(os.environ.get("GATEMILL_SEED", "1"))


def pytest_report_header() -> str:
    return f"gatemill: GATEMILL_SEED={SEED} GATEMILL_REQUIRE={','.join(sorted(REQUIRED)) or '-'}"


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers seeded by the test: the same alone, in any order or in parallel."""
    return np.random.default_rng([SEED, zlib.crc32(request.node.nodeid.encode())])


@pytest.fixture(scope="session")
def need() -> Callable[[str], None]:
    """``need("icarus")``: see :func:`tests.support.tools.need`."""
    return tools.need


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
