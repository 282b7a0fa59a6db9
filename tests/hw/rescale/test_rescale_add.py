# amaranth: UnusedElaboratable=no
"""Sums of two scales against the golden model."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Value

from hw.rescale.rescale_add import RescaleAdd
from sw_model.formats import IntFormat, covering
from sw_model.ops import dyadic_scale, rescale_add
from sw_model.specs import FrameworkRescaleSpec, RescaleAddSpec
from tests.support.units import Interval, Unit, check_units

INT8, LANES = IntFormat(8), 4
STALLS = ((0.0, 0.0), (0.4, 0.4))


def unit_of(spec, a, b, scales, kind):
    """Operands (words, lanes) by scales of each lane, or by the first alone."""
    if kind == "constants":
        scales = tuple((m[:1], e[:1]) for m, e in scales)
        unit = RescaleAdd(spec, LANES, tuple((int(m[0]), int(e[0])) for m, e in scales))
        stimulus = {}
    else:
        unit = RescaleAdd(spec, LANES, multiplier=kind)
        layout = RescaleAdd.parameter_layout(spec, LANES)
        fields = [{name: {"multiplier": int(m[k])}
                   | ({"shift": branch.shift_of(int(e[k]))} if branch.shifts > 1 else {})
                   for name, branch, (m, e) in zip("ab", (spec.a, spec.b), scales, strict=True)}
                  for k in range(LANES)]
        stimulus = {"parameters": [Value.cast(layout.const(fields)).value] * len(a)}
    return Unit(unit, {"i0": a, "i1": b, **stimulus},
                {"o": rescale_add(a, b, scales, spec)}, latency=unit.latency,
                interval=Interval(1, stream="i0"), name=f"{kind} {spec}")


def dyadic(sources, target, reals):
    """I-ViT's sum with real scales, one for each lane."""
    numbers = [dyadic_scale(each) for each in reals]
    spec = RescaleAddSpec.dyadic(
        sources, target, multipliers=tuple(b.tolist() for b, _ in numbers),
        shifts=tuple(c.tolist() for _, c in numbers))
    return spec, tuple((b, -c) for b, c in numbers)


@pytest.mark.full
def test_every_pair_of_8_bit_codes():
    a, b = (part.reshape(-1, LANES) for part in np.meshgrid(np.arange(-128, 128),
                                                            np.arange(-128, 128)))
    spec, scales = dyadic((INT8, INT8), INT8, ([0.5] * 4, [0.3125] * 4))
    check_units([unit_of(spec, a, b, scales, "constants")], stalls=((0.0, 0.0),))


def test_every_pair_of_5_bit_codes():
    """Ties of both branches, of either parity."""
    five = IntFormat(5)
    a, b = (part.reshape(-1, LANES) for part in np.meshgrid(np.arange(-16, 16),
                                                            np.arange(-16, 16)))
    spec, scales = dyadic((five, five), IntFormat(4), ([0.5] * 4, [0.3125, 0.25, 0.75, 0.1]))
    check_units([unit_of(spec, a, b, scales, kind) for kind in ("constants", "fabric")],
                stalls=STALLS)


def test_scales_of_channels(rng):
    """Ties of each branch; residual sums of 16 bits, as I-ViT has them."""
    units = []
    for sources, target, reals in (
            ((INT8, INT8), INT8, ([0.5, 0.75, 1.7, 0.0123], [0.25, 1 / 3, 0.5, 0.9])),
            ((IntFormat(16), INT8), IntFormat(16), ([1.0, 0.5, 0.7, 1.3], [8.0, 3.5, 0.1, 77.0])),
            ((IntFormat(20), IntFormat(16)), INT8, ([2**-13, 1e-4, 2**-12, 3e-3], [0.5] * 4))):
        spec, scales = dyadic(sources, target, reals)
        a, b = (rng.integers(form.min, form.max, (60, LANES), endpoint=True) for form in sources)
        a[0], b[0] = sources[0].min, sources[1].min
        a[1], b[1] = sources[0].max, sources[1].max
        units += [unit_of(spec, a, b, scales, kind)
                  for kind in ("inferred", "fabric", "constants")]
    check_units(units, stalls=STALLS)


def test_other_roundings_and_zero_points(rng):
    m = rng.integers(2**30, 2**31, (2, LANES))
    e = np.array([[-31, -32, -33, -35], [-32, -32, -34, -31]])
    branch = [FrameworkRescaleSpec(
        source=INT8, target=IntFormat(16), mode=mode, zero_point=zero, low=-2000, high=2000,
        multiplier=covering(0, 2**31 - 1), exponent_low=-35, exponent_high=-31)
        for mode, zero in (("tflite_double", 3), ("tflite_single", -17))]
    spec = RescaleAddSpec(a=branch[0], b=branch[1], target=INT8, low=-100, high=127)
    a, b = rng.integers(-128, 128, (2, 200, LANES))
    check_units([unit_of(spec, a, b, tuple(zip(m, e, strict=True)), kind)
                 for kind in ("inferred", "constants")], stalls=STALLS)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be a RescaleAddSpec, not 3$"):
        RescaleAdd(3, 1)
