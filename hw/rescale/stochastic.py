# amaranth: UnusedElaboratable=no
"""Stochastic rounding: shifts that go up or down at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from amaranth import Cat, Module, Shape, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import StochasticShiftSpec
from sw_model.specs.lfsr import MOST_BITS, PLACES, TAP, require_state

from ..arith.clamp import clamp
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..shapes import shape_of, vector_of
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique
from .lane_unit import Lane

__all__ = ["Lfsr", "StochasticShift", "StochasticShiftLane"]


class Lfsr(wiring.Component):
    """Random bits, new ones at every step: see :mod:`sw_model.specs.lfsr` for the polynomial.

    Parameters
    ----------
    seed : int
        State after reset, 1 to 2**31 - 1.
    bits : int
        Bits of a draw, 1 to 18: an exclusive OR of two for each.

    Members
    -------
    step : ``In(1)``
        Advance at the end of this cycle: the draw is used.
    o : ``Out(bits)``
        The draw of this cycle: the bits that the step makes, the newest lowest.
    """

    def __init__(self, seed: int, bits: int) -> None:
        self._seed = require_state("seed", seed)
        if not 1 <= bits <= MOST_BITS:
            raise ValueError(f"bits must be 1 to {MOST_BITS}, not {bits}")
        self._bits = bits
        super().__init__({"step": In(1), "o": Out(bits)})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        state = Signal(PLACES, init=self._seed)
        m.d.comb += self.o.eq(state[PLACES - self._bits:] ^ state[TAP - self._bits:TAP])
        with m.If(self.step):
            m.d.sync += state.eq(Cat(self.o, state))
        return m


class StochasticShift(wiring.Component):
    """``clamp(floor(x / 2**shift + r))`` for each lane, ``r`` new for every element.

    Takes a word every cycle while the consumer is ready; never drops or reorders. Each lane has
    a generator of its own, which a word taken advances by one step, and nothing else; reset
    brings the seeds back. Where the spec has one shift, wires do it; else a word of parameters
    is taken with each word of data.

    Parameters
    ----------
    spec : StochasticShiftSpec
        With a seed for each lane.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(StochasticShift.parameter_layout(spec)))``
        Only for several shifts.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: StochasticShiftSpec) -> None:
        if not isinstance(spec, StochasticShiftSpec):
            raise TypeError(f"spec must be a StochasticShiftSpec, not {spec!r}")
        self._spec = spec
        # The lanes are equal but for their seeds, which only the generators have.
        self._lane = replace(spec, seeds=spec.seeds[:1])
        members = {"i": In(stream.Signature(vector_of(spec.source, spec.lanes))),
                   "o": Out(stream.Signature(vector_of(spec.target, spec.lanes)))}
        if spec.shifts > 1:
            members["parameters"] = In(stream.Signature(self.parameter_layout(spec)))
        super().__init__(members)

    @staticmethod
    def parameter_layout(spec: StochasticShiftSpec) -> ArrayLayout:
        """Payload of ``parameters``: ``distance`` for each lane, ``spec.distance_of(shift)``."""
        return ArrayLayout(_fields(spec), spec.lanes)

    @property
    def spec(self) -> StochasticShiftSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._spec.lanes

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return StochasticShiftLane(self._lane).latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        inputs = ["i", *(["parameters"] if spec.shifts > 1 else [])]
        streams = [getattr(self, name) for name in inputs]
        enable = stalling_pipeline(m, streams, self.o, depth=self.latency)
        for number, seed in enumerate(spec.seeds):
            m.submodules[f"random_{number}"] = random = Lfsr(seed, spec.bits)
            m.submodules[f"lane_{number}"] = lane = Unique(StochasticShiftLane, self._lane)
            m.d.comb += [random.step.eq(self.i.valid & self.i.ready),
                         lane.enable.eq(enable), lane.random.eq(random.o),
                         self.o.payload[number].eq(lane.o)]
            m.d.comb += [getattr(lane, name).eq(each.payload[number])
                         for name, each in zip(inputs, streams, strict=True)]
        return m


def _fields(spec: StochasticShiftSpec) -> StructLayout:
    return StructLayout({"distance": Shape.cast(range(spec.shifts))})


class StochasticShiftLane(Lane):
    """One lane of :class:`StochasticShift` without its generator.

    Registers stand behind the sum with the random bits, after the run-time shift if there is
    one, and behind the clamp.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(shape_of(spec.source))``
    random : ``In(spec.bits)``
        A draw.
    parameters : ``In(StructLayout({"distance": ...}))``
        Only for several shifts.
    o : ``Out(shape_of(spec.target))``
        The result of what was there ``latency`` enabled cycles ago.
    """

    def __init__(self, spec: StochasticShiftSpec) -> None:
        self._spec = spec
        super().__init__({"i": shape_of(spec.source), "random": spec.bits},
                         shape_of(spec.target), _fields(spec) if spec.shifts > 1 else None)
        self.latency = 3 if spec.shifts > 1 else 2

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        # The fraction on as many bits as are random; what lies beyond is lost.
        beyond = max(spec.shift_low - spec.bits, 0)
        kept = Signal(signed(spec.source.width + spec.bits + 1), name="kept")
        m.d.comb += kept.eq(self.i.shift_left(max(spec.bits - spec.shift_low, 0))
                            .shift_right(beyond))
        random = self.random
        if spec.shifts > 1:
            moved, _ = shift_right(m, kept, self.parameters.distance, spec.shifts - 1,
                                   name="kept")
            kept, random = stage(moved, "moved"), stage(random, "drawn")
        total = stage((kept + random)[spec.bits:].as_signed(), "total")
        m.d.comb += self.o.eq(stage(clamp(total, *spec.clamp), "result"))
        return m
