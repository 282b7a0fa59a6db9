"""A register behind a value, moving with its pipeline."""

from __future__ import annotations

from amaranth import Const, Module, Signal, Value
from amaranth.hdl import ValueLike

__all__ = ["registered"]


def registered(m: Module, value: ValueLike, *, enable: ValueLike, name: str,
               stages: int = 1) -> Value:
    """``value`` as it was ``stages`` enabled cycles ago; constants stay constants."""
    value = Value.cast(value)
    for stage in range(0 if isinstance(value, Const) else stages):
        register = Signal(value.shape(), name=f"{name}_{stage}" if stages > 1 else name,
                          reset_less=True)
        with m.If(enable):
            m.d.sync += register.eq(value)
        value = register
    return value
