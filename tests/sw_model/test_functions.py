"""Real functions by name, against Python's own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sw_model.functions import FUNCTIONS, named_function


def test_names_are_functions_of_themselves():
    """At points of both signs and far out."""
    x = np.array([-30.0, -2.5, -0.3, 0.0, 0.3, 1.0, 2.5, 30.0])
    logistic = [1 / (1 + math.exp(-each)) for each in x]
    normal = [0.5 * (1 + math.erf(each / math.sqrt(2))) for each in x]
    wanted = {
        "exp": [math.exp(each) for each in x], "exp2": [2.0**each for each in x],
        "gelu": x * normal, "gelu_delta": np.maximum(x, 0) - x * normal,
        "hard_sigmoid": [min(1, max(0, each / 6 + 0.5)) for each in x],
        "sigmoid": logistic, "silu": x * logistic, "silu_delta": np.maximum(x, 0) - x * logistic,
        "sin": [math.sin(each) for each in x], "tanh": [math.tanh(each) for each in x],
        "softplus": [math.log(1 + math.exp(each)) for each in x],
        "sqrt": [math.sqrt(max(0, each)) for each in x],
        "log2": [math.log2(each) if each > 0 else -math.inf for each in x],
        "reciprocal": [1 / each if each > 0 else math.inf for each in x],
        "rsqrt": [1 / math.sqrt(each) if each > 0 else math.inf for each in x]}
    assert set(wanted) == set(FUNCTIONS)
    for name, values in wanted.items():
        np.testing.assert_allclose(FUNCTIONS[name](x), values, rtol=1e-9, atol=1e-12,
                                   err_msg=name)


def test_names_and_callables():
    assert named_function("sin") is np.sin
    assert named_function(abs) is abs
    with pytest.raises(ValueError, match=r"^unknown function 'sine'; there are exp, exp2, gelu, "):
        named_function("sine")
