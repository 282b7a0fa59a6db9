"""Block floating point: integers of any width that share an exponent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from ..integer import FixedFormat
from .base import Fields
from .channel_order import in_order, restored
from .scale_rule import ScaleRule
from .shared_exponent import SharedExponentFormat

__all__ = ["BFPFormat"]


@dataclass(frozen=True)
class BFPFormat(SharedExponentFormat):
    """``bfp<mantissa,size>``: ``q * 2**(E - (mantissa - 2))``, ``E = floor(log2(amax))``.

    ``q`` is an integer of ``mantissa`` bits, sign included, from ``-(2**(mantissa - 1) - 1)``
    to ``2**(mantissa - 1) - 1``: rounded half to even, then saturated. ``E`` is held as
    ``E + 127`` in the field ``scales``, 8 bits: -127 to 127, and 255 for a block that holds
    NaN or an infinity. ``bfp<8,32>`` has the bits of ``mxint8``.

    Parameters
    ----------
    mantissa : int
        Bits of an element, 2 to 16.
    size : int
        Elements of a block, at least 1.

    Raises
    ------
    TypeError, ValueError
        If there is no such format.
    """

    mantissa: int
    size: int = 32

    rule = ScaleRule.FLOOR
    symmetric = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "mantissa", as_index("mantissa", self.mantissa))
        if not 2 <= self.mantissa <= 16:
            raise ValueError(f"mantissa must be 2 to 16 bits, not {self.mantissa}")
        self._check_shared()

    @property
    def element(self) -> FixedFormat:  # type: ignore[override]
        return FixedFormat(self.mantissa, self.mantissa - 2)

    def encode(self, values: ArrayLike, order: ArrayLike | None = None) -> Fields:
        """As the base class does; of the channels in ``order``, if there is one.

        An order (:func:`~.channel_order.magnitude_order`) is known when hardware is
        generated, and in no field.

        Raises
        ------
        TypeError, ValueError
            Also if ``order`` is no permutation of the last axis.
        """
        return super().encode(values if order is None else in_order(values, order))

    def decode(self, fields: Fields, order: ArrayLike | None = None) -> NDArray[np.float64]:
        """Real values, exact, with the channels back in their places."""
        reals = super().decode(fields)
        return reals if order is None else restored(reals, order)

    def __str__(self) -> str:
        return f"bfp<{self.mantissa},{self.size}>"
