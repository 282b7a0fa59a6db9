"""Every folding of a layer gives the same results, at the pace that its numbers say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gen.build import BuildOptions, design_graph, stimulus_for
from gen.frontends import import_model
from gen.mapping.plan import Plan, Unit
from gen.passes import compile_graph
from sw_model.graph import Graph
from sw_model.partition import core_graph
from tests.conftest import ROOT
from tests.support.many_designs import emulate

#: PE and SIMD for the last layer of the bundled network, 16 activations to 10 scores; those
#: that divide both, then those that do not.
FOLDINGS = [(1, 1), (10, 16), (1, 16), (10, 1), (2, 4), (5, 8), (5, 2), (2, 8), (10, 4), (1, 2),
            (3, 5), (4, 3), (7, 6), (6, 9), (9, 11), (12, 20)]
SAMPLES = 30


@pytest.fixture(scope="module")
def layer():
    """The layer as a network of its own."""
    core = core_graph(compile_graph(import_model(ROOT / "examples/digits/digits.onnx")).graph)
    node = core.nodes[-1]
    used = (*node.inputs, *node.outputs)
    return Graph("layer", {name: core.tensors[name] for name in used}, (node,),
                 node.inputs[:1], node.outputs).check()


@pytest.fixture(scope="module")
def emulated(layer, need, tmp_path_factory):
    need("verilator")
    designs = []
    for number, (rows, lanes) in enumerate(FOLDINGS):
        unit = Unit(name=f"n{number}", kind="dense", jobs=(layer.nodes[0].name,), rows=rows,
                    lanes=lanes)
        plan = Plan(network="layer", device="ecp5-85k", clock_mhz=50.0, units=(unit,))
        designs.append(design_graph(layer, BuildOptions(plan=plan)).design)
    return emulate(designs, tmp_path_factory.mktemp("foldings") / "build"), designs


def test_shape(layer):
    rows, cols = layer.tensors[layer.nodes[0].inputs[1]].shape
    assert (rows, cols) == (10, 16)
    assert len(FOLDINGS) >= 12
    assert sum(rows % r != 0 and cols % lanes != 0 for r, lanes in FOLDINGS) >= 4


@pytest.mark.parametrize(("idle", "stall"), [(0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.3, 0.3)])
def test_results_are_the_same(emulated, layer, idle, stall):
    emulator, designs = emulated
    codes = stimulus_for(layer, SAMPLES)[layer.inputs[0]]
    x, weights, *bias = layer.input_tensors(layer.nodes[0])
    expected = x.format.to_fixed(codes) @ weights.format.to_fixed(weights.value).T
    if bias:
        expected += bias[0].value
    run = emulator.run({f"n{k}_{x.name}": codes for k in range(len(designs))}, idle=idle,
                       stall=stall, seed=3)
    for number, folding in enumerate(FOLDINGS):
        seen = run.outputs[f"n{number}_{layer.outputs[0]}"]
        np.testing.assert_array_equal(seen.reshape(expected.shape), expected, f"{folding}")


def test_pace_and_latency(emulated, layer):
    """Fed and drained at full rate; from the second sample on every interval is the same."""
    emulator, designs = emulated
    codes = stimulus_for(layer, SAMPLES)[layer.inputs[0]]
    run = emulator.run({f"n{k}_{layer.inputs[0]}": codes for k in range(len(designs))})
    for number, (rows, lanes) in enumerate(FOLDINGS):
        interval = math.ceil(10 / rows) * math.ceil(16 / lanes)
        predicted = designs[number].plan.prediction
        assert predicted.interval == interval
        ends = run.delivered[f"u{number}__o"].astype(np.int64)
        assert set(np.diff(ends)[1:].tolist()) == {interval}, (rows, lanes)
        assert ends[0] - run.accepted[f"u{number}__i"][0] == predicted.latency, (rows, lanes)
