"""Parameters as plain data for JSON, and back with every kind checked."""

from __future__ import annotations

import enum
import math
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from .formats import Format, as_index, parse_format

__all__ = ["from_plain", "require_keys", "to_plain"]


def to_plain(value: Any) -> Any:
    """``value`` as JSON has it: enumerations and formats as their spelling, tuples as lists."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def from_plain(name: str, hint: Any, value: Any) -> Any:
    """The inverse of :func:`to_plain` for a parameter ``name`` that is annotated as ``hint``.

    Raises
    ------
    TypeError, ValueError
        If ``value`` is of another kind.
    """
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{name} must be a list, not {value!r}")
        (inner, _) = typing.get_args(hint)
        return tuple(from_plain(name, inner, item) for item in value)
    if issubclass(hint, enum.Enum):
        spellings = [member.value for member in hint]
        if value not in spellings:
            raise ValueError(f"{name} must be one of {', '.join(spellings)}, not {value!r}")
        return hint(value)
    if issubclass(hint, Format):
        return parse_format(value)
    if hint is int:
        return as_index(name, value)
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} must be a number, not {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite, not {value!r}")
        return float(value)
    if not isinstance(value, hint):
        raise TypeError(f"{name} must be a {hint.__name__}, not {value!r}")
    return value


def require_keys(data: object, required: frozenset[str], optional: frozenset[str] = frozenset()
                 ) -> Mapping[str, Any]:
    """``data``, if it is a mapping with the ``required`` keys and no other than ``optional``.

    Raises
    ------
    TypeError
        If it is no mapping.
    ValueError
        If a key is missing, or unknown.
    """
    if not isinstance(data, dict):
        raise TypeError(f"must be a mapping, not {type(data).__name__}")
    if missing := sorted(required - data.keys()):
        raise ValueError(f"{missing[0]!r} is missing")
    if unknown := sorted(data.keys() - required - optional):
        raise ValueError(f"unknown field {unknown[0]!r}; there are "
                         f"{', '.join(sorted(required | optional))}")
    return data
