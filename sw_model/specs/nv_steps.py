"""Where the scale and the codes of NVIDIA's 4-bit blocks step: their quantiser as thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..formats import FixedFormat, IntFormat
from ..formats.blocks import NVFormat
from .checks import require_format

__all__ = ["MOST", "NVSteps"]

#: Widest source: golden reals are float64.
MOST = 53

#: Magnitudes of an element's codes are 0 to 7.
LEVELS = np.arange(1, 8)

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class NVSteps:
    """The quantiser of blocks of integers, as the least magnitudes of every step.

    All operations of :meth:`NVFormat.encode` are monotone, and negative numbers have the codes
    of positive ones but for the sign: so the scale is a staircase over the largest magnitude of
    a block, and with that scale a code one over an element's. Where they step is searched for
    among all magnitudes of the source, by the format's own encoder.

    Parameters
    ----------
    source : IntFormat or FixedFormat
        Of at most 53 bits.
    form : NVFormat
    tensor_scale : float or None
        That of :meth:`NVFormat.encode`, a number of float32; None for formats without.

    Raises
    ------
    TypeError, ValueError
        If there are none, or a number of the source lies outside the range of float32.
    """

    source: IntFormat | FixedFormat
    form: NVFormat
    tensor_scale: float | None = None

    def __post_init__(self) -> None:
        require_format("source", self.source)
        if not isinstance(self.source, IntFormat | FixedFormat):
            raise TypeError(f"source must be an IntFormat or FixedFormat, not {self.source!r}")
        if self.source.width > MOST:
            raise ValueError(f"source must have at most {MOST} bits, not {self.source.width}")
        if not isinstance(self.form, NVFormat):
            raise TypeError(f"form must be an NVFormat, not {self.form!r}")
        if self.form.has_tensor_scale and self.tensor_scale is None:
            raise ValueError(f"{self.form} needs a tensor_scale")
        if self.tensor_scale is not None:
            number = float(self.tensor_scale)
            if number != float(np.float32(number)):
                raise ValueError(f"tensor_scale must be a number of float32, not {number}")
            object.__setattr__(self, "tensor_scale", number)
        self._encoded(np.array([[self.largest]]))

    @property
    def largest(self) -> int:
        """Largest magnitude of the source."""
        return max(-self.source.min, self.source.max)

    @cached_property
    def scales(self) -> tuple[int, ...]:
        """Ascending: entry ``k`` is the least of a block's largest magnitudes that gives it the
        scale ``k + 1`` or more. As many as the largest magnitude reaches."""
        def scale(magnitudes: Integers) -> Integers:
            return self._encoded(magnitudes[:, None])[0]

        reached = np.arange(1, int(scale(np.array([self.largest]))[0]) + 1)
        return tuple(_least(lambda magnitudes: scale(magnitudes) >= reached,
                            np.full(reached.shape, self.largest + 1)).tolist())

    @cached_property
    def codes(self) -> tuple[tuple[int, ...], ...]:
        """For each scale seven, ascending: entry ``k`` is the least magnitude of an element whose
        code has the magnitude ``k + 1`` or more; where none has, one above the largest that a
        block of that scale may have."""
        # Of a scale that no block gets, the row is that of the next below it.
        tops = np.array([*self.scales, self.largest + 1])[:, None] - 1

        def reaches(magnitudes: Integers) -> NDArray[np.bool_]:
            blocks = np.concatenate([tops, magnitudes], axis=1)
            return self._encoded(blocks)[1][:, 1:] >= LEVELS

        ends = np.broadcast_to(tops + 1, (len(tops), len(LEVELS)))
        return tuple(map(tuple, _least(reaches, ends).tolist()))

    def _encoded(self, magnitudes: Integers) -> tuple[Integers, Integers]:
        """Scales of blocks (blocks, some elements) and magnitudes of the elements' codes."""
        values = np.zeros((len(magnitudes), self.form.size))
        values[:, :magnitudes.shape[1]] = magnitudes * 2.0**self.source.lsb
        fields = self.form.encode(values, None if self.tensor_scale is None
                                  else np.float32(self.tensor_scale))
        # Codes of positive numbers ascend with them in both element formats.
        codes = fields["codes"].astype(np.int64)[:, 0, :magnitudes.shape[1]]
        return fields["scales"].astype(np.int64)[:, 0], codes


def _least(reaches: Callable[[Integers], NDArray[np.bool_]], ends: Integers) -> Integers:
    """The least positive integers below ``ends`` for which a monotone test holds, else those."""
    low, high = np.zeros_like(ends), np.array(ends)
    while (open_ := high - low > 1).any():
        # Those that are found stay where they are: their middle is `low`, below which none is.
        middle = np.where(open_, low + (high - low) // 2, low)
        yes = reaches(middle) & open_
        high, low = np.where(yes, middle, high), np.where(yes, low, middle)
    return high
