"""Patterns that are no code of their format."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Signal, Value

from sw_model.formats import CodebookFormat, Format, KHotFormat, TernaryFormat

__all__ = ["illegal_code"]


def illegal_code(m: Module, format_: Format, code: Value, name: str) -> Value:
    """Whether the pattern ``code`` is none that ``format_`` has; constant where all are."""
    code = Value.cast(code)
    if isinstance(format_, TernaryFormat):
        return code == -2
    if isinstance(format_, CodebookFormat) and len(format_.entries) < 1 << format_.width:
        return code >= len(format_.entries)
    if isinstance(format_, KHotFormat):
        return _more_ones(m, code[:-1], format_.hot, name)
    return Const(0, 1)


def _more_ones(m: Module, bits: Value, most: int, name: str) -> Value:
    """Whether more than ``most`` of the bits are ones."""
    # Ones of a thermometer: bit n says that more than n of the bits so far are.
    count: Value = Const(0, most + 1)
    for place, bit in enumerate(bits):
        higher = Signal(most + 1, name=f"{name}_ones_{place}")
        m.d.comb += higher.eq(count | Cat(Const(1, 1), count) & bit.replicate(most + 1))
        count = higher
    return count[-1]
