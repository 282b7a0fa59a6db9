"""Mutated model files, read and compiled: success or one clear line, in bounds of time and memory.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gen.frontends import onnx_model, tflite
from gen.passes import compile_graph
from sw_model.faults import InputFault
from tests.support import fuzz
from tests.support.fuzz import Case, Subject, cases_of, mutant, run_cases
from tests.support.onnx_models import model_of, node
from tests.support.tflite_faults import Dense
from tests.support.tflite_models import branching_model

SEED = 20


def small_onnx() -> bytes:
    """QONNX in little: quantisers, a product, shape arithmetic, a normalisation, a float tail."""
    rng = np.random.default_rng(3)
    real = np.float32
    quantiser = "qonnx.custom_op.general"
    flags = {"signed": 1, "narrow": 1, "rounding_mode": "ROUND"}
    nodes = [
        node("Quant", ["x", "s", "z", "bits"], ["xq"], domain=quantiser, **flags),
        node("Shape", ["xq"], ["dims"]), node("Gather", ["dims", "first"], ["n"], axis=0),
        node("Unsqueeze", ["n"], ["n1"], axes=[0]),
        node("Concat", ["n1", "rest"], ["shape"], axis=0),
        node("Reshape", ["xq", "shape"], ["flat"]),
        node("Quant", ["w", "ws", "z", "bits"], ["wq"], domain=quantiser, **flags),
        node("MatMul", ["flat", "wq"], ["acc"]),
        node("BatchNormalization", ["acc", "gain", "shift", "mean", "variance"], ["normal"]),
        node("Relu", ["normal"], ["positive"]), node("Mul", ["positive", "s"], ["y"])]
    constants = {
        "s": real(0.25), "ws": real(0.5), "z": real(0), "bits": real(4), "first": np.int64(0),
        "rest": np.array([-1]), "w": rng.normal(0, 1, (16, 3)).astype(real),
        "gain": np.ones(3, real), "shift": np.zeros(3, real), "mean": np.zeros(3, real),
        "variance": np.ones(3, real)}
    return model_of(nodes, constants, opset=11).SerializeToString()


def small_qdq(scale: float) -> bytes:
    """A dense layer between QuantizeLinear and DequantizeLinear."""
    zero = np.int8(3)
    nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             node("DequantizeLinear", ["w", "s", "z0"], ["wd"]),
             node("Gemm", ["d", "wd"], ["acc"]),
             node("QuantizeLinear", ["acc", "s", "z"], ["yq"]),
             node("DequantizeLinear", ["yq", "s", "z"], ["y"])]
    weights = np.random.default_rng(4).integers(-127, 128, (16, 5)).astype(np.int8)
    return model_of(nodes, {"s": np.float32(scale), "z": zero, "z0": np.int8(0), "w": weights}
                    ).SerializeToString()


def check(cases: Sequence[Case], folder: Path) -> None:
    """Every case must compile or end in one clear line; all that do not are shown."""
    found = list(run_cases(cases, folder))
    wrong = [f"{case}: {outcome.kind}: {outcome.text}" for case, outcome in found
             if outcome.kind not in ("done", "fault")]
    assert not wrong, "\n".join(wrong)
    kinds = Counter((case.subject.name, outcome.kind) for case, outcome in found)
    assert len(found) == len(cases)
    # What refused everything, or took everything, would not be tested by this.
    for subject in {case.subject.name for case in cases}:
        assert kinds[subject, "fault"]
        assert kinds[subject, "done"]


def tflite_file(path: Path) -> None:
    compile_graph(tflite.load(path))


def onnx_file(path: Path) -> None:
    compile_graph(onnx_model.load(path))


def small_subjects() -> list[Subject]:
    return [Subject("dense.tflite", tflite_file, Dense().built()),
            Subject("small_qonnx.onnx", onnx_file, small_onnx()),
            Subject("branches.tflite", tflite_file, branching_model()),
            Subject("small_qdq.onnx", onnx_file, small_qdq(0.1)),
            Subject("powers_of_two.onnx", onnx_file, small_qdq(0.125))]


def real_subjects(data_dir: Path) -> list[Subject]:
    ad01 = ("models/mlperf_tiny/ad01_int8.tflite", tflite_file)
    return [Subject(file.rsplit("/")[-1], use, (data_dir / file).read_bytes()) for file, use in (
        ad01, ("models/tfc/TFC_2W2A.onnx", onnx_file),
        ad01, ("models/onnx_qdq/digits_mlp_qdq_s8s8.onnx", onnx_file))]


@pytest.mark.parametrize("count", [300, pytest.param(3000, marks=pytest.mark.full)])
def test_small_models(tmp_path, count):
    """Small files, so that changes hit structure rather than weights."""
    check(cases_of(small_subjects(), count, SEED), tmp_path)


@pytest.mark.parametrize("count", [100, pytest.param(1500, marks=pytest.mark.full)])
def test_real_models(data_dir, tmp_path, count):
    check(cases_of(real_subjects(data_dir), count, SEED), tmp_path)


def misbehave(path: Path) -> None:
    """A reader for each way in which one can go wrong; the number is in the file."""
    match path.read_bytes()[0]:
        case 0:
            raise ValueError("no fault of the user's")
        case 1:
            raise InputFault(f"{path}: two\nlines")
        case 2:
            raise InputFault("no file named")
        case 3:
            np.frombuffer(bytes(600 * 2**20))
        case 4:
            while True:
                pass
        case 5:
            warnings.warn("overflow", RuntimeWarning, stacklevel=1)
        case 6:
            os._exit(3)


@pytest.mark.parametrize(("number", "kind"), [
    (0, "traceback"), (1, "unclear"), (2, "unclear"), (3, "large"), (4, "late"), (5, "traceback"),
    (6, "died"), (7, "done")])
def test_the_worker_tells_how_readers_go_wrong(number, kind, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 0.2)
    monkeypatch.setattr(Case, "data", lambda case: bytes([case.number]))
    cases = [Case(Subject("bad", misbehave, b""), 0, n) for n in (number, 7)]
    outcomes = [outcome.kind for _, outcome in run_cases(cases, tmp_path)]
    assert outcomes == ([kind] if kind == "died" else [kind, "done"])


def test_mutants_are_the_same_for_the_same_seed():
    data = Dense().built()
    first, second = ([mutant(data, np.random.default_rng([SEED, n])) for n in range(100)]
                     for _ in range(2))
    assert first == second
    assert len(set(first)) > 95
    assert sum(m != data for m in first) > 95
