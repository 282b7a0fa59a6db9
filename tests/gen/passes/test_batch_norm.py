"""Batch normalisation folded into the layer before it: equal for every accumulator."""

from __future__ import annotations

import numpy as np
import pytest

from gen.passes import PassOptions, compile_graph
from sw_model.formats import IntFormat
from sw_model.ops import MatMul, MultiplyAddShift, MultiThreshold, batch_normalisation
from tests.support.graphs import sweep_network

CHANNELS = 12
BITS = 15
SCALE = 0.013


def parameters(rng):
    """Gamma of both signs and 0, a variance of almost nothing, means far away."""
    gamma, beta = rng.normal(0, 1, (2, CHANNELS))
    mean, variance = rng.normal(0, 40, CHANNELS), rng.uniform(0.01, 9, CHANNELS)**4
    gamma[0], gamma[1], gamma[2] = 0, -0.0, 1e-4
    variance[3], variance[4], mean[5] = 0, 1e-9, 3e4
    return [each.astype(np.float32) for each in (gamma, beta, mean, variance)]


def folded(graph, acc):
    """What the folded node makes of accumulators (positions, channels), by its own constants in
    Python's integers; the golden nodes are not asked."""
    node = graph.nodes[-1]
    first, second, *rest = (graph.tensors[name].value.astype(object) for name in node.inputs[1:])
    if isinstance(node, MultiplyAddShift):
        offset = np.where(acc < 0, second[:, -1], second[:, 0])
        return np.clip(acc * first + offset >> node.shift, node.low, node.high)
    return rest[0] + (second[None] * (acc[..., None] >= first[None])).sum(axis=-1)


def network(rng, bits, rectified):
    """A layer, its normalisation and quantiser, and what they are in float32 from every
    accumulator on."""
    b, acc, codes = sweep_network(CHANNELS, BITS, bias=rng.integers(-900, 900, CHANNELS))
    gamma, beta, mean, variance = parameters(rng)
    step = np.float32(4.0 / 2**bits)
    real = b.batch_normalisation("bn", b.dequantise("d", acc, SCALE), gamma, beta, mean, variance)
    real = b.relu("relu", real) if rectified else real
    form = IntFormat(bits, signed=not rectified)
    graph = b.build(b.quantise("q", real, float(step), form), acc)

    def function(accumulators):
        x = accumulators.astype(np.float32) * np.float32(SCALE)
        y = batch_normalisation(x, gamma, beta, mean, variance, 1e-5)
        y = np.maximum(y, 0) if rectified else y
        return np.clip(np.rint(y / step), form.min, form.max).astype(np.int64)

    return graph, codes, function


@pytest.mark.parametrize(("bits", "rectified"), [
    (1, True), (2, False), (2, True), (4, False), (4, True), (8, False), (8, True)])
@pytest.mark.parametrize("form", ["auto", "thresholds"])
def test_equal_for_every_accumulator(bits, rectified, form, rng):
    """All 32,768 that a channel can have, by the constants of the folded node alone."""
    graph, codes, function = network(rng, bits, rectified)
    compiled = compile_graph(graph, PassOptions({"fc": form}))
    assert [type(n) for n in compiled.graph.nodes[:-1]] == [MatMul]
    assert isinstance(compiled.graph.nodes[-1], MultiThreshold | MultiplyAddShift)
    (record,) = compiled.report
    assert "BatchNormalisation" in record["replaces"]
    assert record["points"] >= codes.size
    (outputs, _) = graph.run({"x": codes})
    accumulators = next(value for name, value in outputs.items() if name.startswith("fc"))
    expected = function(accumulators)
    np.testing.assert_array_equal(folded(compiled.graph, accumulators.astype(object)), expected)
    # Channels rise, fall, and stay: the test is about all three.
    slopes = np.sign(expected[-1] - expected[0]) * np.sign(accumulators[-1] - accumulators[0])
    assert set(slopes.tolist()) == {-1, 0, 1}
