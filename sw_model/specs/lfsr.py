"""The linear feedback shift register from which stochastic rounding draws.

A sequence of bits ``a[t] = a[t - 31] ^ a[t - 18]``, that is of the primitive polynomial
``x**31 + x**13 + 1`` (Zierler and Brillhart, On primitive trinomials (mod 2), Information and
Control 13, 1968). The state is the last 31 of them, the newest lowest: 1 to ``2**31 - 1``,
for zero is a period of its own. One step for each element: a draw of ``k`` bits advances the
register by ``k`` places and takes the new ones, the newest lowest, so that neighbours have no
bit in common. None of up to 18 new bits depends on another, so that a step is one gate deep. The
period is ``2**31 - 1`` draws whatever ``k`` is, for that is a prime; in it zero is
drawn once less than every other number.
"""

from __future__ import annotations

from ..formats import as_index

__all__ = ["MOST_BITS", "PLACES", "TAP", "require_state", "spread_seeds"]

#: Bits of the state: the oldest bit on which a new one depends.
PLACES = 31
#: How old the other one is.
TAP = 18
#: Bits of a draw, at most.
MOST_BITS = TAP

#: The golden section of the period: its multiples are far apart.
_FAR = 1327217885


def require_state(name: str, state: object) -> int:
    """``state`` as an int; raises ValueError unless it is one of the register's."""
    number = as_index(name, state)
    if not 1 <= number < 1 << PLACES:
        raise ValueError(f"{name} must be 1 to 2**{PLACES} - 1, not {number}")
    return number


def spread_seeds(seed: int, lanes: int) -> tuple[int, ...]:
    """Different states for the generators of ``lanes`` lanes.

    >>> spread_seeds(1, 3)
    (2, 1327217887, 506952125)
    """
    period = (1 << PLACES) - 1
    return tuple((as_index("seed", seed) + lane * _FAR) % period + 1 for lane in range(lanes))
