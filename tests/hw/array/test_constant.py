# amaranth: UnusedElaboratable=no
"""Dense layers of fixed weights against plain integer matrices."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hw.array.constant import ConstantLayer, ConstantLayerSpec
from hw.pe import CONSTANT_KINDS, ConstantSpec
from sw_model.formats import IntFormat, covering, parse_format
from tests.support.units import Interval, Unit, check_units


def layer_unit(rng, pe, activations, weights, *, biased=True, vectors=12):
    """Extremes of every row, then any vectors; results with bias."""
    form, weights = parse_format(activations), np.asarray(weights)
    rows, cols = weights.shape
    bias = rng.integers(-900, 901, rows) if biased else np.zeros(rows, np.int64)
    x = rng.integers(form.min, form.max, (vectors, cols), endpoint=True)
    x[0], x[1] = form.min, form.max
    x[2:2 + rows] = np.where(weights > 0, form.max, form.min)[:vectors - 2]
    spec = ConstantSpec(form, weights)
    lows, highs = np.array(spec.ranges).T + bias
    accumulator = covering(min(int(lows.min()), 0), max(int(highs.max()), 0))
    component = ConstantLayer(ConstantLayerSpec(spec, accumulator, tuple(bias.tolist()), pe))
    return Unit(component, {"i": x}, {"o": form.to_fixed(x) @ weights.T + bias},
                latency=component.latency, interval=Interval(component.step),
                name=f"{pe} {activations} {rows}x{cols}")


def test_every_kind(rng, need):
    """Without bubbles at the declared pace, with stalls, with resets in mid-stream."""
    need("icarus")
    matrix = rng.integers(-8, 8, (4, 6)) * rng.integers(0, 2, (4, 6))
    check_units([layer_unit(rng, pe, activations, weights, biased=biased)
                 for pe in CONSTANT_KINDS
                 for activations, weights, biased in (
                     ("int8", matrix, True), ("uint4", matrix, False), ("bipolar", matrix, True),
                     ("ternary", [[1]], True), ("int4", [[0, 0], [0, -3]], True))])


def test_results_without_an_adder_still_wait(rng, need):
    """A matrix of wires has no register of its own."""
    need("icarus")
    check_units([layer_unit(rng, "adders", "int8", [[4, 0], [0, 1]], biased=False)])


def test_wrong_parameters():
    spec, wide = ConstantSpec(parse_format("int8"), [[1, 2], [3, 4]]), IntFormat(12)
    with pytest.raises(ValueError, match=r"^biases must be as many as rows, 2, not 1$"):
        ConstantLayerSpec(spec, wide, (1,))
    kinds = re.escape(", ".join(CONSTANT_KINDS))
    with pytest.raises(ValueError, match=rf"^pe must be one of {kinds}, not 'lut'$"):
        ConstantLayerSpec(spec, wide, (1, 2), "lut")
    words = ("accumulator int9 holds -256 to 255, but sums of the weights' products and biases, of "
             "activations int8, come to -896 to 889: int11 holds them, or tell the reach of "
             "operands that come to less")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        ConstantLayerSpec(spec, IntFormat(9), (1, 0))
    words = ("accumulator int9 holds -256 to 255, but the results that it is told of come to -256 "
             "to 256: int10 holds them")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        ConstantLayerSpec(spec, IntFormat(9), (1, 0), reach=(-256, 256))
    with pytest.raises(TypeError, match=r"^bias must be an integer, not 0\.5$"):
        ConstantLayerSpec(spec, wide, (1, 0.5))
    assert ConstantLayer(ConstantLayerSpec(spec, IntFormat(9), (1, 0), reach=(-256, 255))).step == 1
    with pytest.raises(TypeError, match=r"^spec must be a ConstantLayerSpec, not 3$"):
        ConstantLayer(3)
