"""The samples that verification adds: extremes first, then random ones."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import parse_format
from sw_model.graph import Tensor, build
from sw_model.ops import Reshape
from verif.stimulus import FURTHER, further_samples


def network(form):
    """A network with one input of two by three codes."""
    tensors = [Tensor("x", (2, 3), form), Tensor("y", (6,), form)]
    return build("n", tensors, [Reshape(name="r", inputs=("x",), outputs=("y",), shape=(6,))],
                 ["x"], ["y"])


@pytest.mark.parametrize("spelling", ["int8", "uint4", "bipolar", "ternary"])
def test_extremes(rng, spelling):
    form = parse_format(spelling)
    codes = further_samples(network(form), 40, rng)["x"]
    assert codes.shape == (40, 2, 3)
    assert codes.dtype == form.dtype
    flat = codes.reshape(40, 6)
    low, high = form.min, form.max
    np.testing.assert_array_equal(flat[0], [low] * 6)
    np.testing.assert_array_equal(flat[1], [high] * 6)
    np.testing.assert_array_equal(flat[2], [low, high] * 3)
    np.testing.assert_array_equal(flat[3], [high, low] * 3)
    assert set(flat[4:6].ravel().tolist()) <= {low, high}
    form.check("codes", codes)
    assert len(np.unique(flat[6:])) >= min(high - low + 1, 50)


def test_at_least_the_extremes(rng):
    assert len(further_samples(network(parse_format("int8")), 0, rng)["x"]) == FURTHER
    assert len(further_samples(network(parse_format("int8")), 13, rng)["x"]) == 13
