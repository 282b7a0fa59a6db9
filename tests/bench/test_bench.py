"""The benchmarks themselves: small sizes, and what they do with limits."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bench.__main__ as everything
from bench import (
    arrays,
    builds,
    demands,
    estimates,
    rates,
    record,
    rescale_area,
)


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
        "emulator": {"cycles_per_second": 1234567, "over_cocotb": 150.2,
                     "tapped_cycles_per_second": 234567, "tapped_over_cocotb": 30.1}}]})
    assert [line.split() for line in text[1:]] == [
        ["ad01", "golden", "30,000"], ["ad01", "litert", "10,000", "3.0", "x"],
        "emulated without taps at 1,234,567 cycles/s, 150 x cocotb with taps".split(),
        "emulated with taps at 234,567 cycles/s, 30 x cocotb with taps".split()]


#: Results in which every limit is just kept.
KEPT = {
    "builds": {"rows": [{"model": "ad01", "seconds": 20.0, "peak_mb": 1000.0}]},
    "arrays": {"rows": [{"size": 4, "unique": {"seconds": 99.0}},
                        {"size": 64, "unique": {"seconds": 15.0}}]},
    "estimates": {"rows": [{"model": "ad01", "device": "ecp5-85k", "pe": "lut", "off": -0.2}]},
    "rescale_area": {"rows": [{"case": "dense", "ratio_full": 0.9},
                              {"case": "ten units", "ratio_full": 0.5}]},
    "formats": {"least": 20.0, "rows": [
        {"case": "int8", "ways": ["encode", "decode"], "rates": [80.0, 20.0]}]},
    "huffman": {"sizes": [{"weights": "drawn", "longest": 12, "over_bound": 1.01}],
                "speeds": [{"weights": "drawn", "ways": 4, "idle": 0.0, "stall": 0.0,
                            "steady": 1.0},
                           {"weights": "drawn", "ways": 4, "idle": 0.2, "stall": 0.0,
                            "steady": 0.8},
                           {"weights": "drawn", "ways": 4, "idle": 0.0, "stall": 0.2,
                            "steady": 0.8}],
                "areas": []},
    "codecs": {"rows": []},
    "functions": {"rows": []},
    "encodings": {"means": [{"deviation": 20, "EN-T": 2.5, "grouped EN-T": 2.5},
                            {"deviation": 30, "EN-T": 2.36, "grouped EN-T": 2.47}]},
    "goals": {"rows": [{"goal": "int8 x int8", "family": "ecp5", "area": 90.0, "limit": 90}]},
    "constant_matrices": {"rows": [], "means": [
        {"outputs": 16, "inputs": 64, "spare": 0, "ratio": 1.05},
        {"outputs": 64, "inputs": 16, "spare": 2, "ratio": 0.9}]},
    "rates": {"rows": [{"model": "ad01", "golden_over": {"tflite-micro": 1.0, "litert": 3.0},
                        "emulator": {"over_cocotb": 100.0}},
                       {"model": "TFC_1W1A", "golden_over": {"qonnx": 1000.0}}]}}


def test_demands_that_are_met() -> None:
    found = list(demands.demands(KEPT))
    assert [each.limit for each in found] == [20, 1000, 15, 0.2, 0.5, 20, 1.01, 1, 2.36,
                                              2.47, 90, 1.05, 1.05, 3, 100, 1000]
    assert all(each.met for each in found)
    assert demands.lines(found)[-1].split() == [
        "golden", "over", "qonnx,", "TFC_1W1A", ">=", "1000", "1,000", "met"]


@pytest.mark.parametrize(("path", "value"), [
    (("builds", "rows", 0, "seconds"), 20.1), (("builds", "rows", 0, "peak_mb"), 1001.0),
    (("arrays", "rows", 1, "unique"), {"seconds": 15.1}), (("arrays", "rows", 1, "unique"), None),
    (("formats", "rows", 0, "rates"), [19.9, 20.0]), (("estimates", "rows", 0, "off"), 0.21),
    (("rescale_area", "rows", 1, "ratio_full"), 0.51),
    (("huffman", "sizes", 0, "over_bound"), 1.0101), (("huffman", "speeds", 0, "steady"), 0.9999),
    (("encodings", "means", 1, "EN-T"), 2.361), (("encodings", "means", 1, "grouped EN-T"), 2.471),
    (("goals", "rows", 0, "area"), 90.1), (("constant_matrices", "means", 0, "ratio"), 1.051),
    (("rates", "rows", 0, "golden_over"), {"litert": 2.99}),
    (("rates", "rows", 0, "emulator"), {"over_cocotb": 99.9}),
    (("rates", "rows", 1, "golden_over"), {"qonnx": 999.0})])
def test_demands_that_are_missed(path: tuple[str, str, int, str], value: Any) -> None:
    results = copy.deepcopy(KEPT)
    bench, table, row, key = path
    results[bench][table][row][key] = value
    found = list(demands.demands(results))
    assert [each.met for each in found].count(False) == 1
    assert sum(line.endswith("MISSED") for line in demands.lines(found)) == 1


def test_a_missed_demand_ends_the_bench_with_1(
        own_results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
        ) -> None:
    results = copy.deepcopy(KEPT)
    for module in everything.BENCHES:
        name = module.__name__.rpartition(".")[2]
        monkeypatch.setattr(module, "measure", lambda progress, name=name:
                            {"bench": name, **results.get(name, {"rows": []})})
        monkeypatch.setattr(module, "lines", lambda result: [])
    monkeypatch.setattr(everything.sys, "argv", ["bench", "--json"])
    assert everything.main() == 0
    results["builds"]["rows"][0]["seconds"] = 21.0
    assert everything.main() == 1
    listed = json.loads((own_results / "demands.json").read_text())["rows"]
    assert [(row["what"], row["met"]) for row in listed][:2] == [
        ("build of ad01, seconds", False), ("build of ad01, peak MB", True)]
    assert capsys.readouterr().out.count("\n") == 2


def test_memory_is_the_process_s_own() -> None:
    """However much whoever starts it holds."""
    held = np.ones(40_000_000)
    found = record.in_process("bench.arrays", ["--build", "4", "unique"])
    assert found is not None
    assert found["peak_mb"] < held.nbytes / 1e6 < record.peak_megabytes()


def test_memory_of_the_build_of_ad01(data_dir: Path) -> None:
    (data_dir / "models" / builds.MODELS["ad01"]).stat()  # skips where it is absent
    found = record.in_process("bench.builds", ["--model", "ad01"])
    assert found is not None
    assert 20 < found["peak_mb"] < 1000


def test_no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("gen.fetch.data_places", lambda: [tmp_path])
    with pytest.raises(SystemExit, match=r"^bench: no models/x\.onnx; set GATEMILL_DATA to a "
                                         r"folder that has it, or run `gatemill fetch`$"):
        record.model_file("x.onnx")


def test_unknown_models_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        rates.main(["--models", "ad02"])
    assert "unknown models ad02; there are ad01, TFC_1W1A" in capsys.readouterr().err


@pytest.mark.full
def test_rescaling_takes_half_the_area(data_dir: Path) -> None:
    """Of the framework's own form, for ad01's ten units on ECP5 without DSP blocks."""
    (data_dir / "models" / rescale_area.MODEL).stat()  # skips where it is absent
    rows = {row["case"]: row for row in rescale_area.cases()}
    assert len(rows) == 13
    assert rows["ten units"]["ratio_full"] <= 0.5
    for row in rows.values():
        assert row["multiply_add_shift"] < row["trimmed"] < row["full"]
    widths = [row["multiplier_bits"] for row in rows.values() if row["multiplier_bits"]]
    assert len(widths) == 12
    assert max(widths[:10]) <= 24


def test_an_estimate_beside_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest case; the others need models from outside."""
    monkeypatch.setattr(estimates, "CASES", (("digits", "ice40-up5k", "parallel"),))
    result = estimates.measure()
    (row,) = result["rows"]
    assert (row["model"], row["device"], row["pe"]) == ("digits", "ice40-up5k", "parallel")
    assert abs(row["off"]) < 0.2
    assert row["luts"]["synthesised"] > 1000
    assert row["dsps"]["synthesised"] == row["dsps"]["estimated"] == 0
    assert row["block_rams"]["synthesised"] > 0
    assert [line.split()[:3] for line in estimates.lines(result)[1:]] == [
        ["digits,", "ice40-up5k,", "parallel"]]
