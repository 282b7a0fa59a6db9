# amaranth: UnusedElaboratable=no
"""Products of narrow codes as tables: whatever the formats, no decoder and no multiplier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import CodedFormat, Format, KHotFormat, MinifloatFormat

from ..arith.adder_tree import tree_depth
from ..arith.carry_tree import Carried, carry_tree
from ..arith.registered import registered
from ..shapes import shape_between, shape_of
from .base import DotProduct, DotSpec

__all__ = ["RegisteredTableProduct", "TableDotProduct", "TableProduct"]

#: Most bits of both codes: a table of four kilobit for each bit of the product.
MOST = 12


def signless(form: Format) -> bool:
    """Whether the highest bit of a code is a sign beside its magnitude."""
    return (isinstance(form, MinifloatFormat) and form.signed) or isinstance(form, KHotFormat)


class TableProduct(wiring.Component):
    """The product of two codes on the product grid: a look-up table for each bit.

    Combinational. Where both formats have a sign beside a magnitude, tables are of the
    magnitudes alone: six inputs for two E2M1, which a LUT6 has. Codes that are no numbers count
    as zero.

    Parameters
    ----------
    activations, weights : Format
        Of at most 12 bits together.
    form : str
        ``"signed"``: two's complement. ``"magnitude"``: a magnitude, and its sign in the highest
        bit, of formats that have one.

    Members
    -------
    a : ``In(shape_of(activations))``
    w : ``In(shape_of(weights))``
    o : ``Out``
        Signed, or unsigned for a magnitude: with a bit more, its sign.
    """

    def __init__(self, activations: Format, weights: Format, form: str = "signed") -> None:
        self._spec = DotSpec(activations, weights, 1)
        if reason := TableDotProduct.refusal(self._spec):
            raise ValueError(reason)
        if form not in ("signed", "magnitude"):
            raise ValueError(f"form must be signed or magnitude, not {form!r}")
        if form == "magnitude" and not (signless(activations) and signless(weights)):
            raise ValueError("formats must have a sign beside a magnitude, as floats have, not "
                             f"{activations} and {weights}")
        self._form = form
        low, high = self._spec.product_range
        result = shape_between(low, high) if form == "signed" else 1 + high.bit_length()
        super().__init__({"a": In(shape_of(activations)), "w": In(shape_of(weights)),
                          "o": Out(result)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        value, negative = product_parts(self._spec, self.a, self.w)
        if self._form == "magnitude":
            m.d.comb += self.o.eq(Cat(value, negative))
        elif isinstance(negative, Const):
            m.d.comb += self.o.eq(value)
        else:
            m.d.comb += self.o.eq(Mux(negative, -value, value))
        return m


class RegisteredTableProduct(wiring.Component):
    """A :class:`TableProduct` between registers.

    Parameters
    ----------
    activations, weights, form
        As of :class:`TableProduct`.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    a : ``In(shape_of(activations))``
    w : ``In(shape_of(weights))``
    o : ``Out``
        The product, ``latency`` enabled cycles later.
    """

    latency = 2

    def __init__(self, activations: Format, weights: Format, form: str = "signed") -> None:
        self._product = TableProduct(activations, weights, form)
        super().__init__({"enable": In(1), **self._product.signature.members})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.product = product = self._product
        m.d.comb += [
            product.a.eq(registered(m, self.a, enable=self.enable, name="a_held")),
            product.w.eq(registered(m, self.w, enable=self.enable, name="w_held")),
            self.o.eq(registered(m, product.o, enable=self.enable, name="product_held"))]
        return m


class TableDotProduct(DotProduct):
    """A :class:`TableProduct` for each lane, and an exact sum: a dot product every cycle.

    Negative products are complemented; the ones that are to be added are carries of the tree's
    adders. Registers stand behind the tables and each level of the tree. NaN and infinities
    count as zero: whoever makes the codes must not make these. See :class:`DotProduct` for the
    contract and the members.

    Parameters
    ----------
    spec : DotSpec
        Any formats of at most 12 bits together.
    """

    what = "a product by table"

    def __init__(self, spec: DotSpec) -> None:
        super().__init__(spec)
        self.latency = 1 + tree_depth(spec.lanes)

    @classmethod
    def _refusal_of_pair(cls, spec: DotSpec) -> str | None:
        bits = spec.activations.width + spec.weights.width
        if bits > MOST:
            return (f"codes of a product by table must have at most {MOST} bits together, not "
                    f"{bits} (activations {spec.activations}, weights {spec.weights}): a table "
                    "has an entry for each pair of codes, twice as many with each bit")
        return None

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        terms = [self._term(m, lane) for lane in range(self.spec.lanes)]
        m.d.comb += self.o.eq(carry_tree(m, terms, enable=self.enable, name="sum"))
        return m

    def _term(self, m: Module, lane: int) -> Carried:
        """A lane's product, less the carry that completes it, a register later."""
        low, high = self.spec.product_range
        value, negative = product_parts(self.spec, self.a[lane], self.w[lane])
        if isinstance(negative, Const):
            return Carried(registered(m, value, enable=self.enable, name=f"product_{lane}"),
                           low, high)
        if lane == 0:
            whole = Signal(shape_between(low, high), name="whole_0")
            m.d.comb += whole.eq(Mux(negative, -value, value))
            return Carried(registered(m, whole, enable=self.enable, name="product_0"), low, high)
        magnitude = registered(m, value, enable=self.enable, name=f"magnitude_{lane}")
        sign = registered(m, negative, enable=self.enable, name=f"sign_{lane}")
        flipped = Signal(shape_between(-high - 1, high), name=f"flipped_{lane}")
        m.d.comb += flipped.eq(magnitude ^ sign.replicate(len(flipped)).as_signed())
        return Carried(flipped, -high - 1, high, sign)


def product_parts(spec: DotSpec, a: Value, w: Value) -> tuple[Value, Value]:
    """The product of two codes, or its magnitude, and whether that is to be negated."""
    codes = [Value.cast(code) for code in (a, w)]
    forms = (spec.activations, spec.weights)
    low, high = spec.product_range
    if all(map(signless, forms)):
        tables = [_numbers(form)[:1 << form.width - 1] for form in forms]
        magnitudes = [code[:-1] for code in codes]
        return (_table(tables, magnitudes, shape_between(0, high)),
                codes[0][-1] ^ codes[1][-1])
    return _table([_numbers(form) for form in forms], codes, shape_between(low, high)), Const(0, 1)


def _table(numbers: Sequence[Sequence[int]], codes: Sequence[Value], shape: Shape) -> Value:
    """The product of the numbers that two codes stand for."""
    products = [x * y for y in numbers[1] for x in numbers[0]]
    index = Cat(*codes)
    bits = [Const(sum((product >> place & 1) << k for k, product in enumerate(products)),
                  len(products)).bit_select(index, 1) for place in range(shape.width)]
    word = Cat(*bits)
    return word.as_signed() if shape.signed else word


def _numbers(form: Format) -> list[int]:
    """What each bit pattern stands for on the format's grid; 0 if it is no number."""
    numbers = [0] * (1 << form.width)
    for code in range(form.min, form.max + 1):
        if isinstance(form, CodedFormat) and not _is_number(form, code):
            continue
        numbers[code & (1 << form.width) - 1] = int(form.to_fixed(code))
    return numbers


def _is_number(form: CodedFormat, code: int) -> bool:
    """Whether a code is legal and finite."""
    try:
        form.to_fixed(code)
    except ValueError:
        return False
    return True
