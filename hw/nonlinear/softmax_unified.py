# amaranth: UnusedElaboratable=no
"""FlashDecoding++'s softmax: a maximum for all rows, with a way out for those it does not fit."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, covering
from sw_model.specs import UnifiedSoftmaxSpec

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.clamp import exceeds
from ..arith.registered import registered
from ..arith.shift import shift_right
from ..norm.lanes import RowLanes
from ..norm.statistic import Statistic
from ..rescale.lane_unit import Lane
from ..rows import in_row, row_layout
from ..rows.annotate import Annotate
from ..rows.each import RowEach
from ..shapes import shape_between, shape_of
from ..streams.pipeline import stalling_pipeline, valid_chain
from .extended_exponential import ExtendedExponentialLane, power_layout
from .probability import TotalReciprocal
from .running_sum import RunningPowers, capped
from .softmax import SoftmaxUnit, words_of
from .softmax_online import OnlineLane

__all__ = ["BothSums", "UnifiedLane", "UnifiedOutput", "UnifiedSoftmax", "UnifiedSum",
           "unified_layout"]


class UnifiedSoftmax(SoftmaxUnit):
    """Sums relative to one maximum for all rows, and of those it does not fit to their own.

    Both sums are made at once, in one pass, and the row's end says which of them counts: a row
    that falls back takes no longer than one that fits, whatever comes before and behind it. No
    divider.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    lanes : int
        The ``tile`` of the spec's online form.
    longest : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.online.source, lanes)))``
    o : ``Out(stream.Signature(row_layout(spec.online.target, lanes)))``
    """

    SPEC = UnifiedSoftmaxSpec

    def __init__(self, spec: UnifiedSoftmaxSpec, lanes: int, longest: int,
                 multiplier: str = "inferred") -> None:
        self.require(spec, multiplier)
        self.require_tile(spec.online.tile, lanes)
        sums = BothSums(spec, lanes, longest)
        width = len(sums.o.payload.total)
        super().__init__(spec, lanes, longest, (
            RowEach(lanes, UnifiedLane, spec, multiplier),
            Annotate(Statistic(sums, TotalReciprocal(
                spec.online, width, shape_of(sums.most), multiplier)), words_of(lanes, longest)),
            RowLanes(lanes, UnifiedOutput, spec, width, sums.most, multiplier)))


def unified_layout(spec: UnifiedSoftmaxSpec) -> StructLayout:
    """An exponential, and whether its code is too high for the unified maximum, or above what
    is too low."""
    return StructLayout({**power_layout(spec.online.power).members, "high": 1, "above_low": 1})


class UnifiedLane(Lane):
    """Mantissa and exponent of an exponential, with comparisons of the code.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    multiplier : str
    """

    def __init__(self, spec: UnifiedSoftmaxSpec, multiplier: str = "inferred") -> None:
        self._spec = spec
        self._power = ExtendedExponentialLane(spec.online.power, multiplier)
        self.latency = self._power.latency
        super().__init__(shape_of(spec.online.source), unified_layout(spec), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.power = power = self._power
        m.d.comb += [power.enable.eq(self.enable), power.i.eq(self.i),
                     self.o.mantissa.eq(power.o.mantissa), self.o.exponent.eq(power.o.exponent)]
        for name, limit in (("high", self._spec.high - 1), ("above_low", self._spec.low)):
            m.d.comb += self.o[name].eq(registered(
                m, exceeds(self.i, limit), enable=self.enable, name=name, stages=self.latency))
        return m


class UnifiedOutput(OnlineLane):
    """An :class:`OnlineLane`; what was compared beside its elements has served its purpose.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    width : int
        Bits of the sum.
    most : IntFormat
        Of the maximum.
    multiplier : str
    """

    def __init__(self, spec: UnifiedSoftmaxSpec, width: int, most: IntFormat,
                 multiplier: str = "inferred") -> None:
        super().__init__(spec.online, width, most, multiplier, unified_layout(spec))


class BothSums(wiring.Component):
    """Of each row the sum relative to the unified maximum, or, if the row does not fit it, the
    one relative to its own.

    Takes a word every cycle while the consumer is ready; gives one for each row, in order.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    lanes, longest : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(unified_layout(spec), lanes)))``
    o : ``Out(stream.Signature(StructLayout({"most": self.most, "total": ...})))``
        The maximum to which the sum is relative, for the guard bits of the online form.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: UnifiedSoftmaxSpec, lanes: int, longest: int) -> None:
        self._spec, power = spec, spec.online.power
        self._running = RunningPowers(power, spec.online.guard, lanes, longest)
        self._unified = UnifiedSum(spec, lanes, longest, self._running.latency)
        width = max(len(part.o.payload.total) for part in (self._running, self._unified))
        super().__init__({
            "i": In(stream.Signature(row_layout(unified_layout(spec), lanes))),
            "o": Out(stream.Signature(StructLayout({
                "most": shape_of(self.most), "total": width})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its result."""
        return self._running.latency

    @property
    def most(self) -> IntFormat:
        """Of the maximum."""
        exponent, fitting = self._spec.online.power.exponent, self._fitting
        return covering(min(exponent.min, fitting), max(exponent.max, fitting))

    @property
    def _fitting(self) -> int:
        """The maximum of rows that fit, which makes up for the other number of guard bits."""
        return self._spec.most + self._spec.online.guard - self._spec.guard

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.running = running = self._running
        m.submodules.unified = unified = self._unified
        # Pipelines of one depth that take the same words move in step.
        m.d.comb += [self.i.ready.eq(running.i.ready), self.o.valid.eq(running.o.valid),
                     unified.i.payload.eq(self.i.payload)]
        for part in (running, unified):
            m.d.comb += [part.i.valid.eq(self.i.valid), part.o.ready.eq(self.o.ready)]
        for name in ("last", "keep"):
            m.d.comb += running.i.payload[name].eq(self.i.payload[name])
        for given, element in zip(self.i.payload.data, running.i.payload.data, strict=True):
            m.d.comb += [element.mantissa.eq(given.mantissa), element.exponent.eq(given.exponent)]

        own, fitting, o = running.o.payload, unified.o.payload, self.o.payload
        with m.If(fitting.falls_back):
            m.d.comb += [o.most.eq(own.most), o.total.eq(own.total)]
        with m.Else():
            m.d.comb += [o.most.eq(Const(self._fitting, shape_of(self.most))),
                         o.total.eq(fitting.total)]
        return m


class UnifiedSum(wiring.Component):
    """Sum of a row relative to the unified maximum, and whether the row does not fit it.

    Takes a word every cycle while the consumer is ready; gives one for each row, in order.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    lanes, longest : int
    latency : int
        Cycles from taking a row's last word to offering its result, at least
        ``2 + tree_depth(lanes)``.

    Members
    -------
    i : ``In(stream.Signature(row_layout(unified_layout(spec), lanes)))``
    o : ``Out(stream.Signature(StructLayout({"falls_back": 1, "total": ...})))``
        ``falls_back`` is high if the row does not fit; ``total`` is then anything.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: UnifiedSoftmaxSpec, lanes: int, longest: int, latency: int) -> None:
        self._spec, self._lanes, self.latency = spec, lanes, latency
        self._term = spec.online.power.mantissa.width + spec.guard
        total = shape_between(0, longest * ((1 << self._term) - 1))
        super().__init__({
            "i": In(stream.Signature(row_layout(unified_layout(spec), lanes))),
            "o": Out(stream.Signature(StructLayout({"falls_back": 1, "total": total})))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m, words, depth = Module(), self.i.payload, self.latency
        enable = stalling_pipeline(m, self.i, self.o, depth=depth, keep=words.last)
        taken = valid_chain(m, self.i.valid & self.i.ready, depth=depth - 1, enable=enable)[-1]

        def held(value: Value, name: str, stages: int) -> Value:
            return registered(m, value, enable=enable, name=name, stages=stages)

        real = [in_row(words, lane) for lane in range(self._lanes)]
        terms = [held(Mux(real[lane], self._moved(m, lane), 0), f"term_{lane}", 1)
                 for lane in range(self._lanes)]
        word = held(adder_tree(m, terms, enable=enable, name="sum"), "word",
                    depth - 2 - tree_depth(self._lanes))
        high, above = (held(Cat(
            words.data[lane][name] & real[lane] for lane in range(self._lanes)).any(), name,
            depth - 1) for name in ("high", "above_low"))
        last = held(words.last, "last", depth - 1)
        within = Signal()
        total = self.o.payload.total
        all_low = Signal()
        any_high = Signal()
        with m.If(enable & taken):
            m.d.sync += [within.eq(~last), total.eq(Mux(within, total, 0) + word),
                         any_high.eq(within & any_high | high),
                         all_low.eq((~within | all_low) & ~above)]
        m.d.comb += self.o.payload.falls_back.eq(any_high | all_low)
        return m

    def _moved(self, m: Module, lane: int) -> Value:
        """A mantissa below the unified maximum; of exponents above it, anything."""
        x = self.i.payload.data[lane]
        distance = Const(self._spec.most) - x.exponent
        steps = capped(distance[:-1], self._term)
        value = Cat(Const(0, self._spec.guard), x.mantissa)
        return shift_right(m, value, steps, (1 << len(steps)) - 1, name=f"moved_{lane}")[0]
