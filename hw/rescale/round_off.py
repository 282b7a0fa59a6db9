"""From a wide number to a narrow one: scaled by a power of two, rounded, brought into range."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Signal, Value, signed

from sw_model.formats import Overflow, Rounding

from ..arith.clamp import clamp
from ..arith.rounding import floor_goes_up
from ..arith.shift import shift_right
from ..shapes import shape_between

__all__ = ["halves", "into", "rounded", "to_precision"]


def halves(m: Module, value: Value, fixed: int, distance: Value, most: int, *, name: str,
           exact: bool = True) -> tuple[Value, Value]:
    """``value / 2**(fixed + distance)`` with one bit behind the point, and whether more were set.

    Combinational. ``fixed`` may be negative; ``distance`` goes up to ``most``. Unless ``exact``
    nobody asks for the second one, and it is 0.
    """
    fine = max(fixed - 1, 0)
    wide = Signal(signed(max(len(value) + (not value.shape().signed), fine + 2)),
                  name=f"{name}_wide")
    m.d.comb += wide.eq(value)
    kept = wide[fine:].as_signed().shift_left(max(1 - fixed, 0))
    rest = wide[:fine].any() if exact and fine else Const(0, 1)
    if most == 0:
        return kept, rest
    kept, lost = shift_right(m, kept, distance, most, name=name, sticky=rest if exact else None)
    return kept, lost if exact else Const(0, 1)


def rounded(scaled: Value, rest: Value, rounding: Rounding, plus: Value | int = 0) -> Value:
    """What :func:`halves` found, rounded, plus another number in the same carry chain."""
    up = floor_goes_up(rounding, negative=scaled[-1], odd=scaled[1], half=scaled[0], rest=rest)
    if isinstance(plus, int):
        odd: Value | int = 2 * plus + 1
    else:
        odd = Cat(Const(1, 1), plus)
        odd = odd.as_signed() if plus.shape().signed else odd
    return (Cat(up, scaled[1:]).as_signed() + odd)[1:].as_signed()


def into(value: Value, low: int, high: int, overflow: Overflow) -> Value:
    """``value`` saturated to ``low`` to ``high``, or wrapped to the bits that those take."""
    if overflow is Overflow.SATURATE:
        return clamp(value, low, high)
    shape = shape_between(low, high)
    sign = value[-1] if value.shape().signed else Const(0, 1)
    kept = Cat(value[:shape.width], sign.replicate(max(0, shape.width - len(value))))
    return kept.as_signed() if shape.signed else kept


def to_precision(value: Value, bits: int) -> Value:
    """An unsigned ``value`` rounded to the ``bits`` from its leading one on, half to even.

    Combinational; what is rounded off becomes zero, so that the places stay. Each bit that may
    have to go does so where there is a one ``bits`` places above it or higher.
    """
    spare = len(value) - bits
    if spare <= 0:
        return value
    cut = [value[bits + k:].any() for k in range(spare)]
    # Half of the last place that stays, less one, and one more if that is odd.
    odd = Cat(cut[k] & ~(cut[k + 1] if k + 1 < spare else Const(0, 1)) & value[k + 1]
              for k in range(spare)).any()
    total = value + Cat(*cut[1:], Const(0, 1)) + odd
    return Cat(total[:spare] & ~Cat(*cut), total[spare:len(value) + 1])
