"""One stream from several, word by word."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from amaranth import Cat, Module
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

__all__ = ["Join"]


class Join(wiring.Component):
    """Take a word from every input at once, as one struct.

    Combinational: offers a word when all inputs have one, and takes all or none.

    Parameters
    ----------
    *payloads : shape
        Of the inputs, at least one.

    Members
    -------
    i0, i1, ... : ``In(stream.Signature(payload))``
        One for each payload.
    o : ``Out(stream.Signature(StructLayout({"i0": payload, ...})))``
        The words that belong together.
    """

    #: Cycles from accepting words to offering them.
    latency = 0
    #: Cycles for each word.
    interval = 1

    def __init__(self, *payloads: ShapeLike) -> None:
        if not payloads:
            raise ValueError("a join needs at least one payload")
        self._payloads = payloads
        fields = {f"i{k}": payload for k, payload in enumerate(payloads)}
        super().__init__(
            {name: In(stream.Signature(payload)) for name, payload in fields.items()}
            | {"o": Out(stream.Signature(StructLayout(fields)))})

    @property
    def payloads(self) -> tuple[ShapeLike, ...]:
        return self._payloads

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        inputs = {name: getattr(self, name) for name in self.o.payload.shape().members}
        m.d.comb += self.o.valid.eq(Cat(i.valid for i in inputs.values()).all())
        for name, i in inputs.items():
            others = [other.valid for other in inputs.values() if other is not i]
            m.d.comb += self.o.payload[name].eq(i.payload)
            m.d.comb += i.ready.eq(reduce(and_, others, self.o.ready))
        return m
