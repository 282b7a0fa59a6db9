"""Products of a gate and an operand, rescaled: SwiGLU and its kin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import GatedProductSpec
from .delta_table import delta_table

__all__ = ["GatedProduct", "gated_product"]


def gated_product(a: NDArray[Any], b: NDArray[Any], spec: GatedProductSpec,
                  entries: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """``clamp((gate(a) * b * multiplier + half) >> shift)``, element by element.

    Parameters
    ----------
    a, b : integers, of one shape
        Codes of ``spec.a`` and ``spec.b``.
    spec : GatedProductSpec
    entries : integers, optional
        Of the gate's table, if it has one: see :func:`.delta_table`.

    Returns
    -------
    int64 array of codes of ``spec.target``.

    In units of the result, off from the real product, saturated, by at most
    ``1/2 + |b| * b_scale / target_scale * (E + 2**-bits * |gate(a)|)``: half for the rounding,
    ``2**-bits`` of a product for the multiplier of that many bits (16 unless given), and ``E`` for
    the gate. That is :func:`.delta_table`'s error; of SiLU at multiples of its step of 1/16,
    ``2**-13`` with 12 fraction bits, so that int8 codes of scale 0.01 to codes of scale 0.05 are
    off by at most 0.504.

    Source: N. Shazeer, "GLU variants improve transformer", arXiv:2002.05202.

    >>> from sw_model.formats import FixedFormat, IntFormat
    >>> from sw_model.specs import DeltaTableSpec
    >>> from sw_model.tables import delta_entries
    >>> entries = delta_entries("silu", 4, 12)
    >>> silu = DeltaTableSpec(source=FixedFormat(8, 4), step_bits=4, fraction=12,
    ...                       entries=len(entries))
    >>> spec = GatedProductSpec.of_scales(silu, silu.source, IntFormat(8), IntFormat(8),
    ...                                   b_scale=0.01, target_scale=0.05)
    >>> gated_product(np.array([-16, 16, 64]), np.array([100, 100, -100]), spec,
    ...               np.array(entries))
    array([ -5,  15, -79])
    """
    gate = np.asarray(a).astype(np.int64)
    if spec.gate is not None:
        if entries is None:
            raise ValueError("the entries of the gate's table must be given")
        gate = delta_table(gate, spec.gate, entries)
    product = gate * np.asarray(b).astype(np.int64) * spec.multiplier
    return np.clip(product + (1 << spec.shift - 1) >> spec.shift, spec.target.min, spec.target.max)


@dataclass(frozen=True, kw_only=True)
class GatedProduct(Node):
    """:func:`gated_product` of two tensors of one shape.

    Inputs: ``a``, ``b`` and, if the spec has a gate, the constant entries of its table; one
    output of their shape.
    """

    synthesisable = True

    spec: GatedProductSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2 if self.spec.gate is None else 3)
        a, b, *entries = inputs
        for tensor, form in ((a, self.spec.a), (b, self.spec.b)):
            self.require(tensor.format == form,
                         f"{tensor.name!r} must be {form}, not {tensor.format}")
        self.require(a.shape == b.shape, f"shapes {list(a.shape)} and {list(b.shape)} differ")
        for tensor in entries:
            assert self.spec.gate is not None
            self.require(tensor.value is not None and tensor.shape == (self.spec.gate.entries,)
                         and tensor.format.min >= 0,
                         f"entries must be a constant vector of {self.spec.gate.entries} of an "
                         "unsigned format")
        return ((a.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        a, b, *entries = values
        return (gated_product(a, b, self.spec, *entries).astype(self.spec.target.dtype),)
