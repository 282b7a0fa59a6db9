"""Real models: the compiled network equals the imported one, and its forms are the smallest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gen.frontends import import_model
from gen.passes import compile_graph
from sw_model.partition import partition


def both(path: Path, x: np.ndarray):
    graph = import_model(path)
    compiled = compile_graph(graph)
    expected, seen = (g.run({g.inputs[0]: x})[0] for g in (graph, compiled.graph))
    for name in graph.outputs:
        np.testing.assert_array_equal(seen[name], expected[name], name)
    return compiled


def test_ad01(data_dir):
    folder = data_dir / "models" / "mlperf_tiny"
    with np.load(folder / "ad01_int8.ref.npz") as file:
        x = np.concatenate([file[f"in{k}_0"] for k in range(27)])
        reference = np.concatenate([file[f"tflm{k}_0"] for k in range(27)])
    compiled = both(folder / "ad01_int8.tflite", x)
    seen = compiled.graph.run({compiled.graph.inputs[0]: x})[0]
    np.testing.assert_array_equal(seen[compiled.graph.outputs[0]], reference)
    assert {r["form"] for r in compiled.report} == {"multiply"}
    assert [r["rows"] for r in compiled.report] == [1] * 10
    assert [r["multiplier_bits"] for r in compiled.report] == [
        21, 17, 10, 14, 21, 19, 20, 19, 21, 23]
    assert [r["offsets"] for r in compiled.report] == [1] * 9 + [2]
    widths = [n.format.width for n in compiled.graph.nodes if hasattr(n, "zero_point")]
    assert widths == [22, 19, 18, 18, 19, 17, 19, 20, 20, 21]


@pytest.mark.parametrize(("model", "thresholds"), [("TFC_1W1A", 1), ("TFC_2W2A", 2)])
def test_tfc(data_dir, model, thresholds):
    folder = data_dir / "models" / "tfc"
    with np.load(folder / f"{model}.mnist100.ref.npz") as file:
        images = file["x"].reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255)
    graph = import_model(folder / f"{model}.onnx")
    shape = graph.tensors[graph.inputs[0]].shape
    compiled = both(folder / f"{model}.onnx", images.reshape(len(images), *shape))
    assert [(r["form"], r["steps"]) for r in compiled.report] == [("thresholds", thresholds)] * 3
    parts = partition(compiled.graph)
    assert len(parts.core) == 7
    assert [type(n).__name__ for n in parts.tail] == ["Dequantise"] + ["Arithmetic"] * 4


def test_digits_qdq(data_dir):
    folder = data_dir / "models" / "onnx_qdq"
    with np.load(folder / "digits_mlp_qdq_s8s8.ref.npz") as file:
        x = file["x"]
    compiled = both(folder / "digits_mlp_qdq_s8s8.onnx", x)
    assert [r["form"] for r in compiled.report] == ["multiply"] * 3
    assert max(r["multiplier_bits"] for r in compiled.report) <= 20
