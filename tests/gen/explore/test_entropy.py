"""Entropy-coded bfloat16: rounded once, and the bits of the container."""

from __future__ import annotations

import numpy as np

from gen.explore.entropy import EntropyCoded
from gen.explore.scaled import Scaled
from sw_model.formats import parse_format
from sw_model.formats.entropy_coded import EntropyCodedBF16


def test_entropy_coded():
    tensor = np.random.default_rng(3).normal(0, 0.02, (50, 100))
    one = EntropyCoded()
    rounded = Scaled(parse_format("bf16")).restored(tensor)
    np.testing.assert_array_equal(one.restored(tensor), rounded)
    codes = parse_format("bf16").encode(tensor)
    assert one.bits(tensor) == EntropyCodedBF16.encode(codes).sizes.total / 5000 < 12
