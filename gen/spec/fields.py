"""Types of a spec's values, as pydantic takes them: checked, and described for editors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from sw_model.formats import CodedFormat, Float32Format, Format, parse_format

from ..messages import nearest, shown
from .values import Numbers, parse_numbers

__all__ = ["Bias", "NumberFormat", "OneOf", "Rate", "Scale", "Values", "Weights"]

#: Widest format of a stream; sums may be wider.
MAX_WIDTH = 32


class OneOf:
    """Strings of a fixed set; the fault of any other names the nearest.

    Parameters
    ----------
    names : strings
        The set.
    but : callable, optional
        Called with a string that is none of them, to raise a clearer ValueError.
    """

    def __init__(self, *names: str, but: Callable[[str], None] | None = None) -> None:
        self._names = names
        self._but = but

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler
                                     ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler
                                     ) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self._names)}

    def _check(self, value: str) -> str:
        if value not in self._names:
            if self._but is not None:
                self._but(value)
            raise ValueError(f"unknown {value!r}; {nearest(value, self._names)}")
        return value


def _format(value: object) -> Format:
    if not isinstance(value, str):
        raise ValueError(f"must be a format such as int8 or ternary, not {shown(value)}")
    found = parse_format(value)
    if isinstance(found, Float32Format):
        raise ValueError("must be a format of integer codes, not float32")
    if isinstance(found, CodedFormat):
        raise ValueError(f"must be integers, fixed point, bipolar or ternary; {found} is not "
                         "built into networks yet")
    if found.width > MAX_WIDTH:
        raise ValueError(f"must have at most {MAX_WIDTH} bits, not {found.width}")
    return found


#: A number format, such as ``int8``, ``uint4``, ``fixed<8,4>``, ``bipolar`` or ``ternary``.
NumberFormat = Annotated[Format, PlainValidator(_format), WithJsonSchema(
    {"type": "string", "title": "format",
     "examples": ["int8", "uint4", "fixed<8,4>", "bipolar", "ternary"]})]


def _rate(value: object) -> float | None:
    if value == "max":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12:
        return float(value)
    raise ValueError(f"must be max or a positive number of inferences a second, "
                     f"not {shown(value)}")


#: Inferences a second; None is ``max``.
Rate = Annotated[float | None, PlainValidator(_rate), WithJsonSchema(
    {"title": "max, or inferences a second",
     "anyOf": [{"const": "max"}, {"type": "number", "exclusiveMinimum": 0}]})]


_RANDOM = re.compile(r"random\((\d{1,18})\)")


def _scale(value: object) -> str | list[float]:
    """``auto``, ``random(seed)``, or numbers."""
    if isinstance(value, str) and (value == "auto" or _RANDOM.fullmatch(value)):
        return value
    numbers: list[Any] = value if isinstance(value, list) else [value]
    if not numbers:
        raise ValueError("must not be an empty list")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError("must be auto, random(seed), a number or a list of numbers, "
                             f"not {shown(number if isinstance(value, list) else value)}")
        if not 1e-30 < number < 1e30:
            raise ValueError(f"must be positive and between 1e-30 and 1e30, not {number!r}")
    return [float(number) for number in numbers]


#: Factor from sums to codes: one for all channels or one for each.
Scale = Annotated[str | list[float], PlainValidator(_scale), WithJsonSchema(
    {"title": "auto, random(seed), a number, or one for each channel",
     "anyOf": [{"const": "auto"}, {"type": "string", "pattern": r"^random\(\d+\)$"},
               {"type": "number"}, {"type": "array", "items": {"type": "number"}}]})]


def _numbers(value: object, info: ValidationInfo) -> Numbers:
    folder = (info.context or {}).get("folder", Path())
    return parse_numbers(value, folder)


def _weights(value: object, info: ValidationInfo) -> Numbers | Format:
    if isinstance(value, str) and not value.startswith("random") and ".npz" not in value:
        try:
            return _format(value)
        except ValueError as error:
            raise ValueError(f"{error}; or random(seed), a file.npz, or a list of rows") from None
    return _numbers(value, info)


_RANDOM_SCHEMA = {"type": "string", "pattern": r"^random\(\d+\)$"}
_FILE_SCHEMA = {"type": "string", "pattern": r"\.npz(:.+)?$"}
_ROW_SCHEMA = {"type": "array", "items": {"type": "integer"}}

#: A matrix: a format (for random numbers), ``random(seed)``, ``file.npz``, or a list of rows.
Weights = Annotated[Numbers | Format, PlainValidator(_weights), WithJsonSchema(
    {"title": "format, random(seed), file.npz or file.npz:array, or a list of rows",
     "anyOf": [{"type": "string"}, {"type": "array", "items": _ROW_SCHEMA}]})]

#: A matrix: ``random(seed)``, ``file.npz``, or a list of rows.
Values = Annotated[Numbers, PlainValidator(_numbers), WithJsonSchema(
    {"title": "random(seed), file.npz or file.npz:array, or a list of rows",
     "anyOf": [_RANDOM_SCHEMA, _FILE_SCHEMA, {"type": "array", "items": _ROW_SCHEMA}]})]

#: A vector: ``random(seed)``, ``file.npz``, or a list.
Bias = Annotated[Numbers, PlainValidator(_numbers), WithJsonSchema(
    {"title": "random(seed), file.npz or file.npz:array, or a list",
     "anyOf": [_RANDOM_SCHEMA, _FILE_SCHEMA, _ROW_SCHEMA]})]
