"""Numbers on a grid to integers and fixed point; combinational."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

from sw_model.formats import BipolarFormat, Format, Rounding

from ..arith.clamp import clamp, exceeds
from ..arith.rounding import floor_goes_up
from .number import Found

__all__ = ["to_integer"]


def to_integer(m: Module, fixed: Value, lsb: int, target: Format, rounding: Rounding) -> Found:
    """The code of ``fixed * 2**lsb``."""
    if isinstance(target, BipolarFormat):
        one = Const(1 << -lsb) if lsb <= 0 else Const(1)
        wrong = (fixed != one) & (fixed != -one) if lsb <= 0 else Const(1, 1)
        return Found(fixed >= 0, Const(0, 1), Const(0, 1), wrong)
    rounded = _rounded(m, fixed, target.lsb - lsb, rounding)
    low, high = target.fixed_min, target.fixed_max
    below, above = ~exceeds(rounded, low - 1), exceeds(rounded, high)
    return Found(clamp(rounded, low, high)[:target.width], below, above, below | above)


def _rounded(m: Module, fixed: Value, drop: int, rounding: Rounding) -> Value:
    """``fixed * 2**-drop``, rounded."""
    if drop <= 0:
        return fixed << -drop
    negative = fixed[-1] if fixed.shape().signed else Const(0, 1)
    # One bit above what is dropped, at least.
    wide = Cat(fixed, negative.replicate(max(drop + 1 - len(fixed), 0)), negative).as_signed()
    floor = wide[drop:].as_signed()
    up = floor_goes_up(rounding, negative=negative, odd=floor[0], half=wide[drop - 1],
                       rest=wide[:drop - 1].any())
    rounded = Signal((floor + 1).shape(), name="rounded")
    m.d.comb += rounded.eq(Mux(up, floor + 1, floor))
    return rounded
