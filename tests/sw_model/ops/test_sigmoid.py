"""The 16-bit logistic function and tanh against TFLite Micro: all 65,536 codes."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Sigmoid, sigmoid
from sw_model.specs import SigmoidSpec
from tests.support.tflite_operators import Quantised, micro

CODES = np.arange(-2**15, 2**15, dtype=np.int16)[None]


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
def test_every_code(kind, rng):
    """Powers of two, also that of the table itself, and scales from nothing to saturation."""
    for scale in (2.0**-12, 2.0**-11, 2.0**-13, 2.0**-15, 1 / 12288, 2.0**-30, 1e-12, 1.0, 2.6,
                  *np.exp(rng.uniform(-13, 0, 12))):
        single = float(np.float32(scale))
        expected = micro(kind, [(CODES, Quantised(single))], Quantised(2.0**-15), CODES.shape)
        spec = SigmoidSpec.of(single, tanh=kind == "TANH")
        np.testing.assert_array_equal(sigmoid(CODES, spec), expected, f"{scale}")


@pytest.mark.parametrize(("tanh", "function", "most"), [
    (False, lambda x: 1 / (1 + np.exp(-x)), 3.1e-5), (True, np.tanh, 4.6e-5)])
def test_error_at_the_scale_of_the_table(tanh, function, most):
    result = sigmoid(CODES, SigmoidSpec.of(2.0**-12, tanh=tanh)) / 2**15
    assert np.abs(result - function(CODES / 2**12)).max() <= most


def test_never_falls():
    for tanh in (False, True):
        assert (np.diff(sigmoid(CODES[0], SigmoidSpec.of(3e-4, tanh=tanh))) >= 0).all()


def test_node(rng):
    codes = rng.integers(-2**15, 2**15, (3, 4, 5), dtype=np.int16)
    spec = SigmoidSpec.of(1e-3, tanh=True)
    node = Sigmoid(name="s", inputs=("x",), outputs=("y",), spec=spec)
    x = Tensor("x", (4, 5), IntFormat(16))
    assert node.infer([x]) == (((4, 5), IntFormat(16)),)
    (result,) = node.run([x], [codes])
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, sigmoid(codes, spec))
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="input must be int16, not int8"):
        node.infer([Tensor("x", (4, 5), IntFormat(8))])


@pytest.mark.parametrize(("make", "message"), [
    (lambda: SigmoidSpec.of(8 / 3), r"scale must be below 2.667, not 2.66"),
    (lambda: SigmoidSpec.of(0.0), "scale must be positive and finite, not 0.0"),
    (lambda: SigmoidSpec(multiplier=2**15, shift=0), "multiplier must be 0 to 32767, not 32768"),
    (lambda: SigmoidSpec(multiplier=1, shift=32), "shift must be 0 to 31, not 32")])
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()
    with pytest.raises(TypeError, match="tanh must be a bool, not 1"):
        SigmoidSpec(multiplier=1, shift=1, tanh=1)
