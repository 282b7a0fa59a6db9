"""What is said about specs agrees with what reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gen.spec.describe import json_schema, keys_of
from gen.spec.docs import document
from gen.spec.models import InlineNetwork, Layer, Part, Target
from gen.units import UNITS

ROOT = Path(__file__).resolve().parents[3]


def test_the_documentation_is_of_this_version() -> None:
    assert (ROOT / "docs" / "spec.md").read_text(encoding="utf-8") == document(), (
        "run python -m gen.spec.docs")


def test_the_documentation_names_every_key() -> None:
    text = document()
    for model in (*UNITS.values(), Layer, Target):
        for key in keys_of(model):
            assert f"| `{key.name}` |" in text
            assert key.type
            assert key.meaning


def test_keys_say_what_a_spec_may_hold() -> None:
    keys = {key.name: key for key in keys_of(UNITS["dense"])}
    assert keys["inputs"].as_dict() == {
        "name": "inputs", "type": "integer, at least 1 and at most 65536", "default": None,
        "required": True, "meaning": "Columns of the matrix."}
    assert (keys["activations"].default, keys["activations"].type) == ("int8", "format")
    assert keys["memory"].type == "auto | block | distributed"
    assert [key.required for key in keys.values()] == sorted(
        (key.required for key in keys.values()), reverse=True)
    assert [key.name for key in keys_of(Target)] == ["device", "board", "clock_mhz", "rate"]
    assert {key.name: key.default for key in keys_of(Target)}["rate"] == "max"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def test_the_schema_has_every_kind_of_spec(schema: dict[str, Any]) -> None:
    assert schema["$schema"].endswith("2020-12/schema")
    kinds = [part["$ref"].rpartition("/")[2] for part in schema["anyOf"]]
    assert kinds == [*(f"unit_{unit}" for unit in UNITS), "sweep", "ModelNetwork", "InlineNetwork"]
    dense = schema["$defs"]["DenseParameters"]
    assert dense["required"] == ["inputs", "outputs"]
    assert dense["additionalProperties"] is False
    assert dense["properties"]["activations"]["default"] == "int8"
    assert schema["$defs"]["unit_dense"]["properties"]["unit"]["const"] == "dense"
    assert "ecp5-85k" in schema["$defs"]["Target"]["properties"]["device"]["enum"]


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "specs").glob("*.yaml")),
                         ids=lambda path: path.stem)
def test_the_schema_knows_the_keys_of_every_example(schema: dict[str, Any], path: Path) -> None:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    fitting = [part for part in schema["anyOf"] if _fits(schema, part, value)]
    assert len(fitting) == 1
    assert not _fits(schema, fitting[0], {**value, "targt": {}})


def _fits(schema: dict[str, Any], part: dict[str, Any], value: Any) -> bool:
    """Whether the mappings of ``value`` have the keys that the schema asks for and allows."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if "const" in part:
        return bool(value == part["const"])
    if "anyOf" in part:
        return any(_fits(schema, option, value) for option in part["anyOf"])
    if part.get("type") == "array":
        return isinstance(value, list) and all(
            _fits(schema, part.get("items", {}), each) for each in value)
    if "properties" in part:
        return (isinstance(value, dict) and value.keys() <= part["properties"].keys()
                and set(part.get("required", ())) <= value.keys()
                and all(_fits(schema, part["properties"][key], each)
                        for key, each in value.items()))
    if part.get("type") == "object":
        return isinstance(value, dict) and all(
            _fits(schema, part.get("additionalProperties", {}), each) for each in value.values())
    return True


def test_every_model_of_a_spec_describes_its_fields() -> None:
    def check(model: type[Part]) -> None:
        for name, entry in model.model_fields.items():
            assert entry.description, (model, name)

    for model in (InlineNetwork, Layer, Target, *UNITS.values()):
        check(model)
