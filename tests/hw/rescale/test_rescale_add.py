# amaranth: UnusedElaboratable=no
"""Streams of sums of two scales; every pair of codes is in test_lanes.py."""

from __future__ import annotations

import pytest
from amaranth.hdl import Value

from hw.rescale.rescale_add import RescaleAdd
from sw_model.formats import IntFormat
from sw_model.ops import dyadic_scale, rescale_add
from sw_model.specs import RescaleAddSpec
from tests.support.units import Interval, Unit, check_units

INT8, LANES = IntFormat(8), 4


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
        kind = ("inferred", "fabric", "constants")[len(units)]
        units.append(unit_of(spec, a, b, scales, kind))
    check_units(units)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^spec must be a RescaleAddSpec, not 3$"):
        RescaleAdd(3, 1)
