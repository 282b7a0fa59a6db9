# amaranth: UnusedElaboratable=no
"""Weights as few signed powers of two: integers, and the codes of BitMoD."""

from __future__ import annotations

from amaranth import Array, Cat, Const, Module, Signal, Value, unsigned

from sw_model.formats import CodedFormat, Format

from ..shapes import fixed_value
from .base import DotSpec
from .booth import booth_count, booth_term
from .operands import as_integers
from .serial import SerialDotProduct
from .term_sum import Term

__all__ = ["TermDotProduct"]

#: Widest codes whose terms are a table's.
MOST_BITS = 8
#: Bits of other values: four of an integer part, and one below.
VALUE_BITS = 5


def _values(form: CodedFormat) -> list[int]:
    """What each code stands for on the grid; 0 where that is no number."""
    finite = {code for code, value in enumerate(form.values().tolist())
              if form.legal()[code] and abs(value) < float("inf")}
    return [int(form.to_fixed(code)) if code in finite else 0 for code in range(form.max + 1)]


def _two_terms(form: Format) -> bool:
    """Whether all values are the sum of two terms as BitMoD has them."""
    return isinstance(form, CodedFormat) and form.width <= MOST_BITS and all(
        abs(value) < 1 << VALUE_BITS and abs(value).bit_count() <= 2 for value in _values(form))


def _places(value: int) -> tuple[int | None, int | None]:
    """The ones of a magnitude: in the low four bits, and in the high four, of which the top."""
    above = value >> 1
    top = above.bit_length() - 1 if above else None
    rest = value - (2 << top) if top is not None else value
    return rest.bit_length() - 1 if rest else None, top


class TermDotProduct(SerialDotProduct):
    """BitMoD's unified element: a term ``(-1)**sign * 2**exp * man * 2**bsig`` a lane and cycle.

    ``bsig`` is that of all lanes. Integers are Booth digits in radix 4, from one to the next two
    places: ``ceil(bits / 2)`` cycles for each dot product. E2M1 and BitMoD's FP3 and FP4 take two
    cycles: values have at most two ones in five bits, the leading one of the upper four, and what
    is left. Where groups choose a special value, their selector stands above each code, and the
    format is a codebook of the values of all four. NaN and illegal codes count as zero.

    Sums are exact, where the paper's are of FP16 activations. :class:`hw.array.group_dot.GroupDot`
    sums up those of a group, and scales them. See :class:`DotProduct` for the contract and the
    members.

    Source: BitMoD, bit-serial mixture-of-datatype LLM acceleration, HPCA 2025, sections on the
    unified representation and the processing element.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it; codes of at most 8 bits for such values
        are weights as they are, others are decoded to integers.
    """

    what = "a term dot product"

    @classmethod
    def core(cls, spec: DotSpec) -> DotSpec:
        weights = spec.weights if _two_terms(spec.weights) else as_integers(spec.weights)
        return DotSpec(as_integers(spec.activations), weights, spec.lanes)

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        weights = cls.core(spec).weights
        return 2 if isinstance(weights, CodedFormat) else booth_count(weights)

    @classmethod
    def advance(cls, spec: DotSpec) -> int:
        return 1 if isinstance(spec.weights, CodedFormat) else 2

    @classmethod
    def term(cls, m: Module, spec: DotSpec, a: Value, w: Value, number: Value, name: str) -> Term:
        weights, value = spec.weights, fixed_value(spec.activations, a)
        if not isinstance(weights, CodedFormat):
            return booth_term(value, fixed_value(weights, w), number, booth_count(weights))
        table = [(value < 0, _places(abs(value))[step]) for step in range(2)
                 for value in _values(weights)]
        parts = Signal(unsigned(4), name=f"{name}_parts")
        m.d.comb += parts.eq(Array(
            Const(0 if place is None else 1 | negative << 1 | place << 2, 4)
            for negative, place in table)[Cat(w, number)])
        return Term(value, valid=parts[0], negative=parts[1], shift=parts[2:],
                    most=max(place or 0 for _, place in table))
