"""Real models, from the file to emulated Verilog, against recorded oracles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gen.build import BuildOptions, build_model
from gen.engines import results, run_golden, run_rtl
from gen.frontends import import_model
from gen.mapping.plan import Plan, Unit
from sw_model.graph import Graph

AD01 = "models/mlperf_tiny/ad01_int8"


def build(path, out, units=None, **options):
    """Build a model, perhaps with a table of units instead of the default plan's."""
    plan = None
    if units is not None:
        plan = Plan(network="x", device="ecp5-85k", clock_mhz=50.0, units=tuple(units))
    manifest = build_model(path, out, BuildOptions(plan=plan, **options))
    return manifest, Graph.load(out)


def ad01_vectors(data_dir):
    ref = np.load(data_dir / f"{AD01}.ref.npz")
    count = len(ref["names"])
    return tuple(np.concatenate([ref[f"{kind}{k}_0"] for k in range(count)])
                 for kind in ("in", "tflm", "ref"))


def shared(groups):
    """Units for ad01's ten layers: one dense and one rescale unit for each group of layers."""
    units = []
    for number, (layers, rows, lanes) in enumerate(groups):
        units.append(Unit(name=f"dense{number}", kind="dense", jobs=tuple(layers), rows=rows,
                          lanes=lanes))
        units.append(Unit(name=f"rescale{number}", kind="multiply_add_shift", lanes=1,
                          jobs=tuple(f"{layer}_rescale" for layer in layers)))
    return units


@pytest.fixture(scope="module")
def layers(data_dir, tmp_path_factory):
    """Names of ad01's layers, from a default build, and that build."""
    out = tmp_path_factory.mktemp("ad01") / "default"
    manifest, graph = build(data_dir / f"{AD01}.tflite", out)
    plan = Plan.load(out / "plan.json")
    return [unit.jobs[0] for unit in plan.units if unit.kind == "dense"], out, manifest, graph


def test_ad01_as_ten_units(need, data_dir, layers):
    """The default plan: every element of all recorded inputs, golden and emulated."""
    need("verilator")
    names, out, _, graph = layers
    x, expected, _ = ad01_vectors(data_dir)
    assert len(names) == 10
    inputs = {graph.inputs[0]: x}
    golden = results(graph, run_golden(graph, inputs), dequantise=False)
    rtl = results(graph, run_rtl(out, graph, inputs), dequantise=False)
    np.testing.assert_array_equal(golden[graph.outputs[0]], expected)
    np.testing.assert_array_equal(rtl[graph.outputs[0]], expected)
    # Every layer found a multiply-add-shift that is proven.
    kinds = [unit.kind for unit in Plan.load(out / "plan.json").units]
    assert kinds.count("multiply_add_shift") == 10


@pytest.mark.parametrize("groups", [
    pytest.param((((0, 1, 2, 3), 8, 4), ((4, 5, 6), 4, 4), ((7, 8, 9), 5, 8)), id="three"),
    pytest.param((((0, 3, 6, 9), 8, 8), ((1, 4, 7), 4, 2), ((2, 5, 8), 7, 3)), id="interleaved",
                 marks=pytest.mark.full),
    pytest.param(((tuple(range(10)), 8, 8),), id="one")])
def test_ad01_on_shared_units(need, data_dir, layers, tmp_path, groups):
    need("verilator")
    names = layers[0]
    units = shared([([names[k] for k in each], rows, lanes) for each, rows, lanes in groups])
    _, graph = build(data_dir / f"{AD01}.tflite", tmp_path / "build", units)
    x, expected, _ = ad01_vectors(data_dir)
    rtl = results(graph, run_rtl(tmp_path / "build", graph, {graph.inputs[0]: x}),
                  dequantise=False)
    np.testing.assert_array_equal(rtl[graph.outputs[0]], expected)


def test_ad01_by_the_other_rounding(need, data_dir, tmp_path):
    """LiteRT's reference kernels round FULLY_CONNECTED once, in float64."""
    need("verilator")
    from sw_model.ops import RescaleMode

    out = tmp_path / "build"
    _, graph = build(data_dir / f"{AD01}.tflite", out, rounding=RescaleMode.FLOAT64_HALF_AWAY)
    x, double, expected = ad01_vectors(data_dir)
    assert (double != expected).any()
    rtl = results(graph, run_rtl(out, graph, {graph.inputs[0]: x}), dequantise=False)
    np.testing.assert_array_equal(rtl[graph.outputs[0]], expected)


#: A rate that keeps designs small enough to compile in seconds, and the default plan's.
RATES = [50_000.0, pytest.param(None, marks=pytest.mark.full)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", ["TFC_1W1A", "TFC_2W2A"])
def test_tfc(need, data_dir, tmp_path, name, rate):
    """Scores equal qonnx's bit for bit; the last layer's integers come from the hardware."""
    need("verilator")
    ref = np.load(data_dir / f"models/tfc/{name}.mnist100.ref.npz")
    _, graph = build(data_dir / f"models/tfc/{name}.onnx", tmp_path / "build", rate=rate)
    x = (ref["x"].reshape(-1, 1, 28, 28) / np.float32(255)).astype(np.float32)
    values = run_rtl(tmp_path / "build", graph, {graph.inputs[0]: x})
    scores = values[graph.outputs[0]]
    np.testing.assert_array_equal(scores, ref["out"])
    np.testing.assert_array_equal(scores.argmax(axis=1), ref["out"].argmax(axis=1))


@pytest.mark.parametrize("rate", RATES)
def test_digits_qdq(need, data_dir, tmp_path, rate):
    """ONNX Runtime's classes and, behind the tail, its very scores on all 200 rows."""
    need("verilator")
    path = data_dir / "models/onnx_qdq/digits_mlp_qdq_s8s8"
    ref = np.load(f"{path}.ref.npz")
    _, graph = build(path.with_suffix(".onnx"), tmp_path / "build", rate=rate)
    values = run_rtl(tmp_path / "build", graph, {graph.inputs[0]: ref["x"]})
    scores = values[graph.outputs[0]]
    np.testing.assert_array_equal(scores.argmax(axis=1), ref["out"].argmax(axis=1))
    assert int((scores != ref["out"]).sum()) == 0


def test_bundled_digits(need, tmp_path):
    """The example on its whole test set: scores of the imported network, and its accuracy."""
    need("verilator")
    example = Path(__file__).resolve().parents[2] / "examples/digits"
    images = np.load(example / "test_images.npz")["image"].astype(np.float32)
    labels = np.load(example / "test_labels.npz")["label"]
    _, graph = build(example / "digits.onnx", tmp_path / "build", rate=100_000.0)
    imported = import_model(example / "digits.onnx")
    expected = run_golden(imported, {imported.inputs[0]: images})[imported.outputs[0]]
    scores = run_rtl(tmp_path / "build", graph, {graph.inputs[0]: images})[graph.outputs[0]]
    np.testing.assert_array_equal(scores, expected)
    assert len(labels) == 360
    assert (scores.argmax(axis=1) == labels).mean() >= 0.95
