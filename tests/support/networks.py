"""Two networks that the tests of graphs share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sw_model.formats import IntFormat
from sw_model.graph import Graph, State, Tensor, build
from sw_model.ops import Table
from tests.support.graphs import NetworkBuilder

__all__ = ["ENTRIES", "WEIGHTS", "counter", "two_layers"]

INT8 = IntFormat(8)
WEIGHTS = np.array([[1, -2, 3], [-4, 5, -6]])
ENTRIES = (np.arange(256) * 7 % 256 - 128)[None]


def two_layers() -> Graph:
    """x (3,) -> sums (2,) -> flat (2, 1) -> top (2, 1), and a table beside it."""
    builder = NetworkBuilder("two")
    x = builder.input("x", (3,), INT8)
    sums = builder.matmul("fc", x, WEIGHTS, [10, -20])
    top = builder.argmax("top", builder.reshape("flat", sums, (2, 1)))
    return builder.build(top, builder.table("beside", x, ENTRIES), sums)


def counter(**changes) -> Graph:
    """A state that a table moves on, and an input that nothing needs."""
    graph = build("counter", [
        Tensor("x", (2,), INT8), Tensor("count", (2,), INT8), Tensor("next", (2,), INT8),
        Tensor("start", (2,), INT8, value=np.array([0, 5])),
        Tensor("entries", (1, 256), INT8, value=ENTRIES)],
        [Table(name="step", inputs=("count", "entries"), outputs=("next",), format=INT8)],
        ["x"], ["count"], [State("count", "start", "next")])
    return replace(graph, **changes)
