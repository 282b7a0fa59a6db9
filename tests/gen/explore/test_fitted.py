"""Fitted codebooks: exact where that can be, and better than even steps."""

from __future__ import annotations

import numpy as np

from gen.explore.fitted import Fitted
from gen.explore.scaled import Scaled
from sw_model.formats import parse_format


def test_fitted_codebooks():
    tensor = np.random.default_rng(8).choice([-3.5, 0.25, 1.0, 8.0], (4, 100))
    one = Fitted(4)
    np.testing.assert_array_equal(one.restored(tensor), tensor)
    assert one.bits(tensor) == 2 + 32 * 4 / 400
    rng = np.random.default_rng(9)
    tensor = rng.normal(0, 1, (1, 5000))
    uniform = Scaled(parse_format("int4")).restored(tensor)
    errors = [np.square(x - tensor).mean() for x in (Fitted(16).restored(tensor), uniform)]
    assert errors[0] < 0.9 * errors[1]
