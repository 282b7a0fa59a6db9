"""Words of messages: the nearest spelling, and values on one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["nearest", "shown"]


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is none of ``known``: the nearest one, and all if they are few.

    >>> nearest("outptus", ["inputs", "outputs"])
    "did you mean 'outputs'? there are inputs, outputs"
    """
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}there are {', '.join(known)}" if known else "there are none"


def shown(value: object) -> str:
    """``value`` for a message: short, on one line.

    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."
    """
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}..."
