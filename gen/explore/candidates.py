"""The formats that a tensor may be held in."""

from __future__ import annotations

from collections.abc import Iterator

from sw_model.formats import Format, parse_format
from sw_model.formats.blocks import BlockFormat, parse_block_format

from .scaled import EntropyCoded, Scaled

__all__ = ["FAMILIES", "candidates"]

#: Elementwise formats by family; each stands once for a scale a tensor and once a channel.
ELEMENTS: dict[str, tuple[str, ...]] = {
    "integer": (*(f"int{width}" for width in (2, 3, 4, 5, 6, 7, 8, 10, 12, 16)), "ternary",
                "bipolar"),
    "float": (*(f"float<{exponent},{width - 1 - exponent}>" for width in range(3, 9)
                for exponent in range(1, width)), "e5m2", "e4m3fn", "fp16", "bf16"),
    "posit": tuple(f"posit<{width},{exponent}>" for width in (4, 6, 8, 12, 16)
                   for exponent in range(3) if width - exponent > 2),
    "few ones": tuple(f"khot<{width},0,{hot}>" for width in (4, 6, 8) for hot in (1, 2, 3)),
}

#: Block formats by family.
BLOCKS: dict[str, tuple[str, ...]] = {
    "MX": (*(f"mx<{element}>" for element in ("e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1")),
           "mxint8"),
    "NV": ("nvfp4", "nvint4", "nvfp4<ue5m3>", "nvint4<ue5m3>"),
    "BFP": tuple(f"bfp<{mantissa},32>" for mantissa in range(2, 9)),
    "GGUF": ("q4_0", "q4_1", "q8_0", "q4_k", "q6_k", "iq4_nl", "gguf_mxfp4", "gguf_nvfp4", "tq1_0",
             "tq2_0"),
    "weights": ("bitmod<3>", "bitmod<4>", "olive<int4>", "olive<flint4>", "olive<int8>",
                "sherry<128>", "stq1_0"),
}

FAMILIES = (*ELEMENTS, *BLOCKS)


def candidates() -> Iterator[tuple[str, Scaled | EntropyCoded | BlockFormat]]:
    """Every format with its family."""
    seen: set[Format] = set()
    for family, texts in ELEMENTS.items():
        for text in texts:
            form = parse_format(text)
            if form in seen:
                continue
            seen.add(form)
            one = Scaled(form)
            yield family, one
            if not one.plain:
                yield family, Scaled(form, channels=True)
    yield "float", EntropyCoded()
    for family, texts in BLOCKS.items():
        for text in texts:
            yield family, parse_block_format(text)
