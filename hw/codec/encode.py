"""From a number in one format to the nearest code of another."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import (
    CodebookFormat,
    CodedFormat,
    E8M0Format,
    Format,
    KHotFormat,
    MinifloatFormat,
    Overflow,
    PositFormat,
    Rounding,
)

from ..shapes import shape_of
from .decode import PLAIN, decoded
from .number import Found, leading
from .to_float import to_minifloat, to_scale
from .to_integer import to_integer
from .to_list import check_rounding, to_list
from .to_posit import to_posit
from .unpack import Unpacked, unpack

__all__ = ["Encoder"]

#: Widest source.
MOST = 53

#: Binary places between grids, of which a target on a grid needs hardware for each.
APART = 200

#: What builds a code from sign, leading one and exponent.
FLOATING = {MinifloatFormat: to_minifloat, E8M0Format: to_scale, PositFormat: to_posit}


class Encoder(wiring.Component):
    """Combinational encoder: a code of ``source`` in, the code of ``target`` nearest to it out.

    Gives what ``target.encode(source.decode(i), rounding=rounding, overflow=overflow)`` does.

    Parameters
    ----------
    source, target : Format
        Integers, fixed point, minifloats, posits and the like; accumulators are integers or
        fixed point of up to 53 bits.
    rounding : Rounding
    overflow : Overflow or None
        ``SATURATE`` or ``SPECIAL``; None for the target's own way.

    Members
    -------
    i : ``In(shape_of(source))``
    o : ``Out(shape_of(target))``
    outside : ``Out(1)``
        The number is beyond the target's range, or NaN or infinite where the target is not.
        ``o`` is then saturated or special, or 0 for NaN.

    Raises
    ------
    TypeError, ValueError
        If there is no such encoder.
    """

    #: Cycles from one code to the other.
    latency = 0

    def __init__(self, source: Format, target: Format, *,
                 rounding: Rounding = Rounding.HALF_EVEN, overflow: Overflow | None = None) -> None:
        for name, form in (("source", source), ("target", target)):
            if not isinstance(form, (*PLAIN, CodedFormat)):
                raise TypeError(f"{name} must be a format with hardware, not {form!r}")
        if source.width > MOST:
            # Golden reals are float64, which would round before the target does.
            raise ValueError(f"source must have at most {MOST} bits, not {source.width}")
        if not isinstance(target, tuple(FLOATING)) and abs(source.lsb - target.lsb) > APART:
            raise ValueError(f"the grids of {source} and {target} are more than {APART} binary "
                             "places apart")
        if overflow is None:
            overflow = target.overflow if isinstance(target, CodedFormat) else Overflow.SATURATE
        if overflow not in (Overflow.SATURATE, Overflow.SPECIAL):
            raise ValueError(f"overflow must be saturate or special, not {overflow!r}")
        self._source, self._target = source, target
        self._rounding, self._overflow = rounding, overflow
        # A format knows which roundings and overflows it has.
        target.encode([], rounding=rounding, overflow=overflow)
        if isinstance(target, CodebookFormat | KHotFormat):
            check_rounding(target, rounding)
        super().__init__({"i": In(shape_of(source)), "o": Out(shape_of(target)),
                          "outside": Out(1)})

    @property
    def source(self) -> Format:
        return self._source

    @property
    def target(self) -> Format:
        return self._target

    @property
    def rounding(self) -> Rounding:
        return self._rounding

    @property
    def overflow(self) -> Overflow:
        return self._overflow

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        parts = unpack(self._source, self.i, m, "parts")
        found = self._found(m, parts)
        m.d.comb += [self.o.eq(self._special(found, parts)),
                     self.outside.eq(self._outside(found, parts))]
        return m

    def _found(self, m: Module, parts: Unpacked) -> Found:
        for kind, build in FLOATING.items():
            if isinstance(self._target, kind):
                return build(m, leading(m, parts), self._target, self._rounding)
        fixed = decoded(self._source, self.i, m, "number")
        build = to_list if isinstance(self._target, CodebookFormat | KHotFormat) else to_integer
        return build(m, fixed, self._source.lsb, self._target, self._rounding)

    def _special(self, found: Found, parts: Unpacked) -> Value:
        """The code found, or what stands for NaN and for what is outside."""
        target, code = self._target, found.code
        if not isinstance(target, CodedFormat):
            low, high = (target.to_bits([limit])[0] for limit in (target.min, target.max))
            code = Mux(parts.infinite, Mux(parts.negative, int(low), int(high)), code)
            return Mux(parts.nan, 0, code)
        edges = target.boundaries()
        limits = [int(edges.codes[0]), int(edges.codes[-1])]
        if self._overflow is Overflow.SPECIAL:
            for negative, here in ((True, found.below), (False, found.above)):
                if (beyond := target.beyond(negative)) is not None:
                    code = Mux(here, beyond, code)
            limits = [limit if (own := target.special(negative)) is None else own
                      for negative, limit in zip((True, False), limits, strict=True)]
        code = Mux(parts.infinite, Mux(parts.negative, *limits), code)
        return Mux(parts.nan, target.nan or 0, code)

    def _outside(self, found: Found, parts: Unpacked) -> Value:
        target = self._target
        coded = isinstance(target, CodedFormat)
        keeps = self._overflow is Overflow.SPECIAL and coded and all(
            target.infinity(negative) is not None for negative in (True, False))
        number = ~parts.infinite & ~parts.nan & found.outside
        infinite = Const(0, 1) if keeps else parts.infinite
        return number | infinite | (Const(0, 1) if coded and target.nan is not None else parts.nan)
