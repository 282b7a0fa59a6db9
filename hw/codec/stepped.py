# amaranth: UnusedElaboratable=no
"""Blocks whose scales have a significand: scale and codes as staircases, no divider.

The scale is a staircase over the largest magnitude of a block, of as many steps as there are
scales: a binary search in memory finds it. With a scale there are seven thresholds for the
magnitudes of its elements: a row of a table, which all lanes compare with.
"""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

from sw_model.formats import IntFormat
from sw_model.specs import ThresholdSpec
from sw_model.specs.nv_steps import NVSteps
from sw_model.tables import pack_words

from ..arith.adder_tree import tree_depth
from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..rescale.binary_search import BinarySearchLane
from ..rescale.lane_unit import Lane
from ..shapes import shape_of
from ..unique import Unique
from .block_scale import Peak
from .magnitude import magnitude_of

__all__ = ["StepLane", "StepPeak", "StepScale"]


class StepPeak(Peak):
    """The largest magnitude of a word, one register behind each level of a tree.

    Parameters
    ----------
    steps : NVSteps
    lanes : int
    """

    def __init__(self, steps: NVSteps, lanes: int) -> None:
        self.latency = tree_depth(lanes)
        magnitude = magnitude_of(steps.source)
        super().__init__(magnitude, lanes, magnitude.members["magnitude"])

    @staticmethod
    def join(one: Value, other: Value) -> Value:
        return Mux(one > other, one, other)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        level = [lane.magnitude for lane in self.i]
        for depth in range(self.latency):
            level = [registered(m, self.join(level[k], level[k + 1]) if k + 1 < len(level)
                                else level[k], enable=self.enable, name=f"largest_{depth}_{k}")
                     for k in range(0, len(level), 2)]
        m.d.comb += self.o.eq(level[0])
        return m


class StepScale(Lane):
    """From the largest magnitude of a block to its scale, and the limits of its elements.

    Parameters
    ----------
    steps : NVSteps
    """

    def __init__(self, steps: NVSteps) -> None:
        self._steps = steps
        magnitude = magnitude_of(steps.source).members["magnitude"]
        spec = ThresholdSpec(source=IntFormat(magnitude.width, signed=False),
                             target=IntFormat(8, signed=False), count=len(steps.scales))
        self._search = Unique(BinarySearchLane, spec, ((steps.scales, 0, False),))
        self.latency = spec.count.bit_length() + 2
        super().__init__(magnitude, StructLayout({"scale": unsigned(8),
                                                  "elements": _elements(steps)}), None)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.search = search = self._search
        elements = self.o.elements
        # What reaches a threshold is greater than the limit below it.
        rows = [[threshold - 1 for threshold in row] for row in self._steps.codes]
        m.submodules.limits = limits = LookupRom(
            len(Value.cast(elements.limits)), tuple(pack_words(rows, len(self.i))))
        m.d.comb += [
            search.enable.eq(self.enable), search.i.eq(self.i),
            limits.enable.eq(self.enable), limits.address_0.eq(search.o),
            Value.cast(elements.limits).eq(limits.word(0)),
            elements.zero.eq(self.o.scale == 0),
            self.o.scale.eq(registered(m, search.o, enable=self.enable, name="scale"))]
        return m


def _elements(steps: NVSteps) -> StructLayout:
    magnitude = magnitude_of(steps.source).members["magnitude"]
    return StructLayout({"limits": ArrayLayout(magnitude, len(steps.codes[0])), "zero": 1})


class StepLane(Lane):
    """An element to its code: the number of limits that its magnitude exceeds, and its sign.

    Parameters
    ----------
    steps : NVSteps
    """

    latency = 2

    def __init__(self, steps: NVSteps) -> None:
        self._element = steps.form.element
        super().__init__(magnitude_of(steps.source), shape_of(self._element), _elements(steps))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()

        def stage(value: Value, name: str) -> Value:
            return registered(m, value, enable=self.enable, name=name)

        above = [stage(self.i.magnitude > limit, f"above_{k}")
                 for k, limit in enumerate(self.parameters.limits)]
        # None is exceeded without those below it, so that three of them are the number's bits.
        high = above[3]
        middle = Mux(high, above[5], above[1])
        low = Mux(high, Mux(middle, above[6], above[4]), Mux(middle, above[2], above[0]))
        count = Cat(low, middle, high)
        if isinstance(self._element, IntFormat):
            negative = stage(self.i.negative, "negative")
            code = Mux(negative, -count, count)
        else:
            # Where the scale is zero, zero has no sign.
            code = Cat(count, stage(self.i.negative & ~self.parameters.zero, "negative"))
        m.d.comb += self.o.eq(stage(code[:4], "code"))
        return m
