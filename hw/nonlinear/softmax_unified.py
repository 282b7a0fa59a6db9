# amaranth: UnusedElaboratable=no
"""FlashDecoding++'s softmax: a maximum for all rows, with a way out for those it does not fit."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

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
from .extended_exponential import ExtendedExponentialLane
from .probability import TotalReciprocal
from .running_sum import capped
from .softmax import SoftmaxUnit, words_of
from .softmax_fallback import Fallback, unified_layout
from .softmax_online import OnlineLane

__all__ = ["UnifiedLane", "UnifiedSoftmax", "UnifiedSum"]


class UnifiedSoftmax(SoftmaxUnit):
    """Sums relative to one maximum for all rows; others are summed again with their own.

    Rows that fit take ``latency`` cycles, the others as many more as an :class:`Annotate` takes
    for maximum and sum, and a row that fits waits behind one that does not. The order of rows
    stays. No divider.

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
        sums = UnifiedSum(spec, lanes, longest)
        width = len(sums.o.payload.total)
        fallback = Fallback(spec, lanes, longest, width, multiplier)
        super().__init__(spec, lanes, longest, (
            RowEach(lanes, UnifiedLane, spec, multiplier),
            Annotate(Statistic(sums, TotalReciprocal(
                spec.online, width, 1, multiplier)), words_of(lanes, longest)),
            fallback,
            RowLanes(lanes, OnlineLane, spec.online, fallback.width, fallback.most, multiplier)))
        # A row that fits waits until the one before it, that does not, has come out.
        self.most_latency = self.latency + fallback.detour
        self.most_gap = 2 * words_of(lanes, longest) + fallback.detour


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


class UnifiedSum(wiring.Component):
    """Sum of a row relative to the unified maximum, and whether the row does not fit it.

    Takes a word every cycle while the consumer is ready; gives one for each row, in order.

    Parameters
    ----------
    spec : UnifiedSoftmaxSpec
    lanes, longest : int

    Members
    -------
    i : ``In(stream.Signature(row_layout(unified_layout(spec), lanes)))``
    o : ``Out(stream.Signature(StructLayout({"most": 1, "total": ...})))``
        ``most`` is high if the row does not fit; ``total`` is then anything.
    """

    #: Cycles for each word.
    interval = 1

    def __init__(self, spec: UnifiedSoftmaxSpec, lanes: int, longest: int) -> None:
        self._spec, self._lanes = spec, lanes
        self._term = spec.online.power.mantissa.width + spec.guard
        total = shape_between(0, longest * ((1 << self._term) - 1))
        super().__init__({
            "i": In(stream.Signature(row_layout(unified_layout(spec), lanes))),
            "o": Out(stream.Signature(StructLayout({"most": 1, "total": total})))})

    @property
    def latency(self) -> int:
        """Cycles from taking a row's last word to offering its result."""
        return 2 + tree_depth(self._lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m, words, depth = Module(), self.i.payload, self.latency
        enable = stalling_pipeline(m, self.i, self.o, depth=depth, keep=words.last)
        taken = valid_chain(m, self.i.valid & self.i.ready, depth=depth - 1, enable=enable)[-1]

        def held(value: Value, name: str, stages: int) -> Value:
            return registered(m, value, enable=enable, name=name, stages=stages)

        real = [in_row(words, lane) for lane in range(self._lanes)]
        terms = [held(Mux(real[lane], self._moved(m, lane), 0), f"term_{lane}", 1)
                 for lane in range(self._lanes)]
        word = adder_tree(m, terms, enable=enable, name="sum")
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
        m.d.comb += self.o.payload.most.eq(any_high | all_low)
        return m

    def _moved(self, m: Module, lane: int) -> Value:
        """A mantissa below the unified maximum; of exponents above it, anything."""
        x = self.i.payload.data[lane]
        distance = Const(self._spec.most) - x.exponent
        steps = capped(distance[:-1], self._term)
        value = Cat(Const(0, self._spec.guard), x.mantissa)
        return shift_right(m, value, steps, (1 << len(steps)) - 1, name=f"moved_{lane}")[0]
