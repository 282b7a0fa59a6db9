"""What activations are less than ReLU, as tables."""

from __future__ import annotations

import math

import numpy as np

from ..functions import FUNCTIONS

__all__ = ["DELTAS", "delta_entries"]

#: Activations whose difference to ReLU is even, and the name of the difference.
DELTAS = {"gelu": "gelu_delta", "silu": "silu_delta"}


def delta_entries(activation: str, step_bits: int, fraction: int, limit: float | None = None
                  ) -> tuple[int, ...]:
    """``round(D(i * 2**-step_bits) * 2**fraction)`` for ``i`` from 0 up.

    Parameters
    ----------
    activation : str
        One of :data:`DELTAS`.
    step_bits, fraction : int
        Entries are ``2**-step_bits`` apart and have ``fraction`` fraction bits.
    limit : float, optional
        Where the last entry stands, rounded up to a step. By default the table ends at the
        first entry that rounds to 0.

    Raises
    ------
    ValueError
        If there is no such activation, or a number is out of range.

    Source: Edge-MoE, whose ROM is ``delta_entries("gelu", 5, 22)``.

    >>> rom = delta_entries("gelu", 5, 22)
    >>> len(rom), max(rom), rom.index(max(rom)) / 32
    (177, 712908, 0.75)
    """
    if activation not in DELTAS:
        raise ValueError(f"activation must be one of {', '.join(DELTAS)}, not {activation!r}")
    for name, number, most in (("step_bits", step_bits, 12), ("fraction", fraction, 30)):
        if not 0 <= number <= most:
            raise ValueError(f"{name} must be 0 to {most}, not {number}")
    if limit is not None and not 0 < limit <= 64:
        raise ValueError(f"limit must be above 0 and at most 64, not {limit:g}")
    # D falls below a half of 2**-30 before 64.
    last = math.ceil((64 if limit is None else limit) * 2**step_bits)
    real = FUNCTIONS[DELTAS[activation]](np.arange(last + 1) * 2.0**-step_bits)
    entries = np.floor(real * 2.0**fraction + 0.5).astype(np.int64)
    if limit is None:
        entries = entries[:np.flatnonzero(entries == 0)[1] + 1]
    return tuple(entries.tolist())
