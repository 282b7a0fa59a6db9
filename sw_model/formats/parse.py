"""From the canonical spelling back to the format."""

from __future__ import annotations

import re
from collections.abc import Callable

from .base import Format
from .binary import BipolarFormat, TernaryFormat
from .integer import FixedFormat, IntFormat
from .real import Float32Format

__all__ = ["SPELLINGS", "parse_format"]

#: Pattern of a spelling, an example for messages, and what makes the format of it.
SPELLINGS: list[tuple[str, str, Callable[..., Format]]] = [
    (r"int([0-9]{1,9})", "int8", lambda w: IntFormat(int(w))),
    (r"uint([0-9]{1,9})", "uint4", lambda w: IntFormat(int(w), signed=False)),
    (r"fixed<([0-9]{1,9}),(-?[0-9]{1,9})>", "fixed<8,4>", lambda w, f: FixedFormat(int(w), int(f))),
    (r"ufixed<([0-9]{1,9}),(-?[0-9]{1,9})>", "ufixed<8,4>",
     lambda w, f: FixedFormat(int(w), int(f), signed=False)),
    (r"bipolar", "bipolar", BipolarFormat),
    (r"ternary", "ternary", TernaryFormat),
    (r"float32", "float32", Float32Format),
]


def parse_format(text: str) -> Format:
    """The format that ``text`` spells, the inverse of ``str``; spaces may stand at ``<,>``.

    >>> parse_format("fixed<8,4>")
    FixedFormat(width=8, fraction=4, signed=True)

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If nothing is spelt so, the message lists what is; or if there is no such width.
    """
    if not isinstance(text, str):
        raise TypeError(f"a format must be spelt as a string, not {text!r}")
    plain = re.sub(r" *([<,>]) *", r"\1", text)
    for pattern, _, make in SPELLINGS:
        if match := re.fullmatch(pattern, plain):
            return make(*match.groups())
    examples = ", ".join(example for _, example, _ in SPELLINGS)
    shown = text if len(text) <= 40 else f"{text[:36]}..."
    raise ValueError(f"unknown format {shown!r}; formats are spelt like {examples}")
