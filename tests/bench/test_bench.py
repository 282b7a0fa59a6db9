"""The benchmarks themselves: small sizes, and what they do with limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import arrays, rates, record, rescale_area


@pytest.fixture(autouse=True)
def own_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def test_a_small_array(own_results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert arrays.main(["--json", "--sizes", "4"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == json.loads((own_results / "arrays.json").read_text())
    (row,) = result["rows"]
    assert row["size"] == 4
    for way in arrays.WAYS:
        assert 0 < row[way]["cpu_seconds"] < 60
        assert 20 < row[way]["peak_mb"] < 2000
    # Four equal processing elements are one module, or four.
    assert row["naive"]["modules"] >= row["unique"]["modules"] + 3
    assert set(result["versions"]) >= {"python", "machine", "amaranth", "pyosys"}


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def in_process(module: str, arguments: list[str], *, timeout: float) -> dict[str, Any] | None:
        _, size, way = arguments
        asked.append((size, way))
        slow = way == "naive" and int(size) >= 8
        return None if slow else {"seconds": 2.0, "peak_mb": 50.0}

    monkeypatch.setattr(arrays, "in_process", in_process)
    result = arrays.measure([4, 8, 16], limit=30)
    assert ("16", "unique") in asked
    assert ("16", "naive") not in asked
    assert [line.split() for line in arrays.lines(result)[1:]] == [
        ["4x4", "2.00", "s", "50", "MB", "2.00", "s", "50", "MB", "1.0"],
        ["8x8", "2.00", "s", "50", "MB", ">", "30", "s"],
        ["16x16", "2.00", "s", "50", "MB", ">", "30", "s"]]


def test_a_process_that_hangs_or_fails() -> None:
    assert record.in_process("timeit", ["-n1", "-r1", "import time; time.sleep(60)"],
                             timeout=0.5) is None
    with pytest.raises(RuntimeError, match=r"python -m bench\.arrays --build 4 other failed"):
        record.in_process("bench.arrays", ["--build", "4", "other"])


def test_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls = [0.0], []

    def run(count: int) -> None:
        calls.append(count)
        now[0] += 0.001 + 0.0001 * count

    monkeypatch.setattr(rates.time, "process_time", lambda: now[0])
    # 0.101 seconds for a thousand samples, of which one is the call's own.
    assert rates.rate(run, seconds=10) == pytest.approx(1000 / 0.101)
    assert calls[-3:] == [rates.BATCH] * 3


def test_rows_are_text_for_people() -> None:
    text = rates.lines({"rows": [{
        "model": "ad01", "inferences_per_second": {"golden": 30000.0, "litert": 10000.0},
        "golden_over": {"litert": 3.0},
        "emulator": {"cycles_per_second": 1234567, "over_cocotb": 150.2}}]})
    assert [line.split() for line in text[1:]] == [
        ["ad01", "golden", "30,000"], ["ad01", "litert", "10,000", "3.0", "x"],
        ["emulated", "at", "1,234,567", "cycles/s,", "150", "x", "cocotb"]]


def test_unknown_models_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        rates.main(["--models", "ad02"])
    assert "unknown models ad02; there are ad01, TFC_1W1A" in capsys.readouterr().err


@pytest.mark.full
def test_rescaling_takes_half_the_area(data_dir: Path) -> None:
    """Of the framework's own form, for ad01's ten units on ECP5 without DSP blocks."""
    rows = {row["case"]: row for row in rescale_area.cases()}
    assert len(rows) == 13
    assert rows["ten units"]["ratio_full"] <= 0.5
    for row in rows.values():
        assert row["multiply_add_shift"] < row["trimmed"] < row["full"]
    widths = [row["multiplier_bits"] for row in rows.values() if row["multiplier_bits"]]
    assert len(widths) == 12
    assert max(widths[:10]) <= 24
