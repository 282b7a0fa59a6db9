"""From the codes of a run's scale to an integer and a power of two."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import ValueLike
from amaranth.lib.data import StructLayout, View

from sw_model.formats import E8M0Format
from sw_model.formats.blocks.runs import RunFormat, RunScale

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..shapes import shape_between, shape_of
from .unpack import Unpacked, unpack

__all__ = ["Scaling", "run_scale", "run_scale_depth", "scale_codes"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """``(-1)**negative * significand * 2**exponent``, or no finite number.

    Members
    -------
    negative : Value
        One bit.
    significand : Value
        Unsigned.
    exponent : Value
        In the scale's :attr:`RunScale.exponents`.
    nan : Value
        One bit; constant where every code is a finite number.
    """

    negative: Value
    significand: Value
    exponent: Value
    nan: Value


def scale_codes(form: RunFormat) -> StructLayout:
    """What travels beside a run: ``scale`` and ``minimum``, and their factors, as far as there
    are any."""
    members = {}
    for name in ("scale", "minimum"):
        scale = getattr(form, name)
        if scale is not None:
            members[name] = shape_of(scale.form)
            if scale.factor is not None:
                members[f"{name}_factor"] = shape_of(scale.factor)
    return StructLayout(members)


def run_scale_depth(scale: RunScale | None, multiplier: str) -> int:
    """Enabled cycles from the codes of :func:`scale_codes` to :func:`run_scale`."""
    if scale is None or scale.factor is None:
        return 1
    return 1 + multiply_add_depth(_magnitude(scale), multiplier, addend=False)


def run_scale(m: Module, scale: RunScale | None, codes: View[StructLayout], which: str, *,
              enable: ValueLike, multiplier: str, name: str) -> Scaling:
    """A scale, ``run_scale_depth`` enabled cycles after its codes; None is 1.

    Parameters
    ----------
    which : str
        ``scale`` or ``minimum``: its member of ``codes``.
    """
    if scale is None:
        return Scaling(Const(0, 1), Const(1, 1), Const(0, 1), Const(0, 1))
    parts = _unpacked(m, scale, codes[which], name)

    def late(value: ValueLike, of: str, stages: int = 1) -> Value:
        return registered(m, value, enable=enable, name=f"{name}_{of}", stages=stages)

    low, high = scale.exponents
    exponent = Signal(shape_between(low, high), name=f"{name}_exponent_now")
    m.d.comb += exponent.eq(parts.exponent + parts.lsb)
    negative, significand = parts.negative ^ scale.negative, late(parts.significand, "significand")
    depth = run_scale_depth(scale, multiplier)
    if scale.factor is not None:
        factor = codes[f"{which}_factor"]
        minus = factor[-1] if scale.factor.min < 0 else Const(0, 1)
        magnitude = Signal(_magnitude(scale), name=f"{name}_magnitude")
        m.d.comb += magnitude.eq(Mux(minus, -factor, factor))
        product = multiply_add(
            m, significand, late(magnitude, "factor"), None, scale.significand.bit_length() + 1,
            kind=multiplier, enable=enable, name=f"{name}_product")
        negative, significand = negative ^ minus, product[:scale.significand.bit_length()]
    return Scaling(late(negative, "negative", depth), significand,
                   late(exponent, "exponent", depth),
                   late(parts.nan | parts.infinite, "nan", depth))


def _unpacked(m: Module, scale: RunScale, code: Value, name: str) -> Unpacked:
    if isinstance(scale.form, E8M0Format) and scale.total:
        return Unpacked(Const(0, 1), Const(1, 1), code, -127, 255)
    return unpack(scale.form, code, m, name)


def _magnitude(scale: RunScale) -> object:
    assert scale.factor is not None
    return unsigned(max(-scale.factor.min, scale.factor.max).bit_length())
