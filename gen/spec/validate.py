"""From pydantic's errors to faults with lines, in the words of all other messages."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..messages import nearest, shown
from .document import Document

__all__ = ["Place", "dotted", "sentence", "validate"]

Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

#: What a value must be, by pydantic's type of error; fields of the error's context are filled in.
_MUST = {
    "int_type": "an integer", "int_from_float": "an integer", "float_type": "a number",
    "string_type": "a string", "bool_type": "true or false", "list_type": "a list",
    "dict_type": "a mapping", "model_type": "a mapping", "model_attributes_type": "a mapping",
    "finite_number": "a finite number", "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}", "less_than": "below {lt}",
    "less_than_equal": "at most {le}", "none_required": "left out",
    "string_too_short": "a string of at least {min_length} characters",
    "string_too_long": "a string of at most {max_length} characters",
    "string_pattern_mismatch": "a name of letters, digits and underscores such as fc1",
}

#: Verbs with which a fault may begin; what it is about stands before them.
_VERBS = frozenset({"has", "holds", "must", "need", "stands"})


def validate(model: type[M], document: Document, place: Place = ()) -> M | None:
    """The part of ``document`` at ``place`` as a ``model``; None if faults were noted.

    Parameters
    ----------
    model : type
        A pydantic model whose validators may ask for the context's ``folder``: that of the
        document's file.
    document : Document
        Its faults are added to.
    place : tuple
        Keys and positions that lead to the part.
    """
    context = {"folder": document.path.parent}
    try:
        return model.model_validate(_at(document.value, place), context=context)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            inner = tuple(step for step in detail["loc"] if step != "[key]")
            line, message = _fault(model, document, (*place, *inner), inner, detail)
            document.faults.add(line, message)
        return None


def _at(value: Any, place: Place) -> Any:
    """The value at ``place``; an empty mapping where there is none."""
    for step in place:
        present = step in value if isinstance(value, dict) else (
            isinstance(value, list) and isinstance(step, int) and step < len(value))
        if not present:
            return {}
        value = value[step]
    return value


def _fault(model: type[BaseModel], document: Document, place: Place, inner: Place,
           detail: ErrorDetails) -> tuple[int, str]:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    where = dotted(place)
    if kind == "extra_forbidden":
        known = fields_at(model, inner[:-1])
        return (document.line(place, key=True),
                f"unknown key {place[-1]!r}{_inside(place)}; {nearest(str(place[-1]), known)}")
    if kind == "missing":
        return document.line(place), f"key {place[-1]!r}{_inside(place)} is missing"
    if kind == "value_error":
        place, text = _of_key(document, place, str(context["error"]))
        return document.line(place), sentence(place, text)
    if kind in ("too_short", "too_long"):
        size = context.get("min_length", context.get("max_length"))
        few = "least" if kind == "too_short" else "most"
        return document.line(place), f"{where} must have at {few} {size} entries, not {len(value)}"
    if kind in _MUST:
        must = _MUST[kind].format(**{name: _whole(value) for name, value in context.items()})
        return document.line(place), f"{where or 'the spec'} must be {must}, not {shown(value)}"
    return document.line(place), f"{where}: {detail['msg']}, not {shown(value)}"


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _of_key(document: Document, place: Place, text: str) -> tuple[Place, str]:
    """A fault of a mapping as one of the key with whose name its text begins, if it does."""
    first, _, rest = text.partition(" ")
    value = _at(document.value, place)
    its_own = rest.split(" ")[0] in _VERBS and isinstance(value, dict) and first in value
    return ((*place, first), rest) if its_own else (place, text)


def sentence(place: Sequence[str | int], text: str) -> str:
    """What is wrong with the value at ``place``."""
    where = dotted(place)
    if not where:
        return text
    return f"{where} {text}" if text.split()[0] in _VERBS else f"{where}: {text}"


def _inside(place: Sequence[str | int]) -> str:
    return f" in {dotted(place[:-1])}" if len(place) > 1 else ""


def dotted(place: Sequence[str | int]) -> str:
    """A place as people write it.

    >>> dotted(("layers", 0, "outputs"))
    'layers[0].outputs'
    """
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def fields_at(model: Any, place: Sequence[str | int]) -> list[str]:
    """Keys that the mapping at ``place`` of a ``model`` may have."""
    kind: Any = model
    for step in place:
        kind = _step(_plain(kind), step)
    kind = _plain(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return list(kind.model_fields)
    return []


def _plain(kind: Any) -> Any:
    """A type without annotations and without None."""
    while True:
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            kind = typing.get_args(kind)[0]
        elif origin in (typing.Union, types.UnionType):
            kind = next(arg for arg in typing.get_args(kind) if arg is not type(None))
        else:
            return kind


def _step(kind: Any, step: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        entry = kind.model_fields.get(str(step))
        return entry.annotation if entry else None
    arguments = typing.get_args(kind)
    return arguments[-1] if arguments else None
