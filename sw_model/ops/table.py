"""Complete tables: any function of a narrow code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, channels, per_channel

__all__ = ["Table", "table_lookup"]


def table_lookup(codes: NDArray[Any], entries: NDArray[Any], least: int) -> NDArray[Any]:
    """``entries[channel, codes - least]``.

    Parameters
    ----------
    codes : integers, shape (..., channels)
        From ``least`` to the code of the last entry.
    entries : shape (1 or channels, size)
        One row for all channels of the last axis or a row for each.
    least : int
        The code that selects entry 0.

    Returns
    -------
    array of the shape of ``codes`` and the type of ``entries``: exactly the entries, so that the
    error is that of whoever made them.

    Source: the definition.

    >>> table_lookup(np.array([[-1], [1]]), np.array([[30, 20, 10]]), -1)
    array([[30],
           [10]])
    """
    index = codes.astype(np.int64) - least
    if entries.shape[0] == 1:
        return np.asarray(entries[0][index])
    return np.asarray(entries[np.arange(entries.shape[0]), index])


@dataclass(frozen=True, kw_only=True)
class Table(Node):
    """A table with one entry for every code of its input.

    Inputs: codes (..., channels) and the constant ``entries`` (1 or channels, codes), entry 0
    belonging to the smallest code. One output of the input's shape in ``format``.
    """

    synthesisable = True

    #: Widest code for which a table is legal.
    MAX_WIDTH = 16

    format: Format

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, entries = inputs
        self.require(x.format.width <= self.MAX_WIDTH,
                     f"codes of {x.format} are wider than {self.MAX_WIDTH} bits")
        rows, size = channels(x.shape), x.format.max - x.format.min + 1
        self.require(entries.value is not None and len(entries.shape) == 2
                     and per_channel(entries.value, rows) and entries.shape[1] == size,
                     f"entries must be a constant of shape (1 or {rows}, {size}), "
                     f"not {entries.shape}")
        self.require(entries.format == self.format,
                     f"entries are {entries.format}, but the output is {self.format}")
        return ((x.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (table_lookup(values[0], values[1], inputs[0].format.min),)
