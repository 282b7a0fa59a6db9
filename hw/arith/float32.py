"""The last step of binary32 arithmetic: a number rounded, and its three fields put together."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

from sw_model.formats import Rounding

from .rounding import magnitude_goes_up

__all__ = ["EXPONENT", "MANTISSA", "NAN_BITS", "round_to_float32"]

#: Bits of the fields.
EXPONENT, MANTISSA = 8, 23

#: What every NaN has set; these bits alone are the canonical quiet NaN.
NAN_BITS = 0x7FC00000


def round_to_float32(m: Module, *, negative: Value, binade: Value, significand: Value, half: Value,
                     rest: Value, name: str) -> Value:
    """The bits of the binary32 nearest to a number, half to even; combinational.

    Codes ascend with magnitudes, so that a magnitude that goes up is a code that does; that of
    infinity is the one behind the largest number's.

    Parameters
    ----------
    negative : Value
    binade : Value
        Unsigned, at most 255: the exponent field of a normal number, less 1, which the leading
        one then adds; 0 for a subnormal one; from 254 on the number is infinite.
    significand : Value
        24 bits, of which the top one is set, unless the number is subnormal or zero.
    half, rest : Value
        The first bit below, and whether any behind it is set.
    """
    up = magnitude_goes_up(Rounding.HALF_EVEN, negative=negative, odd=significand[0], half=half,
                           rest=rest)
    code = Signal(EXPONENT + MANTISSA, name=f"{name}_code")
    m.d.comb += code.eq(Cat(significand[:MANTISSA], binade)
                        + Cat(up, Const(0, MANTISSA - 1), significand[MANTISSA]))
    infinite = binade >= 254
    return Cat(Mux(infinite, 0, code[:MANTISSA]), Mux(infinite, 255, code[MANTISSA:]), negative)
