"""``gatemill units``: the catalogue."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ..cli import Json, show

if TYPE_CHECKING:
    from ..catalogue import Variant

__all__ = ["units"]


def units(as_json: Json = False) -> None:
    """List every unit that can be built alone, with its variants and parameters."""
    from ..catalogue import catalogue

    variants = catalogue()
    text = []
    for unit in dict.fromkeys(variant.unit for variant in variants):
        text.append(_text([variant for variant in variants if variant.unit == unit]))
    show([variant.as_dict() for variant in variants], "\n\n".join(text), as_json)


def _text(variants: list[Variant]) -> str:
    """One unit for people."""
    first = variants[0]
    lines = [first.unit, _wrapped(first.summary, 2)]
    if first.paper:
        lines.append(_wrapped(f"Source: {first.paper}.", 2))
    for key in first.parameters:
        default = "required" if key.required else (
            "" if key.default is None else f"default {key.default}")
        if key.name == first.choice:
            default = ""
        notes = "; ".join(part for part in (key.type, default) if part)
        text = _wrapped(f"{key.meaning} [{notes}]", 18)
        lines.append(f"  {key.name:<15} {text.lstrip()}")
    return "\n".join(lines)


def _wrapped(text: str, indent: int) -> str:
    return textwrap.fill(text, 98, initial_indent=" " * indent, subsequent_indent=" " * indent)
