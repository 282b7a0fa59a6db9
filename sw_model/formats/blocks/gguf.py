"""The block types of GGUF files, by their names."""

from __future__ import annotations

from .gguf_base import GgufFormat
from .gguf_legacy import Q4_0Format, Q4_1Format, Q8_0Format
from .gguf_nvfp4 import GgufNvfp4Format
from .gguf_q4_k import Q4_KFormat
from .gguf_q6_k import Q6_KFormat
from .gguf_table import GgufMxfp4Format, IQ4_NLFormat
from .gguf_ternary import TQ1_0Format, TQ2_0Format

__all__ = ["GGUF_FORMATS", "GgufFormat", "GgufMxfp4Format", "GgufNvfp4Format", "IQ4_NLFormat",
           "Q4_0Format", "Q4_1Format", "Q4_KFormat", "Q6_KFormat", "Q8_0Format", "TQ1_0Format",
           "TQ2_0Format"]

#: Formats by canonical spelling. Two have a prefix, as their plain names are OCP's and NVIDIA's.
GGUF_FORMATS: dict[str, GgufFormat] = {
    form.name: form for form in (
        Q4_0Format(), Q4_1Format(), Q8_0Format(), Q4_KFormat(), Q6_KFormat(), IQ4_NLFormat(),
        GgufMxfp4Format(), GgufNvfp4Format(), TQ1_0Format(), TQ2_0Format())
}
