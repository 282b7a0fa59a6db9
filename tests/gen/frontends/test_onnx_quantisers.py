"""Quantising again on the same grid, tried on every code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sw_model.formats import Rounding
from sw_model.ops import Quantise, dequantise, quantise
from tests.support.onnx_models import imported, model_of, node

TINY, MOST = np.finfo(np.float32).tiny, np.finfo(np.float32).max


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("rounding", [Rounding.HALF_EVEN, Rounding.HALF_AWAY,
                                      Rounding.HALF_TOWARD_ZERO])
def test_every_code_comes_back(rng: np.random.Generator, inside: bool, rounding: Rounding) -> None:
    scales = np.concatenate([rng.uniform(0.5, 1, 20).astype(np.float32),
                             [np.float32(TINY), np.float32(MOST / 2**17)]])
    for low, high in ((-2**15, 2**15 - 1), (0, 2**16 - 1)):
        codes = np.arange(low, high + 1)
        for scale in scales:
            for zero_point in (0, low, high):
                real = dequantise(codes, np.array([scale]), zero_point)
                again = quantise(real, np.array([scale]), zero_point=zero_point, low=low,
                                 high=high, rounding=rounding, inside=inside)
                np.testing.assert_array_equal(again, codes)


@pytest.mark.parametrize(("scale", "quantisers"), [
    (0.3, 1), (float(TINY), 1), (float(TINY) / 2, 2), (float(MOST) / 2**16, 2)])
def test_where_codes_would_not_come_back_they_are_made_again(tmp_path: Path, scale: float,
                                                             quantisers: int) -> None:
    nodes = [node("QuantizeLinear", ["x", "s"], ["a"]), node("DequantizeLinear", ["a", "s"], ["b"]),
             node("QuantizeLinear", ["b", "s"], ["c"]), node("DequantizeLinear", ["c", "s"], ["y"])]
    graph = imported(model_of(nodes, {"s": np.float32(scale)}), tmp_path)
    assert sum(isinstance(n, Quantise) for n in graph.nodes) == quantisers
