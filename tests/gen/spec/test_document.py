"""YAML documents: lines, scalars, and everything that is not taken."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gen.spec.document import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    parameters_document,
    read_document,
    read_text,
)
from gen.spec.faults import SpecFault
from sw_model.faults import InputFault

SPEC = Path("net.yaml")


@pytest.mark.parametrize(("text", "value"), [
    ("12", 12), ("-3", -3), ("+7", 7), ("0x1F", 31), ("0o17", 15), ("017", 17),
    ("1.5", 1.5), ("1e6", 1e6), (".5", 0.5), ("-2.", -2.0), ("1_000", "1_000"),
    ("true", True), ("FALSE", False), ("on", "on"), ("yes", "yes"), ("null", None), ("~", None),
    ("", None), ("12:30", "12:30"), ("2026-01-31", "2026-01-31"), ("'12'", "12"),
    ('"true"', "true"), ("random(3)", "random(3)"), ("fixed<8,4>", "fixed<8,4>"),
    ("9" * 40, int("9" * 40)), ("9" * 41, "9" * 41), ("-.inf", -math.inf), ("|\n  7", "7"),
])
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = read_text(f"key: {text}", SPEC).value["key"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(read_text("key: .nan", SPEC).value["key"])


def test_every_value_knows_its_line() -> None:
    document = read_text("a:\n  b: 1\n  c:\n    - x\n    - {d: 2,\n       e: 3}\nf:\n\n  7\n", SPEC)
    assert document.value == {"a": {"b": 1, "c": ["x", {"d": 2, "e": 3}]}, "f": 7}
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c", 0)) == 4
    assert document.line(("a", "c", 1, "e")) == 6
    assert (document.line(("f",), key=True), document.line(("f",))) == (7, 9)
    # What is absent is blamed on what should hold it.
    assert document.line(("a", "c", 1, "missing", "deeper")) == 5
    assert document.line(()) == 1


def test_keys_are_strings_whatever_they_look_like() -> None:
    assert read_text("1: a\ntrue: b\n", SPEC).value == {"1": "a", "true": "b"}


def test_aliases_repeat_a_value_with_the_line_of_the_alias() -> None:
    document = read_text("a: &x {k: 1}\nb: *x\nc: [*x,\n *x]\n", SPEC)
    assert document.value == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}, {"k": 1}]}
    assert document.line(("c", 1)) == 4


def test_keys_that_stand_twice_are_faults_and_the_first_counts() -> None:
    document = read_text("a: 1\nb:\n  c: 2\n  d: 3\n  c: 4\na: 5\n", SPEC)
    assert document.value == {"a": 1, "b": {"c": 2, "d": 3}}
    with pytest.raises(SpecFault) as caught:
        document.faults.check()
    assert caught.value.faults == ("net.yaml:5: key 'c' is there already, on line 3",
                                   "net.yaml:6: key 'a' is there already, on line 1")


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 10))


@pytest.mark.parametrize(("text", "line", "message"), [
    ("a: [1, 2\nb: 3\n", 2, "not YAML: expected ',' or ']', but got ':'"),
    ("a: 1\n b: 2\n", 2, "not YAML: mapping values are not allowed here"),
    ("a: 1\nb: \t- x\n\tc: 1\n", 2, "not YAML: found character '\\t' that cannot start any token"),
    ("a: 1\nb: !!python/object:os.system x\n", 2,
     "tag 'tag:yaml.org,2002:python/object:os.system' is not allowed"),
    ("a: !!int 3\n", 1, "tag 'tag:yaml.org,2002:int' is not allowed"),
    ("a: 1\n---\nb: 2\n", 2, "a second document begins; a spec is one document"),
    ("a: 1\n? [x]\n: 2\n", 2, "a key must be a string, not a collection"),
    ("a: &x 1\n*x : 2\n", 2, "a key must be written out, not an alias"),
    ("a: *x\n", 1, "alias 'x' stands before the end of its anchor, or there is none"),
    ("a: &x\n  - *x\n", 2, "alias 'x' stands before the end of its anchor, or there is none"),
    ("a: 1\nb: \x00\n", 2, "not YAML: character 0 is not allowed"),
    ("[" * (MAX_DEPTH + 1), 1, f"nested more than {MAX_DEPTH} deep"),
    ("[" * 5000, 1, f"nested more than {MAX_DEPTH} deep"),
    (BOMB, 5, f"more than {MAX_VALUES} values, those that aliases repeat included; put weights "
              "into an .npz file and name it"),
    (f"a: [{'1,' * (MAX_VALUES + 1)}]", 1, f"more than {MAX_VALUES} values, those that aliases "
     "repeat included; put weights into an .npz file and name it"),
    ("", 1, "there is nothing"), ("# only a comment\n", 1, "there is nothing"),
])
def test_what_is_not_taken_at_all(text: str, line: int, message: str) -> None:
    with pytest.raises(InputFault) as caught:
        read_text(text, SPEC)
    assert str(caught.value) == f"net.yaml:{line}: {message}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"none.yaml: cannot be read: No such file"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(InputFault, match="is a folder, not a spec"):
        read_document(tmp_path)
    (large := tmp_path / "large.yaml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(InputFault, match=rf"large.yaml: more than {MAX_BYTES} bytes"):
        read_document(large)
    (latin := tmp_path / "latin.yaml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    with pytest.raises(InputFault, match=r"latin.yaml:2: not a text in UTF-8"):
        read_document(latin)


def test_parameters_of_the_command_line() -> None:
    document = parameters_document("dense", ["rows=4", "scale=[0.5, 1]", " pe = lut ", "rows=5"])
    assert document.value == {"rows": 4, "scale": [0.5, 1], "pe": "lut"}
    document.faults.add(document.line(("scale", 1)), "is wrong")
    document.faults.add(document.line(("inputs",)), "is missing")
    with pytest.raises(SpecFault) as caught:
        document.faults.check()
    assert caught.value.faults == (
        "unit dense: is missing", "-p scale=[0.5, 1]: is wrong",
        "-p rows=5: rows is given twice")


@pytest.mark.parametrize(("given", "message"), [
    ("rows", "-p rows: must be key=value"), ("=4", "-p =4: must be key=value"),
    ("rows=", "-p rows=: there is nothing"),
    ("rows=[1", "-p rows=[1: not YAML: expected ',' or ']', but got '<stream end>'"),
])
def test_parameters_that_are_none(given: str, message: str) -> None:
    with pytest.raises(InputFault) as caught:
        parameters_document("dense", [given])
    assert str(caught.value) == message
