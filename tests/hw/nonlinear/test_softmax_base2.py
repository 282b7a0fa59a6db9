# amaranth: UnusedElaboratable=no
"""Softmax units in base 2 against their golden functions."""

from __future__ import annotations

from functools import partial

import pytest

from hw.nonlinear.softmax_online import OnlineSoftmax
from hw.nonlinear.softmax_single_pass import SinglePassSoftmax
from hw.nonlinear.softmax_two_pass import TwoPassSoftmax
from sw_model.formats import IntFormat, Rounding
from sw_model.ops import online_softmax, single_pass_softmax, two_pass_softmax
from sw_model.specs import PowerTable, SinglePassSoftmaxSpec, TwoPassSoftmaxSpec
from tests.support.softmax_units import softmax_units
from tests.support.softmaxes import UINT8, UINT16, online
from tests.support.units import check_units

INT8 = IntFormat(8)


def units_of(kind, golden, spec, rng, multiplier="inferred"):
    return softmax_units(lambda longest: kind(spec, spec.tile, longest, multiplier),
                         partial(golden, spec=spec), rng, name=str(spec))


#: Settings beside scale and target, by variant.
ONLINE = ((1 / 16, UINT8, {}), (0.3, UINT16, {"guard": 0}), (2.0, UINT16, {"newton_steps": 0}))
SINGLE_PASS = ((1 / 16, UINT8, {}), (0.3, UINT16, {"fraction": 15, "guard": 8}))
TWO_PASS = (
    (0.2, UINT8, {}),
    (0.2, UINT16, {"table": PowerTable.LEFT, "rounding": Rounding.FLOOR, "numerator_bits": 31}),
    (0.2, UINT8, {"table": PowerTable.LINEAR, "numerator_bits": 24, "index_bits": 3}))


def online_units(lanes, settings, rng):
    scale, target, more = settings
    return units_of(OnlineSoftmax, online_softmax, online(scale, target, tile=lanes, **more), rng)


def single_pass_units(lanes, settings, rng):
    scale, target, more = settings
    return units_of(SinglePassSoftmax, single_pass_softmax, SinglePassSoftmaxSpec.from_scale(
        INT8, scale, target=target, tile=lanes, **more), rng)


def two_pass_units(lanes, settings, rng):
    scale, target, more = settings
    return units_of(TwoPassSoftmax, two_pass_softmax, TwoPassSoftmaxSpec.from_scale(
        INT8, scale, target=target, tile=lanes, **more), rng)


def test_a_lane_and_several(rng):
    check_units([*online_units(3, ONLINE[0], rng), *single_pass_units(1, SINGLE_PASS[0], rng),
                 *single_pass_units(3, SINGLE_PASS[1], rng), *two_pass_units(3, TWO_PASS[1], rng)],
                stalls=[(0.0, 0.0), (0.5, 0.5)])


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8])
def test_all_settings(lanes, rng):
    for make, many in ((online_units, ONLINE), (single_pass_units, SINGLE_PASS),
                       (two_pass_units, TWO_PASS)):
        check_units([unit for settings in many for unit in make(lanes, settings, rng)])


@pytest.mark.full
def test_products_of_logic(rng):
    units = [
        *units_of(OnlineSoftmax, online_softmax, online(1 / 16, tile=2), rng, "fabric"),
        *units_of(TwoPassSoftmax, two_pass_softmax, TwoPassSoftmaxSpec.from_scale(
            INT8, 1 / 16, target=UINT8), rng, "fabric"),
        *units_of(SinglePassSoftmax, single_pass_softmax, SinglePassSoftmaxSpec.from_scale(
            INT8, 1 / 16, target=UINT8), rng, "fabric")]
    check_units(units, stalls=[(0.0, 0.0), (0.3, 0.3)])


@pytest.mark.parametrize(("kind", "spec", "name"), [
    (OnlineSoftmax, online(1 / 16, tile=2), "OnlineSoftmaxSpec"),
    (TwoPassSoftmax, TwoPassSoftmaxSpec.from_scale(INT8, 1, target=UINT8, tile=2),
     "TwoPassSoftmaxSpec"),
    (SinglePassSoftmax, SinglePassSoftmaxSpec.from_scale(INT8, 1, target=UINT8, tile=2),
     "SinglePassSoftmaxSpec")])
def test_what_does_not_fit(kind, spec, name):
    with pytest.raises(TypeError, match=rf"^spec must be of {name}, not 3$"):
        kind(3, 2, 8)
    with pytest.raises(ValueError, match=r"^lanes must be the spec's tile, 2, not 3$"):
        kind(spec, 3, 8)
    with pytest.raises(ValueError, match=r"^longest must be at least 1, not 0$"):
        kind(spec, 2, 0)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'x'$"):
        kind(spec, 2, 8, "x")
