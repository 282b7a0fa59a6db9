"""The hard sigmoid against float64, for every code."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import HardSigmoid, hard_sigmoid
from sw_model.specs import HardSigmoidSpec

INT8, INT16 = IntFormat(8), IntFormat(16)


@pytest.mark.parametrize(("source", "target"), [(INT8, INT8), (INT16, INT16), (INT16, INT8)],
                         ids=str)
def test_every_code(source, target, rng):
    """At most 0.54 of a unit from the real function, as documented."""
    codes = np.arange(source.min, source.max + 1)
    one = 2.0 ** (target.width - 1)
    for alpha, beta in ((0.2, 0.5), (1 / 6, 0.5), (0.9, 0.1), (-0.3, 0.7)):
        for scale in (6 / source.max, 2.0 / source.max, 50 / source.max):
            zero_in = int(rng.integers(source.min // 2, source.max // 2))
            given = {"scale_in": scale, "zero_in": zero_in, "scale_out": 0.99 / one,
                     "zero_out": -3}
            spec = HardSigmoidSpec.of(source, target, alpha=alpha, beta=beta, **given)
            real = np.clip(alpha * scale * (codes - zero_in) + beta, 0, 1) * one / 0.99 - 3
            result = hard_sigmoid(codes, spec)
            assert np.abs(result - np.minimum(real, target.max)).max() <= 0.54


def test_node(rng):
    codes = rng.integers(-128, 128, (3, 4, 5), dtype=np.int8)
    spec = HardSigmoidSpec.of(INT8, INT16, scale_in=0.05, scale_out=2.0**-15)
    node = HardSigmoid(name="s", inputs=("x",), outputs=("y",), spec=spec)
    x = Tensor("x", (4, 5), INT8)
    assert node.infer([x]) == (((4, 5), INT16),)
    (result,) = node.run([x], [codes])
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, hard_sigmoid(codes, spec))
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="input must be int8, not int9"):
        node.infer([Tensor("x", (4, 5), IntFormat(9))])


def test_refuses():
    with pytest.raises(ValueError, match="source must have at most 16 bits, not 17"):
        HardSigmoidSpec.of(IntFormat(17), INT8, scale_in=1.0, scale_out=1.0)
    with pytest.raises(ValueError, match="zero_out must be -128 to 127, not 128"):
        HardSigmoidSpec.of(INT8, INT8, scale_in=1.0, scale_out=1.0, zero_out=128)
    with pytest.raises(ValueError, match="shift must be 0 to 32, multiplier and offset less than"):
        HardSigmoidSpec.of(INT8, INT8, scale_in=1e15, scale_out=0.1)
