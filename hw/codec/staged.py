# amaranth: UnusedElaboratable=no
"""A combinational component between streams, with a register behind it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from amaranth import Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from ..arith.registered import registered
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique

__all__ = ["Staged"]


class Staged(wiring.Component):
    """A decoder or encoder as a stream unit: takes a word every cycle, gives it one later.

    Never drops or reorders; the result stays put until it is taken. What the component says
    of a word, that it is illegal for instance, travels beside its result.

    Parameters
    ----------
    make : callable
        Class of the component, with a member ``i`` and outputs.
    *arguments
        What it is called with.

    Members
    -------
    i : ``In(stream.Signature(shape of the component's i))``
    o : ``Out(stream.Signature(shape of the output))``
        A struct of the outputs by their names, if there are several.
    """

    #: Cycles from taking a word to offering its result.
    latency = 1
    #: Cycles between two words.
    interval = 1

    def __init__(self, make: Callable[..., wiring.Component], *arguments: Hashable) -> None:
        self._inner = Unique(make, *arguments)
        members = dict(self._inner.signature.members)
        shape = members.pop("i").shape
        self._outputs = tuple(members)
        shapes = {name: member.shape for name, member in members.items()}
        result = shapes[self._outputs[0]] if len(shapes) == 1 else StructLayout(shapes)
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(result))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.inner = inner = self._inner
        enable = stalling_pipeline(m, self.i, self.o, depth=1)
        m.d.comb += Value.cast(inner.i).eq(Value.cast(self.i.payload))
        for name in self._outputs:
            target = self.o.payload if len(self._outputs) == 1 else self.o.payload[name]
            held = registered(m, Value.cast(getattr(inner, name)), enable=enable, name=name)
            m.d.comb += Value.cast(target).eq(held)
        return m
