"""Checks that specs share."""

from __future__ import annotations

from ..formats import FixedFormat, Format, IntFormat, as_index

__all__ = ["indices", "require_clamp", "require_clamps", "require_format", "require_least",
           "require_number"]


def require_format(name: str, value: object, kind: type[Format] = Format) -> None:
    """Raise TypeError unless ``value`` is a format of ``kind``."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be an {kind.__name__}, not {value!r}"
                        if kind is IntFormat else f"{name} must be a Format, not {value!r}")


def indices(spec: object, *names: str) -> None:
    """Turn the fields called ``names`` into plain ints; refuse everything else."""
    for name in names:
        object.__setattr__(spec, name, as_index(name, getattr(spec, name)))


def require_clamp(low: int, high: int, target: Format) -> None:
    """Raise ValueError unless ``low`` to ``high`` is a range of codes of ``target``."""
    if not target.min <= low <= high <= target.max:
        raise ValueError(f"clamp {low} to {high} does not fit {target}, "
                         f"which holds {target.min} to {target.max}")


def require_clamps(clamps: object, low: int, high: int) -> None:
    """Raise unless ``clamps`` is empty, or several pairs whose hull is ``low`` to ``high``."""
    if not isinstance(clamps, tuple) or not all(
            isinstance(pair, tuple) and len(pair) == 2 for pair in clamps):
        raise TypeError(f"clamps must be a tuple of pairs, not {clamps!r}")
    for pair in clamps:
        if not low <= as_index("clamp", pair[0]) <= as_index("clamp", pair[1]) <= high:
            raise ValueError(f"clamp {pair[0]} to {pair[1]} does not lie in {low} to {high}")
    if len(clamps) == 1:
        raise ValueError("clamps must be several or none: one alone is low and high")


def require_least(name: str, value: int, least: int) -> None:
    """Raise ValueError if ``value`` is below ``least``."""
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


def require_number(name: str, value: object, *, signed: bool = False) -> None:
    """Raise unless ``value`` is an integer or fixed-point format, signed if it must be."""
    require_format(name, value)
    if not isinstance(value, IntFormat | FixedFormat) or (signed and value.min >= 0):
        raise ValueError(f"{name} must be {'a signed integer' if signed else 'an integer'} or "
                         f"fixed point, not {value}")
