"""From the canonical spelling of a block format back to it."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..integer import IntFormat
from ..minifloat import NAMED
from .base import BlockFormat
from .bfp import BFPFormat
from .mx import MX_ELEMENTS, MX_INT8, MXFormat
from .nv import NV_SCALES, NVFormat
from .scale_rule import ScaleRule
from .weight_spellings import WEIGHT_SPELLINGS

__all__ = ["BLOCK_SPELLINGS", "parse_block_format"]

#: Other names of MX elements that are understood.
ALIASES = {"e4m3": "e4m3fn"}


def _mx(element: str, rest: str | None) -> MXFormat:
    """``mx<e2m1,16,ceil>``: what follows the element, in any order."""
    name = ALIASES.get(element, element)
    if name not in MX_ELEMENTS:
        raise ValueError(f"unknown element {element!r} of mx; elements are "
                         f"{', '.join(MX_ELEMENTS)}, and integers are spelt mxint8")
    return MXFormat(MX_ELEMENTS[name], *_size_and_rule((rest or "").split(",")[1:]))


def _mxint8(options: str | None) -> MXFormat:
    """``mxint8<16,ceil,asymmetric>``: options in any order."""
    words = options[1:-1].split(",") if options else []
    symmetric = "asymmetric" not in words
    if not symmetric:
        words.remove("asymmetric")
    if "asymmetric" in words:
        raise ValueError("asymmetric is given twice")
    return MXFormat(MX_INT8, *_size_and_rule(words), symmetric)


def _size_and_rule(words: list[str]) -> tuple[int, ScaleRule]:
    size, rule = None, None
    rules = [each.value for each in ScaleRule]
    for word in words:
        if re.fullmatch(r"[0-9]{1,9}", word):
            if size is not None:
                raise ValueError("a block's size is given twice")
            size = int(word)
        elif word in rules:
            if rule is not None:
                raise ValueError("a scale's rule is given twice")
            rule = ScaleRule(word)
        else:
            raise ValueError(f"unknown option {word!r} of a block format; options are its size "
                             f"and {', '.join(rules)}, for mxint8 asymmetric too")
    return 32 if size is None else size, rule or ScaleRule.FLOOR


def _nv(kind: str, scale: str | None) -> NVFormat:
    element = NAMED["e2m1"] if kind == "fp" else IntFormat(4)
    return NVFormat(element, NV_SCALES[scale or "ue4m3"])


#: Pattern of a spelling, an example for messages, and what makes the format of it.
BLOCK_SPELLINGS: list[tuple[str, str, Callable[..., BlockFormat]]] = [
    (r"mx<([^,<>]+)((?:,[^,<>]*)*)>", "mx<e2m1>", _mx),
    (r"mxint8(<[^<>]*>)?", "mxint8", _mxint8),
    (r"nv(fp|int)4(?:<(ue4m3|ue5m3)>)?", "nvfp4", _nv),
    (r"bfp<([0-9]{1,9}),([0-9]{1,9})>", "bfp<8,32>", lambda m, n: BFPFormat(int(m), int(n))),
    *WEIGHT_SPELLINGS,
]


def parse_block_format(text: str) -> BlockFormat:
    """The block format that ``text`` spells, the inverse of ``str``; spaces may stand at ``<,>``.

    >>> str(parse_block_format("mx<e4m3, ceil, 16>"))
    'mx<e4m3fn,16,ceil>'

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If nothing is spelt so, the message lists what is; or if there is no such format.
    """
    if not isinstance(text, str):
        raise TypeError(f"a block format must be spelt as a string, not {text!r}")
    plain = re.sub(r" *([<,>]) *", r"\1", text)
    for pattern, _, make in BLOCK_SPELLINGS:
        if match := re.fullmatch(pattern, plain):
            return make(*match.groups())
    examples = ", ".join(example for _, example, _ in BLOCK_SPELLINGS)
    shown = text if len(text) <= 40 else f"{text[:36]}..."
    raise ValueError(f"unknown block format {shown!r}; block formats are spelt like {examples}")
