"""From the canonical spelling back to the format."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .base import Format
from .binary import BipolarFormat, TernaryFormat
from .codebook import CodebookFormat, KHotFormat
from .integer import FixedFormat, IntFormat
from .minifloat import NAMED, MinifloatFormat, Specials
from .posit import PositFormat
from .real import Float32Format
from .scale import E8M0Format

__all__ = ["SPELLINGS", "parse_format"]

#: Other names that are understood.
ALIASES = {"e4m3": "e4m3fn", "float16": "fp16", "bfloat16": "bf16"}


def _minifloat(unsigned: str, exponent: str, mantissa: str, rest: str) -> MinifloatFormat:
    """``float<4,3,bias=8,fn,flush,overflow>``: what follows the widths, in any order."""
    settings: dict[str, Any] = {}
    for word in rest.split(",")[1:]:
        if re.fullmatch(r"bias=-?[0-9]{1,9}", word):
            setting: tuple[str, Any] = ("bias", int(word[5:]))
        elif word in ("fn", "ieee"):
            setting = ("specials", Specials(word))
        elif word in ("flush", "overflow"):
            setting = ("subnormals" if word == "flush" else "saturate", False)
        else:
            raise ValueError(f"unknown option {_short(word)!r} of a float; options are bias=N, fn, "
                             "ieee, flush (no subnormals) and overflow (no saturation)")
        if setting[0] in settings:
            raise ValueError(f"a float's {setting[0]} is given twice")
        settings[setting[0]] = setting[1]
    return MinifloatFormat(int(exponent), int(mantissa), signed=not unsigned, **settings)


def _codebook(text: str) -> CodebookFormat:
    entries = text.split(",")
    for entry in entries:
        # Narrower than what float() reads, which takes underscores and foreign digits.
        if not re.fullmatch(r"[-+]?([0-9]+\.?|[0-9]*\.[0-9]+)(e[-+]?[0-9]+)?", entry):
            raise ValueError(f"entries of a codebook must be numbers, not {_short(entry)!r}")
    return CodebookFormat(tuple(float(entry) for entry in entries))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:36]}..."


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
    *((name, name, lambda name=name: NAMED[name]) for name in NAMED),
    (r"e8m0", "e8m0", E8M0Format),
    (r"(u?)float<([0-9]{1,9}),([0-9]{1,9})((?:,[^,<>]*)*)>", "float<4,3,bias=8,fn>", _minifloat),
    (r"posit<([0-9]{1,9}),([0-9]{1,9})>", "posit<8,0>", lambda n, e: PositFormat(int(n), int(e))),
    (r"codebook<([^<>]*)>", "codebook<-1,0,0.5,2>", _codebook),
    (r"khot<([0-9]{1,9}),(-?[0-9]{1,9}),([0-9]{1,9})>", "khot<8,5,2>",
     lambda w, f, k: KHotFormat(int(w), int(f), int(k))),
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
    plain = ALIASES.get(plain, plain)
    for pattern, _, make in SPELLINGS:
        if match := re.fullmatch(pattern, plain):
            return make(*match.groups())
    names = [example for pattern, example, _ in SPELLINGS if pattern == example]
    examples = [example for _, example, _ in SPELLINGS if example not in names]
    raise ValueError(f"unknown format {_short(text)!r}; formats are spelt like "
                     f"{', '.join(examples)}, or named {', '.join(names)}")
