"""Operations that move elements without changing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, as_index
from ..node import AtMost, Dimension, Node, Tensor, extent

__all__ = ["Reshape", "Transpose"]


@dataclass(frozen=True, kw_only=True)
class Reshape(Node):
    """The same elements in row-major order under another shape (per sample)."""

    synthesisable = True

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "shape", tuple(as_index("shape", d) for d in self.shape))

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(not any(isinstance(d, AtMost) for d in x.shape),
                     "cannot reshape a run-time dimension")
        # Two negative dimensions would make a product that fits.
        self.require(min(self.shape, default=1) >= 1 and extent(self.shape) == x.elements,
                     f"cannot make {list(self.shape)} of {x.elements} elements")
        return ((self.shape, x.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (values[0].reshape(len(values[0]), *self.shape),)


@dataclass(frozen=True, kw_only=True)
class Transpose(Node):
    """Axes in another order; ``permutation`` counts per sample, without the batch axis."""

    permutation: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "permutation",
                           tuple(as_index("permutation", k) for k in self.permutation))

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(sorted(self.permutation) == list(range(len(x.shape))),
                     f"{list(self.permutation)} does not permute {len(x.shape)} axes")
        return ((tuple(x.shape[k] for k in self.permutation), x.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        return (np.transpose(values[0], (0, *(k + 1 for k in self.permutation))),)
