"""Specs and networks of the variants of softmax, rows that are hard on them, and the real one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import IntFormat
from sw_model.node import Node
from sw_model.ops import (
    OnlineSoftmax,
    Shiftmax,
    SinglePassSoftmax,
    TfliteSoftmax,
    TwoPassSoftmax,
    UnifiedSoftmax,
)
from sw_model.specs import (
    ExtendedExponentialSpec,
    OnlineSoftmaxSpec,
    ShiftmaxSpec,
    SinglePassSoftmaxSpec,
    TfliteSoftmaxSpec,
    TwoPassSoftmaxSpec,
    UnifiedSoftmaxSpec,
)
from tests.support.graphs import NetworkBuilder

__all__ = ["NETWORKS", "UINT8", "UINT16", "edge_rows", "online", "real_softmax", "some_rows",
           "unified"]

INT8, UINT8, UINT16 = IntFormat(8), IntFormat(8, signed=False), IntFormat(16, signed=False)


def online(scale: float, target: IntFormat = UINT8, source: IntFormat = INT8, **settings: Any
           ) -> OnlineSoftmaxSpec:
    """That of elements in units of ``scale``."""
    return OnlineSoftmaxSpec(power=ExtendedExponentialSpec.from_scale(source, scale),
                             target=target, **settings)


def unified(scale: float, target: IntFormat = UINT8, *, maximum: int = 0, below: float = -4,
            above: float = 4, guard: int | None = None, **settings: Any) -> UnifiedSoftmaxSpec:
    """That of elements in units of ``scale``."""
    return UnifiedSoftmaxSpec.around(online(scale, target, **settings), maximum=maximum,
                                     below=below, above=above, scale=scale, guard=guard)


def real_softmax(codes: NDArray[Any], scale: float) -> NDArray[np.float64]:
    """In float64, along the last axis."""
    real = scale * codes.astype(np.float64)
    powers = np.exp(real - real.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def some_rows(rng: np.random.Generator, shape: tuple[int, ...], deviation: float, *,
              source: IntFormat = INT8) -> NDArray[np.int64]:
    """Normal elements, in the range of codes."""
    drawn = np.round(rng.normal(0, deviation, shape))
    return np.clip(drawn, source.min, source.max).astype(np.int64)


def edge_rows(longest: int, source: IntFormat = INT8) -> list[NDArray[np.int64]]:
    """The shortest and the longest; all equal; the largest first or last; one that stands out;
    rising and falling."""
    low, high = source.min, source.max
    rows = [np.full(longest, value) for value in (low, 0, high)]
    rows += [np.array([value]) for value in (low, 0, high)]
    for place in (0, longest - 1, longest // 2):
        row = np.full(longest, low)
        row[place] = high
        rows += [row, np.where(row == high, 1, 0)]
    rising = np.linspace(low, high, longest).astype(np.int64)
    return [*rows, rising, rising[::-1], np.array([low, high]), np.array([high, low])]


def _node(kind: type[Node], spec: Any, builder: NetworkBuilder, x: str) -> str:
    return builder.node(kind, "softmax", x, spec=spec)


#: By operation: the input's format, and what adds the node behind it.
NETWORKS: dict[str, tuple[IntFormat, Callable[[NetworkBuilder, str], str]]] = {
    kind.__name__: (INT8, partial(_node, kind, spec)) for kind, spec in (
        (OnlineSoftmax, online(1 / 16)),
        (Shiftmax, ShiftmaxSpec.published(INT8, 1 / 16)),
        (SinglePassSoftmax, SinglePassSoftmaxSpec.from_scale(INT8, 1 / 16, target=UINT8)),
        (TfliteSoftmax, TfliteSoftmaxSpec(multiplier=2**30, shift=23, diff_min=-248)),
        (TwoPassSoftmax, TwoPassSoftmaxSpec.from_scale(INT8, 1 / 16, target=UINT8)),
        (UnifiedSoftmax, unified(1 / 16)))}
