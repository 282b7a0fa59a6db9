"""Real functions by name, in float64: what tables and piecewise polynomials stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FUNCTIONS", "RealFunction", "named_function"]

Reals = NDArray[np.float64]

#: A function of float64 arrays, element by element.
RealFunction = Callable[[Reals], Reals]

_erfc = np.frompyfunc(math.erfc, 1, 1)


def _normal_tail(x: Reals) -> Reals:
    """The chance that a standard normal number exceeds ``x``."""
    return 0.5 * np.asarray(_erfc(x / math.sqrt(2))).astype(np.float64)


def _sigmoid(x: Reals) -> Reals:
    # Of -|x| the power does not overflow.
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1.0) / (1 + small)


def _where_positive(x: Reals, function: RealFunction) -> Reals:
    """``function``, or infinity where ``x`` is not positive and the function has no value."""
    positive = x > 0
    return np.where(positive, function(np.where(positive, x, 1.0)), np.inf)


#: By the name that specs spell.
FUNCTIONS: dict[str, RealFunction] = {
    "exp": np.exp,
    "exp2": np.exp2,
    "gelu": lambda x: x * _normal_tail(-x),
    "gelu_delta": lambda x: np.abs(x) * _normal_tail(np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0),
    "log2": lambda x: np.where(x > 0, np.log2(np.where(x > 0, x, 1.0)), -np.inf),
    "reciprocal": lambda x: _where_positive(x, lambda y: 1 / y),
    "rsqrt": lambda x: _where_positive(x, lambda y: 1 / np.sqrt(y)),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "silu_delta": lambda x: np.abs(x) * _sigmoid(-np.abs(x)),
    "sin": np.sin,
    "softplus": lambda x: np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))),
    "sqrt": lambda x: np.sqrt(np.maximum(x, 0.0)),
    "tanh": np.tanh,
}


def named_function(function: str | Callable[[Any], Any]) -> RealFunction:
    """The function called ``function``, or the callable itself.

    Raises
    ------
    ValueError
        If no function has the name.
    """
    if not isinstance(function, str):
        return function
    if function not in FUNCTIONS:
        raise ValueError(f"unknown function {function!r}; there are {', '.join(FUNCTIONS)}")
    return FUNCTIONS[function]
