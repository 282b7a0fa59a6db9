"""Several products in one multiplication: where they lie, and what a multiplier's ports hold.

Numbers side by side, ``lane`` bits apart, times a number is each one's product side by side; a
product below that is negative takes 1 off the one above. Sums of several such products stay
apart as long as the sums in a lane are fewer than ``2**lane`` different ones. Times numbers in
the reverse order, their dot product is in the middle, among sums that nobody needs.

Sources: Fu et al., Deep Learning with INT8 Optimization on Xilinx Devices (WP486), for shared
factors; Liu et al., HiKonv, section III (arXiv 2112.13972), for the middle; Sommer et al.,
DSP-Packing, section III (arXiv 2203.11028), for borrows and for lanes that overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from amaranth import Shape, signed

from sw_model.formats import Format, IntFormat

from ..shapes import shape_between
from .base import DotSpec
from .operands import as_integers

__all__ = ["PORTS", "WIDEST", "Field", "Packing", "accumulation_limit", "joined_shape",
           "most_rows", "pair_packing", "refusal", "row_packing", "widest_lane"]

#: Bits of the two factors of a family's multiplier, signs included.
PORTS = {"ecp5": (18, 18), "gowin": (18, 18), "nexus": (18, 18), "ice40": (16, 16),
         "xilinx": (25, 18)}

#: What most families have.
WIDEST = (18, 18)


@dataclass(frozen=True)
class Field:
    """Bits of a product, and the numbers ``low`` to ``high`` that they stand for."""

    start: int
    width: int
    low: int
    high: int


@dataclass(frozen=True)
class Packing:
    """How ``count`` products share a multiplication.

    Parameters
    ----------
    count : int
        Numbers side by side.
    lane : int
        Bits from one to the next.
    fields : tuple of Field
        Of the product, from the lowest bit up to the last one that is needed.
    overlap : int
        Bits by which the last field reaches into what lies above it: 0 or 1.
    """

    count: int
    lane: int
    fields: tuple[Field, ...]
    overlap: int = 0

    @property
    def width(self) -> int:
        """Bits of the product up to the end of the last field."""
        return self.fields[-1].start + self.fields[-1].width


def joined_shape(form: Format, count: int, lane: int) -> Shape:
    """Shape of ``count`` values of a format side by side, always signed."""
    ones = sum(1 << lane * place for place in range(count))
    shape = shape_between(form.fixed_min * ones, form.fixed_max * ones)
    return shape if shape.signed else signed(shape.width + 1)


def row_packing(activations: Format, weights: Format, count: int, *,
                ports: tuple[int, int] = WIDEST, accumulations: int = 1) -> Packing | None:
    """``count`` weights side by side times one activation; None if they do not fit.

    Parameters
    ----------
    accumulations : int
        Such products that are added before they are taken apart.
    """
    low, high = (accumulations * end for end in DotSpec(activations, weights, 1).product_range)
    widest, least = shape_between(low, high).width, max(1, (high - low).bit_length())
    for lane in range(widest, least - 1, -1):
        if _fits(joined_shape(weights, count, lane), joined_shape(activations, 1, lane), ports):
            return Packing(count, lane, tuple(
                Field(lane * k, widest + 1 if k == count - 1 else lane, low, high)
                for k in range(count)))
    return None


def most_rows(activations: Format, weights: Format, *, ports: tuple[int, int] = WIDEST,
              accumulations: int = 1) -> int:
    """Most weights that :func:`row_packing` has side by side; 0 if not even one fits."""
    count = 0
    while row_packing(activations, weights, count + 1, ports=ports, accumulations=accumulations):
        count += 1
    return count


def accumulation_limit(activations: Format, weights: Format, count: int, *,
                       ports: tuple[int, int] = WIDEST) -> int:
    """Most products that may be added before they are taken apart; 0 if none fits."""
    low, high = DotSpec(activations, weights, 1).product_range
    lane = widest_lane(activations, weights, count, ports=ports)
    return ((1 << lane) - 1) // (high - low)


def widest_lane(activations: Format, weights: Format, count: int, *,
                ports: tuple[int, int] = WIDEST) -> int:
    """Most bits from one of ``count`` weights side by side to the next; 0 if they do not fit."""
    for lane in range(max(ports), 0, -1):
        if _fits(joined_shape(weights, count, lane), joined_shape(activations, 1, lane), ports):
            return lane
    return 0


def pair_packing(activations: Format, weights: Format, *, ports: tuple[int, int] = WIDEST
                 ) -> Packing:
    """As many activations and weights side by side as fit, for their dot product.

    It is the last field. Where it needs a bit more than a lane has, that bit overlaps with the
    lowest one of the product of the last activation and the first weight.
    """
    low, high = DotSpec(activations, weights, 1).product_range
    for count in range(max(ports), 1, -1):
        widest = shape_between(count * low, count * high).width
        for overlap in range(2 if count == 2 else 1):
            least = max(1, ((count - 1) * (high - low)).bit_length(),
                        (count * (high - low)).bit_length() - overlap)
            for lane in range(widest - overlap, least - 1, -1):
                if _fits(joined_shape(activations, count, lane),
                         joined_shape(weights, count, lane), ports):
                    return Packing(count, lane, tuple(
                        Field(lane * k, lane + (overlap if k == count - 1 else 0),
                              (k + 1) * low, (k + 1) * high) for k in range(count)), overlap)
    return Packing(1, 0, (Field(0, shape_between(low, high).width, low, high),))


def refusal(spec: DotSpec, ports: tuple[int, int] = WIDEST) -> str | None:
    """Why no two products of ``spec`` share a multiplication; None if some do."""
    a, w = as_integers(spec.activations), as_integers(spec.weights)
    if _packs(a, w, ports):
        return None
    widths = [IntFormat(width) for width in range(max(ports), 0, -1)]
    narrow = next((f"up to {form}" for form in widths if _packs(a, form, ports)), "none")
    other = next((f"up to {form}" for form in widths if _packs(form, w, ports)), "none")
    return (f"no two products of activations {spec.activations} and weights {spec.weights} fit "
            f"a multiplier of {ports[0]} x {ports[1]} bits; legal with {spec.activations} are "
            f"weights of {narrow}, and with {spec.weights} activations of {other}")


@cache
def _packs(activations: Format, weights: Format, ports: tuple[int, int]) -> bool:
    return (pair_packing(activations, weights, ports=ports).count > 1
            or row_packing(activations, weights, 2, ports=ports) is not None)


def _fits(one: Shape, other: Shape, ports: tuple[int, int]) -> bool:
    widths = sorted((one.width, other.width))
    return all(width <= port for width, port in zip(widths, sorted(ports), strict=True))
