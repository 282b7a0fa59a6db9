"""Elementwise formats on a tensor: real scales, for the tensor or for every channel of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import (
    CodedFormat,
    Format,
    IntFormat,
    MinifloatFormat,
    Overflow,
    PositFormat,
    TernaryFormat,
)

__all__ = ["LOOKED_AT", "SCALE_BITS", "Reals", "Scaled"]

Reals = NDArray[np.float64]

#: Bits of a scale, a float32.
SCALE_BITS = 32

#: Elements of a channel on which shares are compared.
LOOKED_AT = 4096


@dataclass(frozen=True)
class Scaled:
    """Codes of an elementwise format times a real scale, one for the tensor or one a channel.

    The scale is ``absmax / largest value of the format``, or of a few shares of that the one
    with the least mean square error over evenly spaced elements, if its error is less over
    all. Floats of 16 bits are taken as they are, without a scale.

    Parameters
    ----------
    form : Format
    channels : bool
        Whether every entry of the first axis has its own scale.
    """

    form: Format
    channels: bool = False

    @property
    def plain(self) -> bool:
        """Whether no scale is needed."""
        return isinstance(self.form, MinifloatFormat) and self.form.width == 16

    @property
    def name(self) -> str:
        """The format, and what has a scale."""
        if self.plain:
            return str(self.form)
        return f"{self.form} per {'channel' if self.channels else 'tensor'}"

    def bits(self, values: NDArray[Any]) -> float:
        """Bits for each element of a tensor, scales included."""
        scales = 0 if self.plain else len(values) if self.channels else 1
        return self.width + SCALE_BITS * scales / values.size

    @property
    def width(self) -> float:
        """Bits of a code; five ternary ones share a byte."""
        return 8 / 5 if isinstance(self.form, TernaryFormat) else self.form.width

    def restored(self, values: Reals) -> Reals:
        """``values`` as they are after encoding and decoding."""
        if self.plain:
            return self.form.decode(self.form.encode(values))
        rows = values.reshape(len(values) if self.channels else 1, -1)
        scale = self.scales(rows)
        return (self._codes_and_back(rows / scale) * scale).reshape(values.shape)

    def scales(self, rows: Reals) -> Reals:
        """The scale of every row, shape (rows, 1).

        Raises
        ------
        ValueError
            If a value is negative and the format has no such values.
        """
        if isinstance(self.form, IntFormat) and not self.form.signed and rows.min() < 0:
            raise ValueError("there are negative values")
        largest = np.abs(rows).max(axis=1, keepdims=True)
        full = np.where(largest > 0, largest / self._most, 1.0).astype(np.float32)
        return self._best(rows, np.maximum(full, np.finfo(np.float32).tiny))

    @property
    def _most(self) -> float:
        """The largest magnitude that the format has on both sides of zero."""
        form = self.form
        ends = [float(v) for v in form.decode([form.min, form.max])] if not isinstance(
            form, CodedFormat) else [float(v) for v in form.decode(form.encode([-1e300, 1e300],
                                     overflow=Overflow.SATURATE))]
        sides = [abs(end) for end in ends if end]
        return min(sides)

    @property
    def _shares(self) -> tuple[float, ...]:
        """What the scale that just holds the largest value is multiplied by, on trial."""
        if isinstance(self.form, PositFormat):
            # Posits are finest about 1, far below their largest value.
            return tuple(2.0**k for k in range(1, int(np.log2(self._most)) + 2))
        least = 1 if self.form.width <= 2 else 8
        return tuple(k / 20 for k in range(19, least - 1, -1))

    def _best(self, rows: Reals, full: NDArray[np.float32]) -> Reals:
        """The scale of every row."""
        seen = rows[:, ::-(-rows.shape[1] // LOOKED_AT)]
        scales = [(full * np.float32(share)).astype(np.float64) for share in (1.0, *self._shares)]
        errors = np.concatenate([self._errors(seen, scale) for scale in scales], axis=1)
        best = np.take_along_axis(np.concatenate(scales, axis=1),
                                  errors.argmin(axis=1, keepdims=True), axis=1)
        return np.where(self._errors(rows, best) < self._errors(rows, scales[0]), best, scales[0])

    def _errors(self, rows: Reals, scale: Reals) -> Reals:
        """Mean square error of every row."""
        error = self._codes_and_back(rows / scale) * scale - rows
        return np.asarray(np.square(error).mean(axis=1, keepdims=True))

    def _codes_and_back(self, values: Reals) -> Reals:
        return self.form.decode(self.form.encode(values, overflow=Overflow.SATURATE))
