"""Blocks of GGUF files, and Sherry's: from the fields of one to its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth import Cat, Module, Signal, Value
from amaranth.lib.data import StructLayout, View

from sw_model.formats.blocks.gguf import GgufFormat
from sw_model.formats.blocks.gguf_ternary import RUNS
from sw_model.formats.blocks.sherry import SherryFormat, STQ1_0Format

from ..shapes import vector_of
from .gguf import BLOCKS, HALF, shared_fields
from .legal import illegal_code
from .sherry import sherry_code, sherry_legal
from .trits import trit_byte

__all__ = ["gguf_bytes", "gguf_illegal", "gguf_layout"]

Codes = list[Value]


def gguf_layout(form: GgufFormat) -> StructLayout:
    """A block: ``codes``, and the golden model's other fields by their names."""
    shared = {"scales": HALF} if isinstance(form, SherryFormat) else BLOCKS[str(form)].shared
    return StructLayout({"codes": vector_of(form.element, form.size), **shared_fields(shared)})


def gguf_bytes(form: GgufFormat, fields: View[Any], m: Module) -> Value:
    """A block's bytes, the first in the low bits; combinational."""
    pack = _sherry if isinstance(form, SherryFormat) else PACKERS[str(form)]
    return pack(_codes(fields), fields, m)


def gguf_illegal(form: GgufFormat, fields: View[Any], m: Module) -> list[Value]:
    """What says that codes are none, or not three of four; constant where none can be."""
    codes = _codes(fields)
    if isinstance(form, SherryFormat | STQ1_0Format):
        fours = _apart if isinstance(form, STQ1_0Format) else _neighbours
        return [~sherry_legal(four) for four in fours(codes)]
    return [illegal_code(m, form.element, code, f"code_{k}") for k, code in enumerate(codes)]


def _codes(fields: View[Any]) -> Codes:
    return [Value.cast(code) for code in fields["codes"]]


def _nibbles(codes: Codes, run: int) -> Value:
    """Bytes of 4-bit codes: of every ``run`` the first half are low nibbles."""
    return Cat(Cat(codes[start + at], codes[start + run // 2 + at])
               for start in range(0, len(codes), run) for at in range(run // 2))


def _pairs(codes: Codes) -> Value:
    """Bytes of 2-bit codes: of every 128 each fourth begins at another bit."""
    return Cat(codes[start + 32 * k + at] for start in range(0, len(codes), 128)
               for at in range(32) for k in range(4))


def _q4_k(codes: Codes, fields: View[Any], m: Module) -> Value:
    # Six bits of the first four each; the two bits above hold the top of the last four.
    high = [Cat(six[k], six[4 + k][4:]) for six in (fields.scales, fields.minima)
            for k in range(4)]
    low = [Cat(fields.scales[4 + k][:4], fields.minima[4 + k][:4]) for k in range(4)]
    return Cat(fields.d, fields.dmin, high, low, _nibbles(codes, 64))


def _q6_k(codes: Codes, fields: View[Any], m: Module) -> Value:
    return Cat(_nibbles([code[:4] for code in codes], 128), _pairs([code[4:] for code in codes]),
               fields.scales, fields.d)


def _tq1_0(codes: Codes, fields: View[Any], m: Module) -> Value:
    data = [trit_byte([codes[first + row * count + k] for row in range(trits)], m,
                      f"trits_{first + k}")
            for first, trits, count in RUNS for k in range(count)]
    return Cat(data, fields.scales)


def _stq1_0(codes: Codes, fields: View[Any], m: Module) -> Value:
    patterns = _patterns(_apart(codes), m)
    return Cat((each[:4] for each in patterns), (each[4] for each in patterns), fields.scales)


def _sherry(codes: Codes, fields: View[Any], m: Module) -> Value:
    return Cat(_patterns(_neighbours(codes), m), fields.scales)


def _neighbours(codes: Codes) -> list[Codes]:
    """The four weights of each code that lie side by side."""
    return [codes[k:k + 4] for k in range(0, len(codes), 4)]


def _apart(codes: Codes) -> list[Codes]:
    """The four weights of each code that lie 16 apart."""
    return [codes[start + k:start + 64:16] for start in range(0, len(codes), 64)
            for k in range(16)]


def _patterns(fours: list[Codes], m: Module) -> Codes:
    """Sherry's code of every four weights."""
    patterns = []
    for k, four in enumerate(fours):
        zeros, pattern = Signal(4, name=f"zeros_{k}"), Signal(5, name=f"pattern_{k}")
        m.d.comb += [zeros.eq(Cat(~weight.any() for weight in four)),
                     pattern.eq(sherry_code(zeros, [weight[1] for weight in four]))]
        patterns.append(pattern)
    return patterns


#: What makes the bytes of codes and fields, by the formats' canonical spelling.
PACKERS: dict[str, Callable[[Codes, View[Any], Module], Value]] = {
    **dict.fromkeys(("q4_0", "iq4_nl", "gguf_mxfp4"),
                    lambda codes, fields, m: Cat(fields.scales, _nibbles(codes, 32))),
    "q4_1": lambda codes, fields, m: Cat(fields.scales, fields.minima, _nibbles(codes, 32)),
    "q8_0": lambda codes, fields, m: Cat(fields.scales, codes),
    "q4_k": _q4_k,
    "q6_k": _q6_k,
    "gguf_nvfp4": lambda codes, fields, m: Cat(fields.scales, _nibbles(codes, 16)),
    "tq1_0": _tq1_0,
    "tq2_0": lambda codes, fields, m: Cat(_pairs(codes), fields.scales),
    "stq1_0": _stq1_0,
}
