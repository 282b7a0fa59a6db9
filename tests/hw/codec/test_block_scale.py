# amaranth: UnusedElaboratable=no
"""Scales of blocks alone: latency, and words that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Module, Mux, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring

from hw.codec.block_scale import BlockScale
from hw.codec.shared_exponent import ExponentPeak, ExponentScale, SharedExponent
from hw.codec.stepped import StepPeak, StepScale
from sw_model.formats import IntFormat
from sw_model.formats.blocks import parse_block_format
from sw_model.specs.nv_steps import NVSteps
from tests.support.units import Interval, Unit, check_units

SOURCE = IntFormat(8)


class Noisy(wiring.Component):
    """A unit whose input is all ones while there is no word."""

    def __init__(self, inner: BlockScale) -> None:
        self.inner = inner
        super().__init__(inner.signature)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.inner = inner = self.inner
        wiring.connect(m, inner.o, wiring.flipped(self.o))
        m.d.comb += [inner.i.valid.eq(self.i.valid), self.i.ready.eq(inner.i.ready),
                     Value.cast(inner.i.payload).eq(
                         Mux(self.i.valid, Value.cast(self.i.payload), -1))]
        return m


def unit(form, lanes, expected, *parts):
    """``expected`` gives the payload of the blocks' scales and largest magnitudes."""
    form = parse_block_format(form)
    rng = np.random.default_rng(form.size)
    magnitudes = rng.integers(0, 129, (60, form.size)) >> rng.integers(0, 9, (60, 1))
    given = () if "nv" not in str(form) else (np.float32(1),)
    scales = form.encode(magnitudes.astype(float), *given)["scales"].ravel()
    component = BlockScale(form.size // lanes, lanes, *parts)
    return Unit(Noisy(component), {"i": magnitudes.reshape(-1, lanes)},
                {"o": [expected(int(scale), int(most)) for scale, most
                       in zip(scales, magnitudes.max(axis=1), strict=True)]},
                latency=component.latency, after=form.size // lanes - 1,
                interval=Interval(component.interval))


def test_scales_of_blocks():
    """With noise on the wires while no word is there."""
    units = []
    for lanes in (1, 2, 4):
        plan = SharedExponent(SOURCE, parse_block_format("mx<e2m1,4>"))
        # Three bits hold distances; that of zero means nothing, and wraps to 0.
        units.append(unit("mx<e2m1,4>", lanes,
                          lambda scale, most: scale | (8 - most.bit_length()) % 8 << 8,
                          ExponentPeak, ExponentScale, plan))
    steps = NVSteps(SOURCE, parse_block_format("nvfp4"), 1.0)
    for lanes in (1, 4, 16):
        def limits(scale, most):
            row = sum(step - 1 << 8 * k for k, step in enumerate(steps.codes[scale]))
            return scale | row << 8 | (scale == 0) << 8 + 8 * 7

        units.append(unit("nvfp4", lanes, limits, StepPeak, StepScale, steps))
    check_units(units)
