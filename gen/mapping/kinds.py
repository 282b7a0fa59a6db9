"""Kinds of unit: which node each serves, and when it gives words for those that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sw_model.node import Node

from .frames import Frame

__all__ = ["UNIT_KINDS", "Releases", "UnitKind", "each_block", "each_vector", "each_word",
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


@dataclass(frozen=True)
class UnitKind:
    """A kind of unit.

    Parameters
    ----------
    node : str
        The operation that it serves.
    releases : callable
        When it gives its words; :func:`each_word` or :func:`each_vector`, for instance.
    one_lane_out : bool
        Whether results have one lane, however many lanes go in.
    pairs_out : bool
        Whether results have two lanes for each that goes in.
    """

    node: str
    releases: Releases = each_word
    one_lane_out: bool = False
    pairs_out: bool = False

    def lanes_out(self, lanes: int) -> int:
        """Lanes of results, of units without rows."""
        return 1 if self.one_lane_out else lanes * (1 + self.pairs_out)


#: Every kind of unit by its name; the first that serves a node is what a default plan takes.
UNIT_KINDS: dict[str, UnitKind] = {
    "dense": UnitKind("MatMul"),
    "multiply_add_shift": UnitKind("MultiplyAddShift"),
    "framework_rescale": UnitKind("Rescale"),
    "threshold": UnitKind("MultiThreshold"),
    "binary_threshold": UnitKind("MultiThreshold"),
    "table": UnitKind("Table"),
    "argmax": UnitKind("ArgMax", each_vector, one_lane_out=True),
    "exp2": UnitKind("Exp2"),
    "reciprocal": UnitKind("Reciprocal", pairs_out=True),
    "rsqrt": UnitKind("Rsqrt", pairs_out=True),
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
    "hadamard": UnitKind("Hadamard", each_block),
    "gated_product": UnitKind("GatedProduct"),
    "integer_gelu": UnitKind("IntegerGelu"),
    "swish": UnitKind("Swish"),
    "shift_gelu": UnitKind("ShiftGelu", each_vector),
    "sigmoid": UnitKind("Sigmoid"),
    "hard_sigmoid": UnitKind("HardSigmoid"),
    "hard_swish": UnitKind("HardSwish"),
    "tflite_softmax": UnitKind("TfliteSoftmax", each_vector),
    "shiftmax": UnitKind("Shiftmax", each_vector),
    "single_pass_softmax": UnitKind("SinglePassSoftmax", each_vector),
    "two_pass_softmax": UnitKind("TwoPassSoftmax", each_vector),
    "online_softmax": UnitKind("OnlineSoftmax", each_vector),
    "unified_softmax": UnitKind("UnifiedSoftmax", each_vector),
    "rms_norm": UnitKind("RmsNorm", each_vector),
    "layer_norm": UnitKind("LayerNorm", each_vector),
    "l1_norm": UnitKind("L1Norm", each_vector),
    "l2_norm": UnitKind("L2Norm", each_vector),
    "integer_layer_norm": UnitKind("IntegerLayerNorm", each_vector),
}


@cache
def kinds_of(node: str) -> tuple[str, ...]:
    """Kinds that serve an operation; none if there are none."""
    return tuple(name for name, kind in UNIT_KINDS.items() if kind.node == node)


def served() -> tuple[str, ...]:
    """Operations that units run."""
    return tuple(dict.fromkeys(kind.node for kind in UNIT_KINDS.values()))
