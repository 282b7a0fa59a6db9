"""The best of several ways to encode the same blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Best"]


class Best:
    """For each block the offer of least error; of equal ones the first.

    Members
    -------
    fields : dict of arrays
        Of what was kept so far; nothing before the first offer.
    """

    def __init__(self) -> None:
        self._error: NDArray[np.float64] | None = None
        self.fields: dict[str, NDArray[Any]] = {}

    def offer(self, error: NDArray[np.float64], **fields: NDArray[Any]) -> None:
        """Keep ``fields`` for the blocks where ``error`` is smaller than ever before.

        Fields have the axes of ``error``, and may have more behind them. They are the same in
        every offer.
        """
        if self._error is None:
            self._error, self.fields = error, dict(fields)
            return
        better = error < self._error
        self._error = np.where(better, error, self._error)
        for name, field in fields.items():
            chosen = better.reshape(*better.shape, *[1] * (field.ndim - better.ndim))
            self.fields[name] = np.where(chosen, field, self.fields[name])
