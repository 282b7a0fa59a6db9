"""Activations by their bits: all at once, or in turn with an accumulator for each row."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike
from amaranth.lib.data import View

from sw_model.formats import BipolarFormat, Format

from ..shapes import shape_between
from .constant import ConstantSpec

__all__ = ["accumulated", "bit_planes", "in_turn", "plane_values", "serial_cells"]


def bit_planes(codes: View[object], count: int) -> list[Value]:
    """For each of ``count`` places, lowest first, the bits of all codes there."""
    return [Cat(Value.cast(code)[place] for code in codes) for place in range(count)]


def plane_values(activations: Format) -> list[tuple[int, int]]:
    """What a 0 and a 1 of each place stand for, in units of ``2**place``: a sign bit is
    negative, and a bipolar code's only bit is -1 or 1."""
    if isinstance(activations, BipolarFormat):
        return [(-1, 1)]
    top = -1 if activations.fixed_min < 0 else 1
    return [(0, 1)] * (activations.width - 1) + [(0, top)]


def in_turn(m: Module, planes: Sequence[Value], activations: Format, *, start: Value,
            enable: ValueLike) -> Value:
    """One plane in each enabled cycle, the highest with ``start``; sign bits inverted."""
    *below, top = planes
    if plane_values(activations)[-1] == (0, -1):
        top = ~top
    later = [Signal(len(top), name=f"later_{place}", reset_less=True)
             for place in range(len(below))]
    with m.If(enable):
        for place, word in enumerate(later):
            m.d.sync += word.eq(Mux(start, below[place], later[place - 1] if place else Const(0)))
    return Mux(start, top, later[-1]) if later else top


def accumulated(m: Module, sums: Sequence[Value], spec: ConstantSpec, *, opens: Value,
                enable: ValueLike) -> list[Value]:
    """The products of all rows, ``spec.activations.width`` enabled cycles after ``opens``.

    Parameters
    ----------
    sums : sequence of Value
        For each row the sum of the weights whose bits are set; in the cycle of ``opens`` that
        of the highest place, then one place after the other.
    """
    products = []
    below_zero = spec.activations.fixed_min < 0
    step = 1 if isinstance(spec.activations, BipolarFormat) else 0
    for row, (part, limits) in enumerate(zip(sums, spec.ranges, strict=True)):
        # An inverted sign bit counts 1 too much, and so does a bipolar bit, which counts 2 or 0.
        first = -sum(spec.weights[row]) if below_zero else 0
        running = Signal(shape_between(*limits), name=f"running_{row}", reset_less=True)
        with m.If(enable):
            m.d.sync += running.eq(Mux(opens, first, running << 1) + (part << step))
        products.append(running if any(spec.weights[row]) else Const(0, 1))
    return products


def serial_cells(spec: ConstantSpec) -> int:
    """Cells of :func:`in_turn` and :func:`accumulated`: a bit that waits, or of an accumulator,
    takes one."""
    waiting = spec.columns * (len(plane_values(spec.activations)) - 1)
    return waiting + sum(shape_between(*limits).width for limits in spec.ranges if any(limits))
