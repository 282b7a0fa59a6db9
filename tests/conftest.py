"""Fixtures that every test shares: seeded numbers, data beside the project, required tools."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from boards.liberty import find_library
from gen.fetch import data_places
from sw_model.faults import ToolMissing
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


@pytest.fixture(scope="session")
def library() -> None:
    """The standard-cell library is there; else the test is skipped."""
    try:
        find_library()
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with models/, vectors/ and data/: GATEMILL_DATA, ../shared or the cache.

    A test is skipped where none of them is there, and where the folder lacks a file that the
    test reads.
    """
    folder = next((place for place in data_places() if (place / "models").is_dir()), None)
    if folder is None:
        _without("no test data")
    return folder


def _without(what: str) -> NoReturn:
    reason = f"{what}; set GATEMILL_DATA or run `gatemill fetch`"
    if "data" in REQUIRED:
        pytest.fail(f"data is required: {reason}")
    pytest.skip(reason)


def missing_data(error: BaseException | None) -> str | None:
    """The file of the data for whose absence ``error`` was raised; None if that is not why."""
    while error is not None:
        if isinstance(error, FileNotFoundError) and error.filename:
            for place in data_places():
                if Path(error.filename).is_relative_to(place):
                    return f"{error.filename} is not there"
        error = error.__cause__ or error.__context__
    return None


def _skipping(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    except Exception as error:
        if (what := missing_data(error)) is None:
            raise
    _without(what)


#: Fixtures read data too.
pytest_runtest_setup = pytest.hookimpl(wrapper=True)(_skipping)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(_skipping)
