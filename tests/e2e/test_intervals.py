"""Every dense layer of the networks that are held to their frameworks takes the cycles it must.

Weights are random and the layers stand by themselves, so that the models' files are not
needed; where these are there, the layers' shapes are held to them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gen.build import BuildOptions, design_graph, stimulus_for
from gen.frontends import import_model
from gen.mapping.plan import Plan, Unit
from gen.passes import compile_graph
from sw_model.formats import BipolarFormat, Format, IntFormat, TernaryFormat
from sw_model.graph import Graph
from sw_model.ops import MatMul
from sw_model.partition import core_graph
from tests.conftest import ROOT
from tests.support.graphs import NetworkBuilder
from tests.support.many_designs import emulate

#: Samples, each of one vector; the first fills the pipeline.
SAMPLES = 6


class Layer(NamedTuple):
    """A matrix of ``rows`` x ``cols`` and its folding: ``pe`` rows x ``simd`` lanes."""

    rows: int
    cols: int
    pe: int
    simd: int

    @property
    def interval(self) -> int:
        """Cycles for each vector."""
        return math.ceil(self.rows / self.pe) * math.ceil(self.cols / self.simd)


class Network(NamedTuple):
    """A model's file, formats of activations and weights, and its dense layers in order."""

    file: str
    formats: tuple[tuple[Format, Format], ...]
    layers: tuple[Layer, ...]


INT8 = (IntFormat(8), IntFormat(8))
UINT2 = IntFormat(2, signed=False)

NETWORKS = {
    "ad01": Network("models/mlperf_tiny/ad01_int8.tflite", (INT8,) * 10, (
        Layer(128, 640, 8, 8), Layer(128, 128, 4, 8), Layer(128, 128, 8, 4),
        Layer(128, 128, 5, 6), Layer(8, 128, 1, 8), Layer(128, 8, 8, 1),
        Layer(128, 128, 3, 16), Layer(128, 128, 16, 3), Layer(128, 128, 7, 9),
        Layer(640, 128, 12, 5))),
    "TFC_1W1A": Network("models/tfc/TFC_1W1A.onnx", ((BipolarFormat(), BipolarFormat()),) * 4, (
        Layer(64, 784, 8, 16), Layer(64, 64, 6, 10), Layer(64, 64, 4, 8), Layer(10, 64, 4, 7))),
    "TFC_2W2A": Network("models/tfc/TFC_2W2A.onnx", ((TernaryFormat(), TernaryFormat()),) * 4, (
        Layer(64, 784, 4, 49), Layer(64, 64, 8, 8), Layer(64, 64, 5, 12), Layer(10, 64, 10, 3))),
    "digits_mlp_qdq": Network("models/onnx_qdq/digits_mlp_qdq_s8s8.onnx", (INT8,) * 3, (
        Layer(48, 64, 4, 4), Layer(32, 48, 5, 7), Layer(10, 32, 1, 2))),
    "digits": Network("examples/digits/digits.onnx", (
        (IntFormat(4, signed=False), IntFormat(3)), (UINT2, IntFormat(3)),
        (UINT2, IntFormat(4))), (
        Layer(32, 64, 8, 8), Layer(16, 32, 3, 5), Layer(10, 16, 4, 4))),
}


def unit_of(rng: np.random.Generator, layer: Layer, formats: tuple[Format, Format], name: str
            ) -> tuple[Graph, Plan]:
    """A layer as a network of its own, and the plan that folds it."""
    builder = NetworkBuilder(name)
    activations, weights = formats
    matrix = rng.integers(weights.min, weights.max, (layer.rows, layer.cols), endpoint=True)
    sums = builder.matmul(name, builder.input("x", (layer.cols,), activations), matrix,
                          format_=weights)
    unit = Unit(name=name, kind="dense", jobs=(name,), rows=layer.pe, lanes=layer.simd)
    return builder.build(sums), Plan(network=name, device="ecp5-85k", clock_mhz=50.0,
                                     units=(unit,))


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_fed_and_drained_at_full_rate(rng, need, tmp_path, network):
    """From the second vector on each takes as many cycles as the matrix has folds: no more,
    no fewer."""
    need("verilator")
    designs, inputs = [], {}
    for k, (layer, formats) in enumerate(zip(network.layers, network.formats, strict=True)):
        graph, plan = unit_of(rng, layer, formats, f"n{k}")
        designs.append(design_graph(graph, BuildOptions(plan=plan)).design)
        inputs[f"n{k}_x"] = stimulus_for(graph, SAMPLES)["x"]
    run = emulate(designs, tmp_path / "build").run(inputs)
    for k, (layer, design) in enumerate(zip(network.layers, designs, strict=True)):
        ends = run.delivered[f"u{k}__o"].astype(np.int64)
        assert np.diff(ends)[1:].tolist() == [layer.interval] * (SAMPLES - 2), layer
        assert design.plan.prediction.interval == layer.interval, layer
        assert ends[0] - run.accepted[f"u{k}__i"][0] == design.plan.prediction.latency, layer


def test_some_foldings_do_not_divide():
    ragged = [layer for network in NETWORKS.values() for layer in network.layers
              if layer.rows % layer.pe and layer.cols % layer.simd]
    assert len(ragged) >= 5


def check_shapes(network: Network, folder: Path) -> None:
    core = core_graph(compile_graph(import_model(folder / network.file)).graph)
    found = [core.input_tensors(node)[:2] for node in core.nodes if isinstance(node, MatMul)]
    assert [weights.shape for _, weights in found] == [layer[:2] for layer in network.layers]
    assert [(x.format, weights.format) for x, weights in found] == list(network.formats)


def test_shapes_of_the_bundled_network():
    check_shapes(NETWORKS["digits"], ROOT)


@pytest.mark.parametrize("network", [one for name, one in NETWORKS.items() if name != "digits"],
                         ids=lambda network: Path(network.file).stem)
def test_shapes_of_the_models(data_dir, network):
    check_shapes(network, data_dir)
