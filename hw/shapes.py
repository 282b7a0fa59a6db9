"""From number formats to Amaranth shapes."""

from __future__ import annotations

from amaranth import Cat, Const, Shape, Value, signed, unsigned
from amaranth.lib.data import ArrayLayout

from sw_model.formats import BipolarFormat, Format, as_index

__all__ = ["fixed_shape", "fixed_value", "shape_between", "shape_of", "vector_of"]


def shape_of(format_: Format) -> Shape:
    """Shape of one code: signed where codes are two's complement, else unsigned.

    Raises
    ------
    TypeError
        If the format has no integer codes.
    """
    return signed(format_.width) if format_.min < 0 else unsigned(format_.width)


def vector_of(format_: Format, lanes: int) -> ArrayLayout:
    """Payload of ``lanes`` codes, lane 0 in the low bits."""
    lanes = as_index("lanes", lanes)
    if lanes < 1:
        raise ValueError(f"lanes must be at least 1, not {lanes}")
    return ArrayLayout(shape_of(format_), lanes)


def shape_between(low: int, high: int) -> Shape:
    """Narrowest shape, of a bit at least, that holds ``low`` to ``high``.

    Amaranth takes a ``range`` for this, but none of 2**63 numbers or more.

    >>> shape_between(-4, 4), shape_between(0, 2**64 - 1)
    (signed(4), unsigned(64))
    """
    if low >= 0:
        return unsigned(max(1, high.bit_length()))
    return signed(1 + max((~low).bit_length(), max(high, 0).bit_length()))


def fixed_shape(format_: Format) -> Shape:
    """Narrowest shape that holds every value on the format's grid."""
    return shape_between(format_.fixed_min, format_.fixed_max)


def fixed_value(format_: Format, code: Value) -> Value:
    """The value of ``code`` on its format's grid, in :func:`fixed_shape`; combinational."""
    if isinstance(format_, BipolarFormat):
        # Code 0 is -1 (0b11), code 1 is +1 (0b01).
        return Cat(Const(1, 1), ~code).as_signed()
    return code
