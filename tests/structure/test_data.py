"""Which failures are the absence of data beside the repository, so that a test is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from sw_model.faults import InputFault
from tests.conftest import missing_data


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tests.conftest.data_places", lambda: [tmp_path])
    return tmp_path


def absent(path: Path) -> FileNotFoundError:
    with pytest.raises(FileNotFoundError) as caught:
        path.read_bytes()
    return caught.value


def test_a_file_of_the_data(places: Path) -> None:
    file = places / "models" / "a.onnx"
    assert missing_data(absent(file)) == f"{file} is not there"
    fault = InputFault("a.onnx: cannot be read")
    fault.__cause__ = absent(file)
    assert missing_data(fault) == f"{file} is not there"


def test_anything_else(places: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert missing_data(absent(tmp_path_factory.mktemp("other") / "a.onnx")) is None
    assert missing_data(FileNotFoundError("no name")) is None
    assert missing_data(ValueError("a.onnx")) is None
