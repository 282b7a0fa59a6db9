"""What a spec may hold, as plain data: for tables, for editors, for the catalogue."""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined

from sw_model.formats import Format

from ..units import UNITS
from .models import Common, InlineNetwork, ModelNetwork, Named
from .values import RandomNumbers

__all__ = ["Key", "json_schema", "keys_of"]


@dataclass(frozen=True)
class Key:
    """A key of a mapping.

    Parameters
    ----------
    name, type, meaning : str
        For people.
    default : object
        Plain data; None if it is left open.
    required : bool
    """

    name: str
    type: str
    default: Any
    required: bool
    meaning: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"name": self.name, "type": self.type, "default": self.default,
                "required": self.required, "meaning": self.meaning}


class _Schema(GenerateJsonSchema):
    """Writes defaults as a spec spells them."""

    def encode_default(self, dft: Any) -> Any:
        return _spelt(dft)


def _spelt(value: Any) -> Any:
    """A default as a spec spells it."""
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, RandomNumbers):
        return f"random({value.seed})"
    if isinstance(value, BaseModel):
        return {}
    return value


def keys_of(model: type[BaseModel]) -> list[Key]:
    """The keys of ``model`` in its order, those that must be there first."""
    schema = model.model_json_schema(schema_generator=_Schema)
    keys = [_key(name, entry, schema["properties"][name])
            for name, entry in model.model_fields.items() if name in schema["properties"]]
    return sorted(keys, key=lambda key: not key.required)


def _key(name: str, entry: FieldInfo, schema: dict[str, Any]) -> Key:
    default = entry.get_default(call_default_factory=True, validated_data={})
    if name == "rate":
        default = "max"
    return Key(name, _type(schema), None if default is PydanticUndefined else _spelt(default),
               entry.is_required(), entry.description or "")


def _type(schema: dict[str, Any]) -> str:
    """A type in words."""
    options = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if schema.get("title", "")[:1].islower():
        # Types of this package have titles for people; pydantic's begin with a capital.
        return str(schema["title"])
    if len(options) == 1:
        return _type(options[0])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"mapping to {_type(inner)}" if isinstance(inner, dict) else "mapping"
    words = {"boolean": "true or false"}
    return words.get(str(kind), str(kind)) + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    words = {"minimum": "at least {}", "exclusiveMinimum": "above {}", "maximum": "at most {}"}
    found = [text.format(schema[key]) for key, text in words.items() if key in schema]
    return f", {' and '.join(found)}" if found else ""


def _with_unit(base: type[BaseModel], unit: str, title: str) -> type[BaseModel]:
    """``base`` with one unit's own parameters."""
    parameters = UNITS[unit]
    needed = any(entry.is_required() for entry in parameters.model_fields.values())
    params: Any = Field(description="Its parameters.") if needed else Field(
        default_factory=dict, description="Its parameters.")
    fields: dict[str, Any] = {"unit": (Literal[unit], ...), "params": (parameters, params)}
    return create_model(f"{title}_{unit}", __base__=base, **fields)


def _either(kinds: Iterable[type[BaseModel]]) -> Any:
    """The union of types that are known at run time alone."""
    return functools.reduce(operator.or_, kinds)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec, for editors."""
    items: Any = _either(_with_unit(Named, unit, "item") for unit in UNITS)
    sweep = create_model("sweep", __base__=Common, units=(
        list[items], Field(min_length=1, description="The units.")))
    units = [_with_unit(Common, unit, "unit") for unit in UNITS]
    adapter: TypeAdapter[Any] = TypeAdapter(_either([*units, sweep, ModelNetwork, InlineNetwork]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = adapter.json_schema(schema_generator=_Schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Gatemill spec",
            **schema}
