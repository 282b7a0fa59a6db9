"""The formats that a tensor may be held in."""

from __future__ import annotations

from collections.abc import Iterator

from sw_model.formats import Format, parse_format
from sw_model.formats.blocks import BlockFormat, parse_block_format
from sw_model.formats.sparse import parse_sparse_format

from .entropy import EntropyCoded
from .fitted import Fitted
from .pruned import Pruned
from .scaled import Scaled

__all__ = ["FAMILIES", "Candidate", "candidates"]

#: Elementwise formats by family; each stands once for a scale a tensor and once a channel.
ELEMENTS: dict[str, tuple[str, ...]] = {
    "integer": (*(f"int{width}" for width in range(2, 17)),
                *(f"uint{width}" for width in range(1, 17)), "ternary", "bipolar"),
    "float": (*(f"float<{exponent},{width - 1 - exponent}>" for width in range(3, 9)
                for exponent in range(1, width)),
              *(f"float<{exponent},{width - 1 - exponent},fn>" for width in range(4, 9)
                for exponent in range(2, width - 1)), "e5m2", "e4m3fn", "fp16", "bf16"),
    "posit": tuple(f"posit<{width},{exponent}>" for width in range(3, 17)
                   for exponent in range(3) if width - exponent > 2),
    "few ones": tuple(f"khot<{width},0,{hot}>" for width in range(3, 17)
                      for hot in (1, 2, 3) if hot < width),
}

#: Block formats by family.
BLOCKS: dict[str, tuple[str, ...]] = {
    "MX": (*(f"mx<{element}{rule}>" for element in ("e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1")
             for rule in ("", ",ceil", ",rne", ",fpquant")),
           "mxint8", "mxint8<ceil>", "mxint8<rne>", "mxint8<fpquant>", "mxint8<asymmetric>"),
    "NV": ("nvfp4", "nvint4", "nvfp4<ue5m3>", "nvint4<ue5m3>"),
    "BFP": tuple(f"bfp<{mantissa},{size}>" for mantissa in range(2, 17)
                 for size in (16, 32, 64, 128)),
    "GGUF": ("q4_0", "q4_1", "q8_0", "q4_k", "q6_k", "iq4_nl", "gguf_mxfp4", "gguf_nvfp4", "tq1_0",
             "tq2_0"),
    "weights": (*(f"bitmod<{bits},{size}>" for bits in (3, 4) for size in (32, 64, 128)),
                "olive<int4>", "olive<flint4>", "olive<int8>",
                "sherry<32>", "sherry<64>", "sherry<128>", "stq1_0"),
}

#: Sparse formats, and sizes of codebooks that are fitted.
SPARSE = tuple(f"sparse<{keep},{of},{element}>" for keep, of in (
    (1, 2), (2, 4), (4, 8), (2, 8), (1, 4)) for element in ("int4", "int8"))
FITTED = (4, 8, 16, 32, 64, 256)

FAMILIES = (*ELEMENTS, *BLOCKS, "N:M", "codebook")

#: A format and what else it takes to hold a tensor.
Candidate = Scaled | EntropyCoded | Pruned | Fitted | BlockFormat


def candidates() -> Iterator[tuple[str, Candidate]]:
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
    for text in SPARSE:
        yield "N:M", Pruned(parse_sparse_format(text))
    for entries in FITTED:
        yield "codebook", Fitted(entries)
