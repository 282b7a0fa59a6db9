"""From the code of a number to its sign, an integer and a power of two; combinational."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value

from sw_model.formats import (
    BipolarFormat,
    CodebookFormat,
    E8M0Format,
    FixedFormat,
    Format,
    IntFormat,
    KHotFormat,
    MinifloatFormat,
    PositFormat,
    Specials,
    TernaryFormat,
)

__all__ = ["Unpacked", "unpack"]


@dataclass(frozen=True, eq=False)
class Unpacked:
    """``(-1)**negative * significand * 2**(exponent + lsb)``, or a special.

    Members
    -------
    negative : Value
        One bit.
    significand : Value
        Unsigned; not normalised, 0 for zero and for specials.
    exponent : Value
        Unsigned; at most ``most``.
    lsb, most : int
    nan, infinite : Value
        One bit each, constant where the format has none.
    """

    negative: Value
    significand: Value
    exponent: Value
    lsb: int
    most: int
    nan: Value = field(default_factory=lambda: Const(0, 1))
    infinite: Value = field(default_factory=lambda: Const(0, 1))


@singledispatch
def unpack(format_: Format, code: Value, m: Module, name: str) -> Unpacked:
    """The parts of ``code``; signals that it takes are called ``name_...``.

    Raises
    ------
    TypeError
        If the format has no hardware.
    """
    raise TypeError(f"{format_} has no decoder")


@unpack.register(IntFormat)
@unpack.register(FixedFormat)
@unpack.register(TernaryFormat)
def _integer(format_: Format, code: Value, m: Module, name: str) -> Unpacked:
    negative = code[-1] if format_.min < 0 else Const(0, 1)
    magnitude = Signal(format_.width, name=f"{name}_magnitude")
    m.d.comb += magnitude.eq(Mux(negative, -code, code))
    return Unpacked(negative, magnitude, Const(0, 1), format_.lsb, 0)


@unpack.register
def _bipolar(format_: BipolarFormat, code: Value, m: Module, name: str) -> Unpacked:
    return Unpacked(~code[0], Const(1, 1), Const(0, 1), 0, 0)


@unpack.register
def _minifloat(format_: MinifloatFormat, code: Value, m: Module, name: str) -> Unpacked:
    mantissa = code[:format_.mantissa]
    exponent = code[format_.mantissa:format_.mantissa + format_.exponent]
    negative = code[-1] if format_.signed else Const(0, 1)
    top = exponent.all()
    nan, infinite = Const(0, 1), Const(0, 1)
    if format_.specials is Specials.FN:
        nan = top & mantissa.all()
    elif format_.specials is Specials.IEEE:
        nan, infinite = top & mantissa.any(), top & ~mantissa.any()
    normal = exponent.any()
    counts = ~(nan | infinite)
    # Zeros of no bits where there is no mantissa: a plain 0 has one.
    kept = mantissa if format_.subnormals else Mux(normal, mantissa, Const(0, format_.mantissa))
    significand = Mux(counts, Cat(kept, normal), 0)
    places = Signal(format_.exponent, name=f"{name}_places")
    m.d.comb += places.eq(exponent - normal)
    return Unpacked(negative, significand, places, 1 - format_.offset - format_.mantissa,
                    (1 << format_.exponent) - 2, nan, infinite)


@unpack.register
def _posit(format_: PositFormat, code: Value, m: Module, name: str) -> Unpacked:
    width, exponent = format_.width, format_.exponent
    negative = code[-1]
    rest = Signal(width - 1, name=f"{name}_rest")
    m.d.comb += rest.eq(Mux(negative, -code, code))
    first = rest[-1]
    # A regime of zeros is one of ones, complemented; its end is shifted out with it.
    run, tail = _leading_run(m, Mux(first, ~rest, rest), rest, name)
    below = Cat(Const(0, 1), tail[:-1])[:width - 1]  # what follows the end bit, left-aligned
    power = below[len(below) - exponent:] if exponent else Const(0, 0)
    fraction = below[:len(below) - exponent]
    # The lowest regime is of width - 2 zeros: powers are counted from there.
    lowest = width - 2
    regime = Signal(range(2 * lowest + 1), name=f"{name}_regime")
    m.d.comb += regime.eq(Mux(first, lowest - 1 + run, lowest - run))
    number = rest.any()
    places = Cat(power, regime)
    # Fractions have at most width - 3 - exponent bits.
    used = max(width - 3 - exponent, 0)
    significand = Mux(number, Cat(fraction[len(fraction) - used:], Const(1, 1)), 0)
    return Unpacked(negative & number, significand, places, -(lowest << exponent) - used,
                    2 * lowest << exponent, nan=negative & ~number)


def _leading_run(m: Module, zeros: Value, moved: Value, name: str) -> tuple[Value, Value]:
    """Leading zeros of ``zeros``, and ``moved`` shifted left by as many; both of one width."""
    width = len(zeros)
    digits = []
    for k in reversed(range(width.bit_length())):
        far = 1 << k
        empty = ~zeros[width - far:].any()
        left, right = Signal(width, name=f"{name}_run_{k}"), Signal(width, name=f"{name}_tail_{k}")
        # Ones from the right end the count.
        m.d.comb += [left.eq(Mux(empty, Cat(Const(-1, far), zeros)[:width], zeros)),
                     right.eq(Mux(empty, Cat(Const(0, far), moved)[:width], moved))]
        digits.insert(0, empty)
        zeros, moved = left, right
    return Cat(*digits), moved


@unpack.register
def _e8m0(format_: E8M0Format, code: Value, m: Module, name: str) -> Unpacked:
    nan = code.all()
    return Unpacked(Const(0, 1), ~nan, code, -127, 254, nan)


@unpack.register
def _khot(format_: KHotFormat, code: Value, m: Module, name: str) -> Unpacked:
    magnitude = code[:-1]
    return Unpacked(code[-1], magnitude, Const(0, 1), -format_.fraction, 0)


@unpack.register
def _codebook(format_: CodebookFormat, code: Value, m: Module, name: str) -> Unpacked:
    entries = [int(entry) for entry in format_.to_fixed(range(len(format_.entries)))]
    negative, magnitude = (
        Array(Const(v, width) for v in values)[code] for values, width in (
            ([entry < 0 for entry in entries], 1),
            ([abs(entry) for entry in entries], max(map(int.bit_length, entries)) or 1)))
    return Unpacked(negative, magnitude, Const(0, 1), format_.lsb, 0)
