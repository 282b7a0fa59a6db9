"""Parameters as plain data for JSON, and back with every kind checked."""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from .formats import Format, as_index, parse_format

__all__ = ["from_plain", "require_keys", "to_plain"]


def to_plain(value: Any) -> Any:
    """``value`` as JSON has it: enumerations and formats as their spelling, tuples as lists,
    specs (frozen dataclasses) as mappings of their fields."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name))
                for item in dataclasses.fields(value)}
    return value.item() if isinstance(value, np.generic) else value


def from_plain(name: str, hint: Any, value: Any) -> Any:
    """The inverse of :func:`to_plain` for a parameter ``name`` that is annotated as ``hint``,
    which may be a union of a type and None.

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
    if typing.get_origin(hint) is types.UnionType:
        (inner,) = (each for each in typing.get_args(hint) if each is not type(None))
        return None if value is None else from_plain(name, inner, value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and not issubclass(hint, Format):
        return _spec(name, hint, value)
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


def _spec(name: str, kind: Any, value: Any) -> Any:
    """A frozen dataclass from a mapping of its fields."""
    hints, items = typing.get_type_hints(kind), dataclasses.fields(kind)
    try:
        require_keys(value, *(frozenset(item.name for item in items
                                        if (item.default is dataclasses.MISSING) == needed)
                              for needed in (True, False)))
        return kind(**{key: from_plain(key, hints[key], value[key]) for key in value})
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error


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
