"""Spellings of the block formats that are for weights alone."""

from __future__ import annotations

from collections.abc import Callable

from .base import BlockFormat
from .bitmod import BitModFormat
from .gguf import GGUF_FORMATS
from .olive import Clash, OliveFormat
from .olive_codes import Normal
from .sherry import SherryFormat, STQ1_0Format

__all__ = ["WEIGHT_SPELLINGS"]


def _olive(normal: str, bias: str | None, clash: str | None) -> OliveFormat:
    return OliveFormat(Normal(normal), None if bias is None else int(bias),
                       Clash(clash) if clash else Clash.LARGER)


#: Pattern of a spelling, an example for messages, and what makes the format of it.
WEIGHT_SPELLINGS: list[tuple[str, str, Callable[..., BlockFormat]]] = [
    *((name, name, lambda name=name: GGUF_FORMATS[name]) for name in GGUF_FORMATS),
    (r"stq1_0", "stq1_0", STQ1_0Format),
    (r"sherry<([0-9]{1,9})>", "sherry<128>", lambda n: SherryFormat(int(n))),
    (r"bitmod<([0-9]{1,9})(?:,([0-9]{1,9}))?>", "bitmod<4,128>",
     lambda w, n: BitModFormat(int(w)) if n is None else BitModFormat(int(w), int(n))),
    (r"olive<(int4|flint4|int8)(?:,bias=([0-9]{1,9}))?(?:,(larger|even))?>", "olive<int4>", _olive),
]
