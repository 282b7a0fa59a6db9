"""From the canonical spelling of a packing back to it."""

from __future__ import annotations

import re
from collections.abc import Callable

from .base import Packing
from .fp6 import Fp6Packing, Order
from .trits import TritPacking

__all__ = ["PACKING_SPELLINGS", "parse_packing"]

#: Pattern of a spelling, an example for messages, and what makes the packing of it.
PACKING_SPELLINGS: list[tuple[str, str, Callable[..., Packing]]] = [
    (r"fp6_planes(?:<(low_first|high_first)>)?", "fp6_planes<high_first>",
     lambda order: Fp6Packing(Order(order or "low_first"))),
    (r"trits5", "trits5", TritPacking),
]


def parse_packing(text: str) -> Packing:
    """The packing that ``text`` spells, the inverse of ``str``; spaces may stand at ``<,>``.

    >>> str(parse_packing("fp6_planes< low_first >"))
    'fp6_planes'

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If nothing is spelt so; the message lists what is.
    """
    if not isinstance(text, str):
        raise TypeError(f"a packing must be spelt as a string, not {text!r}")
    plain = re.sub(r" *([<,>]) *", r"\1", text)
    for pattern, _, make in PACKING_SPELLINGS:
        if match := re.fullmatch(pattern, plain):
            return make(*match.groups())
    examples = ", ".join(example for _, example, _ in PACKING_SPELLINGS)
    shown = text if len(text) <= 40 else f"{text[:36]}..."
    raise ValueError(f"unknown packing {shown!r}; packings are spelt like {examples}")
