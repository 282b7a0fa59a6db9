"""Hard-swish against TFLite Micro and LiteRT, for every code."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import HardSwish, hard_swish
from sw_model.specs import FixedMultiplier, HardSwishSpec
from tests.support.tflite_models import run_litert
from tests.support.tflite_operators import Quantised, micro, one_operator

CODES = np.arange(-128, 128, dtype=np.int8)[None]

CASES = [(0.05, 0, 0.05, 0), (2.0**-4, -128, 2.0**-4, -128), (0.25, 127, 0.125, -3),
         (3.0, 5, 1.5, 7), (1e-3, -9, 1e-3, 100), (0.03, 17, 0.001, -128), (0.01, 0, 2.0, 3),
         (3 / 256, 1, 3 / 512, 0)]


def every_case(rng):
    drawn = [(scale, int(rng.integers(-128, 128)), scale * ratio, int(rng.integers(-128, 128)))
             for scale, ratio in zip(np.exp(rng.uniform(-7, 2, 30)),
                                     np.exp(rng.uniform(-3, 3, 30)), strict=True)]
    return [(float(np.float32(a)), z, float(np.float32(b)), y) for a, z, b, y in CASES + drawn]


def test_every_code(rng):
    for scale_in, zero_in, scale_out, zero_out in every_case(rng):
        spec = HardSwishSpec.of(scale_in=scale_in, zero_in=zero_in, scale_out=scale_out,
                                zero_out=zero_out)
        given = ("HARD_SWISH", [(CODES, Quantised(scale_in, zero_in))],
                 Quantised(scale_out, zero_out), CODES.shape)
        result = hard_swish(CODES, spec)
        np.testing.assert_array_equal(result, micro(*given), f"{spec}")
        np.testing.assert_array_equal(result, run_litert(one_operator(*given), CODES)[0])


def test_node(rng):
    codes = rng.integers(-128, 128, (3, 4, 5), dtype=np.int8)
    spec = HardSwishSpec.of(scale_in=0.05, scale_out=0.04, zero_in=3)
    node = HardSwish(name="s", inputs=("x",), outputs=("y",), spec=spec)
    x = Tensor("x", (4, 5), IntFormat(8))
    assert node.infer([x]) == (((4, 5), IntFormat(8)),)
    (result,) = node.run([x], [codes])
    assert result.dtype == np.int8
    np.testing.assert_array_equal(result, hard_swish(codes, spec))
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="input must be int8, not int9"):
        node.infer([Tensor("x", (4, 5), IntFormat(9))])


def test_refuses():
    with pytest.raises(ValueError, match="factor_out must have a shift of -15 to 0, not 1"):
        HardSwishSpec.of(scale_in=1.0, scale_out=2.0**-7)
    with pytest.raises(ValueError, match="factor_relu must have a shift of -15 to 15, not 16"):
        HardSwishSpec(zero_in=0, zero_out=0, factor_out=FixedMultiplier.of(0.1),
                      factor_relu=FixedMultiplier.of(50000.0))
    with pytest.raises(ValueError, match="zero_in must be -128 to 127, not 128"):
        HardSwishSpec.of(scale_in=1.0, scale_out=1.0, zero_in=128)
    with pytest.raises(ValueError, match=r"finite, not -1\.0"):
        HardSwishSpec.of(scale_in=-1.0, scale_out=1.0)
