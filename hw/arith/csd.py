"""Signed digits of constants: sums of few powers of two, plus or minus."""

from __future__ import annotations

__all__ = ["Digits", "csd", "low_csd"]

#: Places with 1 or -1, lowest first: ``sum(sign << place for place, sign in digits)``.
Digits = list[tuple[int, int]]


def csd(value: int) -> Digits:
    """The canonical signed digits, or non-adjacent form, of any integer.

    No two neighbouring places have digits; that is unique, and no form has fewer digits.

    Source: Reitwieser, Binary Arithmetic, Advances in Computers 1 (1960).

    >>> csd(7), csd(-77)
    ([(0, -1), (3, 1)], [(0, -1), (2, 1), (4, -1), (6, -1)])
    """
    digits, place = [], 0
    while value:
        if value & 1:
            sign = 2 - (value & 3)
            digits.append((place, sign))
            value -= sign
        value >>= 1
        place += 1
    return digits


def low_csd(value: int) -> Digits:
    """As many digits as :func:`csd` has, the highest a place lower where that is possible.

    >>> low_csd(3), low_csd(7)
    ([(0, 1), (1, 1)], [(0, -1), (3, 1)])
    """
    digits = csd(value)
    if len(digits) > 1:
        (below, opposite), (top, sign) = digits[-2:]
        if top - below == 2 and opposite == -sign:
            digits[-2:] = [(below, sign), (below + 1, sign)]
    return digits
