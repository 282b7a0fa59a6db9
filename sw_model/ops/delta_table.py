"""GELU and SiLU as ReLU less a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor
from ..specs import DeltaTableSpec

__all__ = ["DeltaTable", "delta_table"]


def delta_table(x: NDArray[Any], spec: DeltaTableSpec, entries: NDArray[Any]
                ) -> NDArray[np.int64]:
    """``relu(x) - D(|x|)``, the difference ``D`` interpolated between ``entries``.

    ``D = (T[i] << b) + (T[i+1] - T[i]) * t``, rounded down to the result's fraction bits, ``i``
    being the multiple of the step below ``|x|`` and ``t`` the ``b`` bits of ``|x|`` behind it; 0
    from the last entry on.

    Parameters
    ----------
    x : integers, any shape
        Codes of ``spec.source``.
    spec : DeltaTableSpec
    entries : integers, shape (spec.entries,)
        Differences with ``spec.fraction`` fraction bits; :func:`sw_model.tables.delta_entries`
        makes those of GELU and SiLU.

    Returns
    -------
    int64 array of codes of ``spec.target``.

    With 22 fraction bits in ``x`` and the result, GELU with 177 entries 1/32 apart of 22 fraction
    bits is off by at most 9.8e-5, with 385 entries 1/64 apart of 16 by 3.0e-5; SiLU with 464
    entries 1/32 apart of 16 by 6.51e-5, with 185 entries 1/16 apart of 12 by 3.0e-4.

    Source: Edge-MoE (R. Sarkar et al., ICCAD 2023), whose GELU this is.

    >>> from sw_model.formats import FixedFormat
    >>> from sw_model.tables import delta_entries
    >>> entries = np.array(delta_entries("gelu", 5, 22))
    >>> spec = DeltaTableSpec(source=FixedFormat(32, 22), step_bits=5, fraction=22, entries=177)
    >>> delta_table(np.array([-1, 0, 1]) << 22, spec, entries)
    array([-665448,       0, 3528856])
    """
    codes = np.asarray(x).astype(np.int64)
    magnitude = np.minimum(np.abs(codes), spec.end)
    table = np.append(np.asarray(entries).astype(np.int64), 0)
    place = magnitude >> spec.between_bits
    between = magnitude & ((1 << spec.between_bits) - 1)
    exact = (table[place] << spec.between_bits) + (table[place + 1] - table[place]) * between
    delta = np.where(magnitude == spec.end, 0, exact >> spec.dropped)
    return (np.maximum(codes, 0) << spec.more_fraction) - delta


@dataclass(frozen=True, kw_only=True)
class DeltaTable(Node):
    """:func:`delta_table` of every element.

    Inputs: codes and the constant ``entries``, not negative; one output of the codes' shape.
    """

    synthesisable = True

    step_bits: int
    fraction: int
    target_fraction: int

    def spec(self, inputs: Sequence[Tensor]) -> DeltaTableSpec:
        """What serves the inputs."""
        return DeltaTableSpec(source=inputs[0].format, step_bits=self.step_bits,
                              fraction=self.fraction, entries=int(inputs[1].elements),
                              target_fraction=self.target_fraction)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, entries = inputs
        self.require(entries.value is not None and len(entries.shape) == 1
                     and entries.format.min >= 0,
                     "entries must be a constant vector of an unsigned format")
        return ((x.shape, self.checked(lambda: self.spec(inputs)).target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        spec = self.spec(inputs)
        return (delta_table(values[0], spec, values[1]).astype(spec.target.dtype),)
