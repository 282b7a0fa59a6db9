"""Whole TFLite networks: the imported graph against the interpreters, and its names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gen.frontends import import_model
from gen.frontends.tflite import load
from sw_model.graph import Graph
from sw_model.ops import MatMul, Rescale, RescaleMode, Softmax, Table
from tests.support.tflite_models import ModelBuilder, branching_model, run_litert, run_micro


@pytest.fixture(scope="module")
def ad01(data_dir: Path) -> Path:
    return data_dir / "models" / "mlperf_tiny" / "ad01_int8.tflite"


@pytest.fixture(scope="module")
def recorded(ad01: Path) -> dict[str, np.ndarray]:
    """The 27 recorded inputs (``in``) and each oracle's outputs, one row each."""
    with np.load(ad01.with_suffix("").with_suffix(".ref.npz")) as file:
        samples = range(len(file["names"]))
        return {kind: np.concatenate([file[f"{kind}{n}_0"] for n in samples])
                for kind in ("in", "ref", "tflm", "old")}


def outputs_of(graph: Graph, inputs: np.ndarray) -> np.ndarray:
    outputs, _ = graph.run({graph.inputs[0]: inputs})
    return outputs[graph.outputs[0]]


def test_ad01_equals_tflite_micro(ad01, recorded):
    golden = outputs_of(load(ad01), recorded["in"])
    assert golden.shape == (27, 640)
    live = np.concatenate([run_micro(ad01.read_bytes(), row[None])[0] for row in recorded["in"]])
    np.testing.assert_array_equal(golden, live)
    np.testing.assert_array_equal(golden, recorded["tflm"])
    np.testing.assert_array_equal(golden, recorded["old"])


def test_ad01_equals_litert_reference(ad01, recorded):
    """LiteRT's FULLY_CONNECTED rounds once in float64; 5,873 values differ from the above."""
    golden = outputs_of(load(ad01, rounding=RescaleMode.FLOAT64_HALF_AWAY), recorded["in"])
    live = np.concatenate([run_litert(ad01.read_bytes(), row[None])[0] for row in recorded["in"]])
    np.testing.assert_array_equal(golden, live)
    np.testing.assert_array_equal(golden, recorded["ref"])
    assert np.count_nonzero(golden != outputs_of(load(ad01), recorded["in"])) == 5873


def test_ad01_has_short_names(ad01):
    """Names that a user can write in a spec: the layers' own, without their paths."""
    graph = load(ad01)
    layers = [node.name for node in graph.nodes if isinstance(node, MatMul)]
    assert layers == ["dense", *(f"dense_{n}" for n in range(1, 10))]
    assert [n.name for n in graph.nodes if isinstance(n, Rescale)] == [
        f"{layer}.rescale" for layer in layers]
    assert (graph.name, graph.inputs, graph.outputs) == ("ad01_int8", ("input_1",), ("Identity",))
    assert graph.producer("dense_3").name == "dense_3.rescale"


def test_ad01_survives_saving(ad01, recorded, tmp_path):
    graph = load(ad01)
    graph.save(tmp_path)
    again = Graph.load(tmp_path)
    np.testing.assert_array_equal(outputs_of(again, recorded["in"][:3]),
                                  outputs_of(graph, recorded["in"][:3]))
    assert again.as_json() == graph.as_json()


#: One thread each, in a process of their own: BLAS reads its variable when it is loaded.
RACE = """
import sys, time
from pathlib import Path
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from gen.frontends import import_model
path = Path(sys.argv[1])
x = np.random.default_rng(1).integers(-128, 128, (1000, 640)).astype(np.int8)
graph = import_model(path)
interpreter = Interpreter(model_path=str(path), num_threads=1,
                          experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
interpreter.resize_tensor_input(0, x.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(0, x)
def seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start
ours, theirs = [], []
for _ in range(8):
    ours.append(seconds(lambda: graph.run({"input_1": x})))
    theirs.append(seconds(interpreter.invoke))
print(min(theirs) / min(ours))
"""


@pytest.mark.full
def test_ad01_runs_three_times_as_fast_as_litert(ad01):
    """On batches of 1,000, in CPU seconds; the fastest of eight runs in turn."""
    threads = dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"], "1")
    done = subprocess.run([sys.executable, "-c", RACE, str(ad01)], capture_output=True, text=True,
                          env=os.environ | threads, check=True,
                          cwd=Path(__file__).resolve().parents[3])
    assert float(done.stdout) >= 3


@pytest.mark.parametrize(("run", "rounding"), [(run_micro, None),
                                               (run_litert, RescaleMode.FLOAT64_HALF_AWAY)])
def test_every_operator_in_one_network(run, rounding, tmp_path, rng):
    (path := tmp_path / "2 branches.tflite").write_bytes(model := branching_model())
    graph = import_model(path, rounding=rounding)
    samples = rng.normal(0, 3, (30, 6, 2)).astype(np.float32)
    outputs, _ = graph.run({"serving_default_x:0": samples})
    assert list(outputs) == [f"StatefulPartitionedCall:{n}" for n in (0, 1, 2)]
    for row, sample in enumerate(samples):
        for ours, theirs in zip(outputs.values(), run(model, sample[None]), strict=True):
            np.testing.assert_array_equal(ours[row], theirs[0])


def test_names_of_a_network_whose_file_names_little(tmp_path):
    (path := tmp_path / "2 branches.tflite").write_bytes(branching_model())
    graph = import_model(path)
    assert graph.name.isidentifier()
    assert [node.name for node in graph.nodes] == [
        "quantize0", "reshape", "hidden", "hidden.rescale", "fc0.flatten", "fc0", "fc0.rescale",
        "softmax0", "gate", "dequantize0"]
    assert graph.producer("hidden").name == "hidden.rescale"
    kinds = {node.name: type(node) for node in graph.nodes}
    assert (kinds["gate"], kinds["softmax0"]) == (Table, Softmax)


def test_graph_tensors_carry_scales(tmp_path):
    (path := tmp_path / "m.tflite").write_bytes(branching_model())
    tensors = import_model(path).tensors
    single = float(np.float32(0.05))
    assert tensors["reshape"].scale == (single,)
    assert tensors["reshape"].zero_point == -3
    assert len(tensors["hidden.acc"].scale) == 5
    assert tensors["hidden.acc"].scale[0] == single * float(
        np.random.default_rng(7).uniform(0.01, 0.03, 5).astype(np.float32)[0])
    assert tensors["StatefulPartitionedCall:1"].scale == (float(np.float32(0.1)),)
    assert tensors["serving_default_x:0"].scale is None


def test_equal_names_are_told_apart(tmp_path):
    """Tensors, inputs and layers of one name each; characters that no terminal should get."""
    build = ModelBuilder()
    ends = []
    for _ in range(2):
        x = build.tensor("x\n\x1b[2J", (1, 2), scale=1)
        weights = build.tensor("a/fc/MatMul", (2, 2), scale=1, values=np.eye(2))
        y = build.tensor("", (1, 2), scale=1)
        build.fully_connected(x, weights, None, y)
        ends.append((x, y))
    (path := tmp_path / "m.tflite").write_bytes(build.build(*zip(*ends, strict=True)))
    graph = import_model(path)
    assert graph.inputs == ("x__[2J", "x__[2J_2")
    assert graph.outputs == ("out0", "out1")
    assert [n.name for n in graph.nodes if isinstance(n, MatMul)] == ["fc", "fc_2"]


def test_rounding_must_be_one_of_tflites(tmp_path):
    (path := tmp_path / "m.tflite").write_bytes(branching_model())
    with pytest.raises(ValueError, match="rounding must be one of tflite_double, tflite_single, "
                                         "float64_half_away, not floor"):
        load(path, rounding=RescaleMode.FLOOR)
