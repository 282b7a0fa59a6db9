"""Whole networks on other kinds of processing elements: not a bit of the outputs changes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from gen.build import BuildOptions, build_model
from gen.engines import results, run_golden, run_rtl
from gen.frontends import import_model
from gen.mapping.plan import Plan
from hw.pe import CONSTANT_KINDS, PE_KINDS, DotSpec
from sw_model.graph import Graph
from sw_model.ops import MatMul

DIGITS = Path(__file__).resolve().parents[2] / "examples/digits/digits.onnx"

#: Devices for kinds that are made of a family's cells.
DEVICES = {"ice40": "ice40-up5k"}

#: Networks whose weights no device of a kind's family holds.
TOO_LARGE = {"mlperf_tiny/ad01_int8": ["packed_ice40"]}

#: Kinds for which the design of a whole network is compiled in ``make test``.
SOME = ["exact", "lut", "serial_lut"]


def kinds_for(graph):
    """Kinds that take the formats of every dense layer."""
    layers = [graph.input_tensors(node)[:2] for node in graph.nodes if isinstance(node, MatMul)]
    return [kind for kind, make in PE_KINDS.items() if not any(
        make.refusal(DotSpec(x.format, w.format, 1)) for x, w in layers)]


def build_as(kind, path, out, rate):
    """``path`` at the folding of the default plan for ``rate``, all dense units of one kind;
    of constant matrices whole."""
    family = None if kind in CONSTANT_KINDS else PE_KINDS[kind].family
    device = DEVICES.get(family, BuildOptions().device)
    build_model(path, out / "default", BuildOptions(rate=rate, device=device))
    plan = Plan.load(out / "default/plan.json")
    graph = Graph.load(out / "default")
    shapes = {node.name: graph.input_tensors(node)[1].shape for node in graph.nodes
              if isinstance(node, MatMul)}
    units = []
    for unit in plan.units:
        if unit.kind == "dense":
            rows, lanes = (shapes[unit.jobs[0]] if kind in CONSTANT_KINDS
                           else (unit.rows, unit.lanes))
            unit = msgspec.structs.replace(unit, pe=kind, rows=rows, lanes=lanes)
        units.append(unit)
    build_model(path, out / kind, BuildOptions(plan=msgspec.structs.replace(
        plan, units=tuple(units))))
    return Graph.load(out / kind), out / kind


def outputs_of(graph, folder, inputs):
    return results(graph, run_rtl(folder, graph, {graph.inputs[0]: inputs}),
                   dequantise=False)[graph.outputs[0]]


@pytest.mark.parametrize("kind", [*SOME, "adders", *(
    pytest.param(kind, marks=pytest.mark.full) for kind in CONSTANT_KINDS if kind != "adders")])
def test_bundled_digits(kind, need, tmp_path):
    """Scores of the imported network, which knows of no hardware."""
    need("verilator")
    images = np.load(DIGITS.with_name("test_images.npz"))["image"].astype(np.float32)
    imported = import_model(DIGITS)
    expected = run_golden(imported, {imported.inputs[0]: images})[imported.outputs[0]]
    graph, folder = build_as(kind, DIGITS, tmp_path, 20_000.0)
    assert kind in kinds_for(graph) or kind in CONSTANT_KINDS
    scores = run_rtl(folder, graph, {graph.inputs[0]: images})[graph.outputs[0]]
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.full
@pytest.mark.parametrize("name", ["mlperf_tiny/ad01_int8", "tfc/TFC_2W2A"])
def test_every_kind_on_a_real_model(name, need, data_dir, tmp_path):
    need("verilator")
    path = next((data_dir / "models").glob(f"{name}.*[ex]"))
    if "ad01" in name:
        ref = np.load(path.with_suffix(".ref.npz"))
        count = len(ref["names"])
        inputs, expected = (np.concatenate([ref[f"{role}{k}_0"] for k in range(count)])
                            for role in ("in", "tflm"))
    else:
        ref = np.load(path.with_suffix("").with_name("TFC_2W2A.mnist100.ref.npz"))
        inputs = (ref["x"].reshape(-1, 1, 28, 28) / np.float32(255)).astype(np.float32)
        expected = ref["out"]
    build_model(path, tmp_path / "any", BuildOptions(rate=1_000.0))
    kinds = [kind for kind in kinds_for(Graph.load(tmp_path / "any"))
             if kind not in TOO_LARGE.get(name, ())]
    assert len(kinds) >= 4
    for kind in kinds:
        graph, folder = build_as(kind, path, tmp_path / f"as_{kind}", 1_000.0)
        if "ad01" in name:
            found = outputs_of(graph, folder, inputs)
        else:
            found = run_rtl(folder, graph, {graph.inputs[0]: inputs})[graph.outputs[0]]
        np.testing.assert_array_equal(found, expected, err_msg=kind)
