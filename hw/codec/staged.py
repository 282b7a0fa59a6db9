# amaranth: UnusedElaboratable=no
"""A combinational codec between streams, or one for each lane, with a register behind it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from amaranth import Cat, Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..arith.registered import registered
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique

__all__ = ["Staged"]


class Staged(wiring.Component):
    """Decoders or encoders as a stream unit: takes a word every cycle, gives it one later.

    Never drops or reorders; the result stays put until it is taken. What a component says of
    a word, that it is illegal, NaN or out of range for instance, travels beside its result.

    Parameters
    ----------
    make : callable
        Class of the component, with a member ``i`` and outputs.
    *arguments, **settings
        What it is called with.
    lanes : int or None
        Equal components side by side; None for one, whose words are no arrays.

    Members
    -------
    i : ``In(stream.Signature(shape of the component's i))``
        With lanes an ``ArrayLayout`` of them.
    o : ``Out(stream.Signature(shape of the output))``
        A struct of the outputs by their names, if there are several; with lanes an
        ``ArrayLayout`` of that.
    """

    #: Cycles from taking a word to offering its result.
    latency = 1
    #: Cycles between two words.
    interval = 1

    def __init__(self, make: Callable[..., wiring.Component], *arguments: Hashable,
                 lanes: int | None = None, **settings: Hashable) -> None:
        count = 1 if lanes is None else as_index("lanes", lanes)
        if count < 1:
            raise ValueError(f"lanes must be at least 1, not {count}")
        self._codecs = [Unique(make, *arguments, **settings) for _ in range(count)]
        shapes = {name: member.shape for name, member in self._codecs[0].signature.members.items()}
        source = shapes.pop("i")
        self._outputs = tuple(shapes)
        result = shapes[self._outputs[0]] if len(shapes) == 1 else StructLayout(shapes)
        if lanes is not None:
            source, result = ArrayLayout(source, count), ArrayLayout(result, count)
        super().__init__({"i": In(stream.Signature(source)), "o": Out(stream.Signature(result))})

    @property
    def codec(self) -> Any:
        """The component of the first lane."""
        return self._codecs[0].component

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=1)
        given, results = Value.cast(self.i.payload), []
        for lane, codec in enumerate(self._codecs):
            m.submodules[f"lane_{lane}"] = codec
            m.d.comb += Value.cast(codec.i).eq(given.word_select(lane, len(Value.cast(codec.i))))
            results += [registered(m, Value.cast(getattr(codec, name)), enable=enable,
                                   name=f"{name}_{lane}") for name in self._outputs]
        m.d.comb += Value.cast(self.o.payload).eq(Cat(results))
        return m
