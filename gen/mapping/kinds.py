"""Kinds of unit: which node each serves, and when it gives words for those that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sw_model.node import Node

from .frames import Frame

__all__ = ["UNIT_KINDS", "Releases", "Result", "UnitKind", "each_block", "each_vector", "each_word",
           "kinds_of", "served"]

Places = NDArray[np.int64]

#: From a node, the frames of its first operand and of its result, and lanes of both: the word
#: taken after which each word can be given.
Releases = Callable[[Node, Frame, Frame, int, int], Places]


def each_word(node: Node, taken: Frame, given: Frame, lanes: int, lanes_out: int) -> Places:
    """A word for each word."""
    return np.arange(taken.words(lanes))


def each_vector(node: Node, taken: Frame, given: Frame, lanes: int, lanes_out: int) -> Places:
    """The words of each vector's result once the whole vector was taken."""
    words = -(-taken.vector // lanes)
    count = given.words(lanes_out) // taken.vectors
    return np.repeat(words * np.arange(1, taken.vectors + 1) - 1, count)


def each_block(node: Node, taken: Frame, given: Frame, lanes: int, lanes_out: int) -> Places:
    """The words of each block of a vector once the whole block was taken."""
    words = node.spec.size // lanes  # type: ignore[attr-defined]
    return np.arange(taken.words(lanes)) // words * words + words - 1


def once_a_block(node: Node, taken: Frame, given: Frame, lanes: int, lanes_out: int) -> Places:
    """A word for each block of a vector once the whole block was taken."""
    words = node.spec.size // lanes  # type: ignore[attr-defined]
    return words * np.arange(1, given.words(lanes_out) + 1) - 1


def at_the_end(node: Node, taken: Frame, given: Frame, lanes: int, lanes_out: int) -> Places:
    """A vector once all vectors were taken, word by word with the last of them."""
    words = -(-taken.vector // lanes)
    return words * (taken.vectors - 1) + np.arange(words)


def each_way(node: Node, taken: Frame, given: Frame, lanes: int, lanes_out: int) -> Places:
    """A word for each word of any input."""
    return np.arange(given.words(lanes))


@dataclass(frozen=True)
class Result:
    """One of the streams that a unit gives.

    Parameters
    ----------
    member : str
        Of the component.
    releases : callable
        When it gives its words; :func:`each_word` or :func:`each_vector`, for instance.
    lanes : "same", "one" or "pairs"
        As many as go in, one, or two for each that goes in.
    latency : str
        The component's attribute that says how many cycles pass after the word that releases
        a word.
    """

    member: str = "o"
    releases: Releases = each_word
    lanes: Literal["same", "one", "pairs"] = "same"
    latency: str = "latency"

    def lanes_out(self, lanes: int) -> int:
        """Lanes of results, of units without rows."""
        return {"same": lanes, "one": 1, "pairs": 2 * lanes}[self.lanes]


@dataclass(frozen=True)
class UnitKind:
    """A kind of unit.

    Parameters
    ----------
    node : str
        The operation that it serves.
    *results : Result
        One for each output of the node; by default a word for each word.
    """

    node: str
    results: tuple[Result, ...]

    def __init__(self, node: str, *results: Result) -> None:
        object.__setattr__(self, "node", node)
        object.__setattr__(self, "results", results or (Result(),))


#: A row for each row, a word for each row, pairs of lanes.
ROWS = Result(releases=each_vector)
REDUCED = Result(releases=each_vector, lanes="one")
PAIRS = Result(lanes="pairs")

#: Every kind of unit by its name; the first that serves a node is what a default plan takes.
UNIT_KINDS: dict[str, UnitKind] = {
    "dense": UnitKind("MatMul"),
    "multiply_add_shift": UnitKind("MultiplyAddShift"),
    "framework_rescale": UnitKind("Rescale"),
    "threshold": UnitKind("MultiThreshold"),
    "binary_threshold": UnitKind("MultiThreshold"),
    "table": UnitKind("Table"),
    "argmax": UnitKind("ArgMax", REDUCED),
    "exp2": UnitKind("Exp2"),
    "reciprocal": UnitKind("Reciprocal", PAIRS),
    "rsqrt": UnitKind("Rsqrt", PAIRS),
    "isqrt": UnitKind("Isqrt"),
    "divide": UnitKind("Divide"),
    "delta_table": UnitKind("DeltaTable"),
    "piecewise": UnitKind("Piecewise"),
    "add": UnitKind("Add"),
    "multiply": UnitKind("Multiply"),
    "requantise": UnitKind("Requantise"),
    "shift_rescale": UnitKind("ShiftRescale"),
    "stochastic_shift": UnitKind("StochasticShift"),
    "k_hot_rescale": UnitKind("KHotRescale"),
    "residual_add": UnitKind("RescaleAdd"),
    "hadamard": UnitKind("Hadamard", Result(releases=each_block)),
    "gated_product": UnitKind("GatedProduct"),
    "max_pool": UnitKind("MaxPool"),
    "average_pool": UnitKind("AveragePool"),
    "mean": UnitKind("Mean", Result(releases=at_the_end)),
    "row_mean": UnitKind("Mean", REDUCED),
    "concatenate": UnitKind("Concatenate", Result(releases=each_way)),
    "integer_gelu": UnitKind("IntegerGelu"),
    "swish": UnitKind("Swish"),
    "shift_gelu": UnitKind("ShiftGelu", ROWS),
    "sigmoid": UnitKind("Sigmoid"),
    "hard_sigmoid": UnitKind("HardSigmoid"),
    "hard_swish": UnitKind("HardSwish"),
    "tflite_softmax": UnitKind("TfliteSoftmax", ROWS),
    "shiftmax": UnitKind("Shiftmax", ROWS),
    "top_k": UnitKind("TopK", REDUCED, Result("places", each_vector, "one")),
    "sampler": UnitKind("SeededSample", REDUCED),
    "block_quantise": UnitKind("BlockQuantise", Result(releases=each_block), Result(
        "scales", once_a_block, "one", "scale_latency")),
    "absmax_quantise": UnitKind("AbsMaxQuantise", ROWS, Result(
        "scales", each_vector, "one", "scale_latency")),
    "single_pass_softmax": UnitKind("SinglePassSoftmax", ROWS),
    "two_pass_softmax": UnitKind("TwoPassSoftmax", ROWS),
    "online_softmax": UnitKind("OnlineSoftmax", ROWS),
    "unified_softmax": UnitKind("UnifiedSoftmax", ROWS),
    "rms_norm": UnitKind("RmsNorm", ROWS),
    "layer_norm": UnitKind("LayerNorm", ROWS),
    "l1_norm": UnitKind("L1Norm", ROWS),
    "l2_norm": UnitKind("L2Norm", ROWS),
    "integer_layer_norm": UnitKind("IntegerLayerNorm", ROWS),
}


@cache
def kinds_of(node: str) -> tuple[str, ...]:
    """Kinds that serve an operation; none if there are none."""
    return tuple(name for name, kind in UNIT_KINDS.items() if kind.node == node)


def served() -> tuple[str, ...]:
    """Operations that units run."""
    return tuple(dict.fromkeys(kind.node for kind in UNIT_KINDS.values()))
