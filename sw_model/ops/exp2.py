"""Powers of two from a table, linear interpolation and a shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format, IntFormat
from ..node import Dimension, Node, Tensor
from ..specs import Exp2Spec
from ..tables import exp2_table

__all__ = ["Exp2", "exp2"]


def exp2(d: NDArray[Any], spec: Exp2Spec, multiplier: NDArray[Any] | int | None = None
         ) -> NDArray[np.int64]:
    """``2**(d * multiplier)`` for codes ``d <= 0``, with ``spec.fraction`` fraction bits.

    ``n`` and ``f`` being the whole part and the fraction of the product ``y``, rounded down,
    the result is ``2**f >> -n``, and ``2**f`` comes from the table by linear interpolation:
    ``T[i] + ((T[i+1] - T[i]) * t >> b)``, ``i`` the leading bits of ``f`` and ``t`` the ``b``
    bits behind them. Without bits for ``t`` it is the entry nearest to ``f``. It never falls
    with rising ``d``.

    Parameters
    ----------
    d : integers, any shape
        Codes of ``spec.source``; positive ones count as 0.
    spec : Exp2Spec
    multiplier : integers, optional
        That of each element, where the spec has but its format.

    Returns
    -------
    int64 array of the shape of ``d``: 0 to ``2**spec.fraction``, which is 1.

    Off by at most 2.26e-4, 6.04e-5 or 3.99e-5 from ``2**y`` for every ``y``, with 15 fraction
    bits, interpolated with 4, 5 or 6 index bits; by 1.37e-3 nearest with 8. With 94548 for
    log2(e), codes of 8 fraction bits from -16 to 0 are off from the exponential by at most
    2.16e-4, 5.37e-5 or 3.42e-5.

    Source: the range reduction is that of W. J. Cody and W. Waite, "Software
    manual for the elementary functions", Prentice-Hall 1980, chapter 6.

    >>> from sw_model.formats import FixedFormat
    >>> exp2(np.array([-640, 0]), Exp2Spec(source=FixedFormat(13, 8), multiplier=94548))
    array([ 2689, 32768])
    """
    if multiplier is None:
        if isinstance(spec.multiplier, IntFormat):
            raise ValueError(f"the multiplier of {spec.multiplier} must be given")
        multiplier = spec.multiplier
    product = np.minimum(np.asarray(d).astype(np.int64), 0) * multiplier
    whole = product >> spec.position_bits
    position = product & ((1 << spec.position_bits) - 1)
    power = _between_one_and_two(position, spec)
    # One bit more than the power has shifts all of it out.
    return power >> np.minimum(-whole, spec.fraction + 2)


def _between_one_and_two(position: NDArray[np.int64], spec: Exp2Spec) -> NDArray[np.int64]:
    table = np.array(exp2_table(spec))
    below = spec.position_bits - spec.index_bits
    if not spec.between_bits:
        return table[position + (1 << below >> 1) >> below]
    place = position >> below
    between = (position & ((1 << below) - 1)) >> (below - spec.between_bits)
    return table[place] + ((table[place + 1] - table[place]) * between >> spec.between_bits)


@dataclass(frozen=True, kw_only=True)
class Exp2(Node):
    """:func:`exp2` of every element; parameters are those of :class:`.specs.Exp2Spec`.

    One input, one output of its shape.
    """

    synthesisable = True

    multiplier: int
    index_bits: int
    fraction: int
    constant_fraction: int
    interpolation_bits: int

    def spec(self, source: Format) -> Exp2Spec:
        """What serves codes of ``source``."""
        return Exp2Spec(
            source=source, multiplier=self.multiplier, index_bits=self.index_bits,
            fraction=self.fraction, constant_fraction=self.constant_fraction,
            interpolation_bits=self.interpolation_bits)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 1)
        return ((inputs[0].shape, self.checked(lambda: self.spec(inputs[0].format)).target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        spec = self.spec(inputs[0].format)
        return (exp2(values[0], spec).astype(spec.target.dtype),)
