"""I-ViT's exponentials by shifts and additions, of every argument that 8-bit codes give."""

from __future__ import annotations

from ..specs.gelu import ShiftGeluSpec

__all__ = ["shift_exponentials"]


def shift_exponentials(spec: ShiftGeluSpec, arguments: range) -> tuple[int, ...]:
    """ShiftExp: ``exp(x / steps) * steps`` in units of ``2**-doublings`` for every argument.

    With ``p = x + (x >> 1) - (x >> 4)``, at least ``-doublings * steps``, ``q`` and ``r`` being
    quotient and remainder of ``-p`` by ``steps``, it is
    ``floor((2*steps - r) * 2**(doublings - 1 - q))``, and at most the numerator. Arguments above
    0, which a row without positive elements has, give more than 1.

    Source: Z. Li and Q. Gu, "I-ViT: integer-only quantization for efficient vision transformer
    inference", ICCV 2023, and its PyTorch code.

    >>> from sw_model.formats import IntFormat
    >>> spec = ShiftGeluSpec(source=IntFormat(8), steps=16, doublings=15)
    >>> shift_exponentials(spec, range(0, -6, -1))[::5]
    (524288, 409600)
    """
    entries = []
    for x in arguments:
        p = max(x + (x >> 1) - (x >> 4), -spec.doublings * spec.steps)
        q, r = divmod(-p, spec.steps)
        chord, power = 2 * spec.steps - r, spec.doublings - 1 - q
        entries.append(min(chord << power if power >= 0 else chord >> -power, spec.numerator))
    return tuple(entries)
