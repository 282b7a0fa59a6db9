"""Numbers in blocks that share a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..formats.blocks import NVFormat
from ..node import Dimension, Node, Tensor
from ..specs import BlockQuantiseSpec

__all__ = ["BlockQuantise", "block_quantise"]


def block_quantise(codes: NDArray[Any], spec: BlockQuantiseSpec
                   ) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes of the elements, and the codes of their blocks' scales.

    What :meth:`.BlockFormat.encode` makes of the numbers that ``codes`` stand for, which are
    exact as float64; for NVFP4 and NVINT4 by ``spec.tensor_scale``, so that blocks do not depend
    on each other.

    Parameters
    ----------
    codes : integers, shape (..., n)
        Codes of the spec's source; n is a multiple of ``spec.size``.
    spec : BlockQuantiseSpec

    Returns
    -------
    codes : array, shape (..., n)
        Of ``spec.element``.
    scales : array, shape (..., n / size)
        Of ``spec.scale``.

    Source: OCP Microscaling Formats (MX) Specification 1.0, section 6.3; the formats' own.

    >>> from sw_model.formats import IntFormat
    >>> spec = BlockQuantiseSpec(IntFormat(8), "mx<e2m1,4>")
    >>> block_quantise(np.array([1, -2, 3, 100, 0, 0, 0, 6]), spec)
    (array([0, 8, 0, 7, 0, 0, 0, 7], dtype=int8), array([131, 127], dtype=uint8))
    """
    block, values = spec.block, spec.source.decode(codes)
    fields = (block.encode(values, spec.tensor_scale if spec.tensor_scale is None
                           else np.float32(spec.tensor_scale))
              if isinstance(block, NVFormat) else block.encode(values))
    return fields["codes"].reshape(codes.shape), fields["scales"]


@dataclass(frozen=True, kw_only=True)
class BlockQuantise(Node):
    """Blocks of the last axis, each with its scale; see :func:`block_quantise`.

    One input (..., n), two outputs: codes (..., n) of ``spec.element``, and scales
    (..., n / size) of ``spec.scale``.
    """

    synthesisable = True

    spec: BlockQuantiseSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        (x,) = inputs
        self.require(x.format == self.spec.source,
                     f"input must be {self.spec.source}, not {x.format}")
        length = x.shape[-1] if x.shape else 0
        self.require(isinstance(length, int) and length > 0 and length % self.spec.size == 0,
                     f"needs an axis of blocks of {self.spec.size}, not {list(x.shape)}")
        assert isinstance(length, int)
        return ((x.shape, self.spec.element),
                ((*x.shape[:-1], length // self.spec.size), self.spec.scale))

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        codes, scales = block_quantise(values[0], self.spec)
        return codes.astype(self.spec.element.dtype), scales.astype(self.spec.scale.dtype)
