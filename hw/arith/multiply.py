"""Pipelined ``a * b + c``: by the tool's multiplier, by rows of look-up tables, by constants.

Left to itself without DSP blocks, Yosys turns a product into compressors of look-up tables
(2,100 LUT4 for 21 x 18 bits on ECP5). Radix-4 rows and carry chains with registers between
them take 500; a constant in canonical signed digits takes an adder for each digit.
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
    """``(value + carry) * 2**shift``, or ``-value * 2**shift`` if ``minus``."""

    value: Value
    shift: int = 0
    minus: bool = False
    carry: Value | None = None


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
    of a pair need no adder, and its carry goes where an adder has room for one. The carry
    of the lowest term finds no adder, unless another term has the same shift. The sum wraps
    if it does not fit.
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
    assert level[0].carry is None
    total = Signal(signed(width), name=name)
    m.d.comb += total.eq(level[0].value << level[0].shift)
    return total


def _node(m: Module, pair: Sequence[Term], width: int, enable: ValueLike, name: str) -> Term:
    """The registered sum of one or two terms, positive if one of them is."""
    def stage(value: Value | None, kind: str) -> Value | None:
        return None if value is None else registered(m, value, enable=enable, name=name + kind)

    if len(pair) == 1:
        return replace(pair[0], value=stage(pair[0].value, ""),
                       carry=stage(pair[0].carry, "_carry"))
    # Of two terms at the same place the one with a carry counts as the higher.
    low, high = sorted(pair, key=lambda term: (term.shift, term.carry is not None))
    gap = high.shift - low.shift
    if low.minus and not high.minus:
        total = (high.value << gap) - low.value
    else:
        spared, upper = _split(low.value, gap)
        added = upper + high.value if low.minus == high.minus else upper - high.value
        added = added if high.carry is None else added + high.carry
        total = Cat(spared, added).as_signed() if added.shape().signed else Cat(spared, added)
    return Term(stage(_cut(total, width - low.shift), ""), low.shift,
                low.minus and high.minus, stage(low.carry, "_carry"))


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
    return 1 + addend if kind == "inferred" else 1 + tree_depth(_digits(b) + 1)


def _digits(b: Shape) -> int:
    """Radix-4 digits from -1 to 2 that hold every value of ``b``, signed or not."""
    return b.width // 2 + 1


def multiply_add(m: Module, a: Value, b: Value, c: Term | None, width: int, *, kind: str,
                 enable: ValueLike, name: str) -> Value:
    """``a * b + c`` as ``signed(width)``, pipelined; the sum wraps if it does not fit.

    Parameters
    ----------
    kind : str
        ``"inferred"``: a plain product between registers, for DSP blocks.
        ``"fabric"``: a row for each radix-4 digit of ``b``, added with ``c`` in a tree.
    """
    def stage(value: Value, kind: str) -> Value:
        return registered(m, value, enable=enable, name=f"{name}_{kind}")

    if kind not in MULTIPLIERS:
        raise ValueError(f"kind must be one of {', '.join(MULTIPLIERS)}, not {kind!r}")
    held = None if c is None else replace(c, value=stage(c.value, "addend"))
    if kind == "inferred":
        product = stage(_cut(a * b, width), "product")
        return product if held is None else aligned_sum(m, [held, Term(product)], width,
                                                        enable=enable, name=name)
    # Digits from -1 to 2 are those of b + 0b0101...01 less 1 each.
    count = _digits(b.shape())
    digits = stage((b + ((1 << 2 * count) - 1) // 3)[:2 * count], "digits")
    rows = _rows(m, stage(a, "a"), digits, name)
    rows[0], carry = replace(rows[0], carry=None), rows[0].carry
    if held is None:
        held = Term(carry)
    elif held.shift:
        held = Term(Cat(carry, Const(0, held.shift - 1), held.value).as_signed())
    else:
        held = replace(held, carry=carry)
    # In the middle, even a long addend makes few of the tree's adders longer.
    middle = count // 4 * 2
    return aligned_sum(m, [*rows[:middle], held, *rows[middle:]], width, enable=enable,
                       name=name)


def _rows(m: Module, a: Value, digits: Value, name: str) -> list[Term]:
    """Terms whose sum is ``a`` times the number of which ``digits`` are the digits plus 1.

    Minus ``a`` is its complement plus 1. So each bit of a row has four inputs, which is
    what a look-up table has, and the 1 becomes the carry of an adder.
    """
    a = a if a.shape().signed else Cat(a, Const(0, 1)).as_signed()
    terms = []
    for k in range(0, len(digits), 2):
        row = Signal(signed(len(a) + 1), name=f"{name}_row_{k}")
        m.d.comb += row.eq(Mux(digits[k + 1], Mux(digits[k], a << 1, a),
                               Mux(digits[k], 0, ~a)))
        terms.append(Term(row, k, carry=~digits[k:k + 2].any()))
    return terms
