"""YAML documents whose every value knows its line.

Values are those of YAML 1.2's core schema: null, booleans, integers, reals and strings, so
that ``on`` and ``12:30`` are strings and ``1e6`` is a number. Tags are refused, keys are
strings, and size, depth and what aliases expand to are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sw_model.faults import InputFault

from ..frontends.limits import read_model_file
from .faults import Faults

__all__ = ["Document", "Item", "parameters_document", "read_document", "read_text"]

#: Bytes of a file; weights go into an .npz file beside it.
MAX_BYTES = 2**18
#: Values of a document, those that aliases repeat counted each time.
MAX_VALUES = 20_000
#: Collections inside one another.
MAX_DEPTH = 20
#: Digits of a number; more of them are a string.
MAX_DIGITS = 40

_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}


@dataclass
class Item:
    """A value and where it stands.

    Parameters
    ----------
    line : int
        Counted from 1.
    value : object
        None, bool, int, float, str, list or dict.
    parts : dict or list
        Items of a collection; of a mapping by key, each with the line of its key.
    size : int
        Values inside, aliases expanded; 1 for a scalar.
    """

    line: int
    value: Any
    parts: dict[str, tuple[int, Item]] | list[Item] = field(default_factory=list)
    size: int = 1


@dataclass(frozen=True)
class Document:
    """A document's value, and the lines of its parts.

    Parameters
    ----------
    root : Item
    path : Path
        Of the file, as the user wrote it; relative names in the document start at its folder.
    faults : Faults
        Of the document itself, such as keys that stand twice; more may be added.
    """

    root: Item
    path: Path
    faults: Faults

    @property
    def value(self) -> Any:
        """The whole document."""
        return self.root.value

    def line(self, place: Sequence[str | int], *, key: bool = False) -> int:
        """The line of the value at ``place``, or of its key; of its parent if it is absent."""
        item, line = self.root, self.root.line
        for step in place:
            parts = item.parts
            if isinstance(parts, dict) and step in parts:
                line, item = parts[str(step)]
            elif isinstance(parts, list) and isinstance(step, int) and step < len(parts):
                item = parts[step]
                line = item.line
            else:
                return line
        return line if key else item.line


def read_document(path: Path) -> Document:
    """Read the file ``path``.

    Raises
    ------
    InputFault
        If it cannot be read or is not one well-formed document within the limits.
    """
    if path.is_dir():
        raise InputFault(f"{path}: is a folder, not a spec")
    data = read_model_file(path, count=MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputFault(f"{path}: more than {MAX_BYTES} bytes; put weights into an .npz file "
                         "and name it")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise InputFault(f"{path}:{line}: not a text in UTF-8") from None
    return read_text(text, path)


def read_text(text: str, path: Path) -> Document:
    """As :func:`read_document`, of a text in place of a file's."""
    faults = Faults(lambda line: f"{path}:{line}")
    root = _root(text, lambda line: f"{path}:{line}", faults)
    return Document(root, path, faults)


def parameters_document(unit: str, given: Sequence[str]) -> Document:
    """A mapping of ``key=value`` texts, whose values are spelt as in a spec.

    Raises
    ------
    InputFault
        If a text is none, or a value is not well formed.
    """
    def label(line: int) -> str:
        return f"-p {given[line - 1]}" if line else f"unit {unit}"

    faults = Faults(label)
    root = Item(0, {}, {})
    assert isinstance(root.parts, dict)
    for line, text in enumerate(given, 1):
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputFault(f"-p {text}: must be key=value")
        item = _root(value, lambda _, line=line: label(line), faults)  # type: ignore[misc]
        if key.strip() in root.parts:
            faults.add(line, f"{key.strip()} is given twice")
            continue
        _move(item, line)
        root.parts[key.strip()] = (line, item)
        root.value[key.strip()] = item.value
    return Document(root, Path("unit"), faults)


def _move(item: Item, line: int) -> None:
    """Put a value and all that is in it on one line."""
    item.line = line
    inner = item.parts
    if isinstance(inner, dict):
        item.parts = {key: (line, part) for key, (_, part) in inner.items()}
        inner = [part for _, part in inner.values()]
    for part in inner:
        _move(part, line)


def _root(text: str, label: Callable[[int], str], faults: Faults) -> Item:
    """The value of a text that is one document."""
    builder = _Builder(faults)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InputFault(f"{label(line)}: not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text[:error.position].count("\n") + 1
        raise InputFault(f"{label(line)}: not YAML: character {error.character!r} "
                         "is not allowed") from None
    except _Broken as broken:
        raise InputFault(f"{label(broken.line)}: {broken}") from None
    if builder.root is None:
        raise InputFault(f"{label(1)}: there is nothing")
    return builder.root


class _Broken(Exception):
    """A document that is not taken at all."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Builder:
    """Items of a stream of events; keeps its own stack, so that depth costs no recursion."""

    def __init__(self, faults: Faults) -> None:
        self.root: Item | None = None
        self._faults = faults
        self._stack: list[tuple[Item, str | None]] = []
        self._keys: list[tuple[str, int] | None] = []
        self._anchors: dict[str, Item] = {}
        self._documents = 0
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        assert event.start_mark is not None
        line = event.start_mark.line + 1
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise _Broken(line, f"tag {tag!r} is not allowed")
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Broken(line, "a second document begins; a spec is one document")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            item, anchor = self._stack.pop()
            self._keys.pop()
            if anchor is not None:
                self._anchors[anchor] = item
            self._place(item)

    def _expects_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0].parts, dict) \
            and self._keys[-1] is None

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if self._expects_key():
            self._keys[-1] = (event.value, line)
            return
        plain = event.implicit[0] and event.style is None
        item = Item(line, _resolve(event.value) if plain else event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = item
        self._place(item)

    def _alias(self, event: yaml.AliasEvent, line: int) -> None:
        if self._expects_key():
            raise _Broken(line, "a key must be written out, not an alias")
        item = self._anchors.get(event.anchor or "")
        if item is None:
            raise _Broken(line, f"alias {event.anchor!r} stands before the end of its anchor, "
                                "or there is none")
        self._place(Item(line, item.value, item.parts, item.size))

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, line: int) -> None:
        if self._expects_key():
            raise _Broken(line, "a key must be a string, not a collection")
        if len(self._stack) >= MAX_DEPTH:
            raise _Broken(line, f"nested more than {MAX_DEPTH} deep")
        mapping = isinstance(event, yaml.MappingStartEvent)
        item = Item(line, {}, {}) if mapping else Item(line, [], [])
        self._stack.append((item, event.anchor))
        self._keys.append(None)

    def _place(self, item: Item) -> None:
        """Put a finished value into the collection that is open, or make it the root."""
        self._values += 1
        if not self._stack:
            self.root = item
            return
        parent = self._stack[-1][0]
        parent.size += item.size
        if max(parent.size, self._values) > MAX_VALUES:
            raise _Broken(item.line, f"more than {MAX_VALUES} values, those that aliases repeat "
                                     "included; put weights into an .npz file and name it")
        if isinstance(parent.parts, list):
            parent.parts.append(item)
            parent.value.append(item.value)
            return
        entry = self._keys[-1]
        assert entry is not None
        key, line = entry
        self._keys[-1] = None
        if key in parent.parts:
            self._faults.add(line, f"key {key!r} is there already, on line {parent.parts[key][0]}")
            return
        parent.parts[key] = (line, item)
        parent.value[key] = item.value


def _resolve(text: str) -> Any:
    """The value of a plain scalar."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if text.lower() in _SPECIAL:
        return float(_SPECIAL[text.lower()])
    if len(text) <= MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _OTHER_BASE.fullmatch(text):
            return int(text, 0)
        if _REAL.fullmatch(text):
            return float(text)
    return text
