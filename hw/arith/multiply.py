"""Pipelined ``a * b + c``: by the tool's multiplier, by rows of look-up tables, by constants.

Left to itself without DSP blocks, Yosys turns a product into compressors of look-up tables
(2,100 LUT4 for 21 x 18 bits on ECP5). Radix-4 rows and carry chains with registers between
them take 620; a constant in canonical signed digits takes an adder for each digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.hdl import ValueLike

from .adder_tree import tree_depth
from .registered import registered

__all__ = ["MULTIPLIERS", "Term", "aligned_sum", "multiply_add", "multiply_add_depth",
           "scale_terms", "signed_digits"]

#: How to multiply by a run-time factor: leave it to synthesis, or build it of logic.
MULTIPLIERS = ("inferred", "fabric")


@dataclass(frozen=True, eq=False)
class Term:
    """``value * 2**shift``, or its negative if ``minus``."""

    value: Value
    shift: int = 0
    minus: bool = False


def signed_digits(number: int) -> list[tuple[int, bool]]:
    """Canonical signed digits: (position, whether negative), lowest first, none adjacent.

    >>> signed_digits(7)
    [(0, True), (3, False)]
    """
    digits, position = [], 0
    while number:
        if number & 1:
            minus = number & 3 == 3
            digits.append((position, minus))
            number += 1 if minus else -1
        number >>= 1
        position += 1
    return digits


def scale_terms(a: Value, factor: int) -> list[Term]:
    """Terms whose sum is ``a * factor``, one for each signed digit."""
    return [Term(a, position, minus) for position, minus in signed_digits(factor)]


def aligned_sum(m: Module, terms: Sequence[Term], width: int, *, enable: ValueLike,
                name: str) -> Value:
    """Sum of ``terms`` as ``signed(width)``, ``tree_depth(len(terms))`` enabled cycles later.

    Neighbours are added in pairs, a register behind each level; bits below the higher term
    of a pair need no adder. The sum wraps if it does not fit.
    """
    level, depth = list(terms), 0
    if not level:
        return Const(0, signed(width))
    if all(term.minus for term in level):
        raise ValueError("a sum of negative terms alone needs a positive one, if only 0")
    while len(level) > 1:
        level = [_node(m, level[k:k + 2], width, enable, f"{name}_{depth}_{k // 2}")
                 for k in range(0, len(level), 2)]
        depth += 1
    total = Signal(signed(width), name=name)
    m.d.comb += total.eq(level[0].value << level[0].shift)
    return total


def _node(m: Module, pair: Sequence[Term], width: int, enable: ValueLike, name: str) -> Term:
    """The registered sum of one or two terms, positive if one of them is."""
    if len(pair) == 1:
        return replace(pair[0], value=registered(m, pair[0].value, enable=enable, name=name))
    low, high = sorted(pair, key=lambda term: term.shift)
    gap = high.shift - low.shift
    if low.minus and not high.minus:
        total = (high.value << gap) - low.value
    else:
        spared, upper = _split(low.value, gap)
        added = upper + high.value if low.minus == high.minus else upper - high.value
        total = Cat(spared, added).as_signed() if added.shape().signed else Cat(spared, added)
    total = _cut(total, width - low.shift)
    return Term(registered(m, total, enable=enable, name=name), low.shift,
                low.minus and high.minus)


def _split(value: Value, gap: int) -> tuple[Value, Value]:
    """The low ``gap`` bits of ``value``, and the rest with its sign."""
    sign = value[-1:] if value.shape().signed else Const(0, 1)
    upper = value[gap:] if gap < len(value) else sign
    lower = Cat(value[:gap], sign.replicate(max(0, gap - len(value))))
    return lower, upper.as_signed() if value.shape().signed else upper


def _cut(value: Value, width: int) -> Value:
    return value if len(value) <= width else value[:width].as_signed()


def multiply_add_depth(b: Shape, kind: str, *, addend: bool) -> int:
    """Enabled cycles from the operands of :func:`multiply_add` to its result."""
    if kind == "inferred":
        return 1 + addend
    return 1 + tree_depth(_row_count(b) + addend)


def _row_count(b: Shape) -> int:
    """Rows of a radix-4 product: one for every two bits, the sign bit by itself."""
    return max(1, -(-(b.width - b.signed) // 2)) + b.signed


def _rows(m: Module, a: Value, triple: Value, b: Value, name: str) -> list[Term]:
    """Terms whose sum is ``a * b``: 0, 1, 2 or 3 times ``a`` for every two bits of ``b``."""
    bits = len(b) - b.shape().signed
    terms = [] if bits else [Term(Const(0))]
    for k in range(0, bits, 2):
        row = Signal((triple if k + 1 < bits else a).shape(), name=f"{name}_row_{k}")
        m.d.comb += row.eq(Mux(b[k], a, 0) if k + 1 == bits else
                           Mux(b[k + 1], Mux(b[k], triple, a << 1), Mux(b[k], a, 0)))
        terms.append(Term(row, k))
    if b.shape().signed:
        terms.append(Term(Mux(b[-1], a, 0), bits, minus=True))
    return terms


def multiply_add(m: Module, a: Value, b: Value, c: Term | None, width: int, *, kind: str,
                 enable: ValueLike, name: str) -> Value:
    """``a * b + c`` as ``signed(width)``, pipelined; the sum wraps if it does not fit.

    Parameters
    ----------
    kind : str
        ``"inferred"``: a plain product between registers, for DSP blocks.
        ``"fabric"``: radix-4 rows (0, 1, 2 or 3 times ``a``), added with ``c`` in a tree.
    """
    if kind == "inferred":
        product = registered(m, _cut(a * b, width), enable=enable, name=f"{name}_product")
        if c is None:
            return product
        held = replace(c, value=registered(m, c.value, enable=enable, name=f"{name}_addend"))
        return aligned_sum(m, [held, Term(product)], width, enable=enable, name=name)
    if kind != "fabric":
        raise ValueError(f"kind must be one of {', '.join(MULTIPLIERS)}, not {kind!r}")
    triple = registered(m, a + (a << 1), enable=enable, name=f"{name}_triple")
    a = registered(m, a, enable=enable, name=f"{name}_a")
    b = registered(m, b, enable=enable, name=f"{name}_b")
    terms = _rows(m, a, triple, b, name)
    if c is not None:
        held = replace(c, value=registered(m, c.value, enable=enable, name=f"{name}_addend"))
        terms.insert(0, held)
    return aligned_sum(m, terms, width, enable=enable, name=name)
