"""The component of a unit of the catalogue, outside its network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from boards.devices import device
from gen.alone import component_of
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from hw.nonlinear.table import TableLookup
from hw.rescale.binary_search import BinarySearchThreshold
from hw.rescale.framework import FrameworkRescale
from hw.rescale.multiply_add_shift import MultiplyAddShift
from hw.rows.frame import FramedRows

ECP5 = device("ecp5-85k")


def component(unit: str, *given: str, chip=ECP5):
    return component_of(unit_request(unit, parameters_document(unit, list(given))), chip)


@pytest.mark.parametrize(("unit", "given", "kind", "lanes"), [
    ("multiply_add_shift", (), MultiplyAddShift, 1),
    ("rescale", ("lanes=3",), FrameworkRescale, 3),
    ("threshold", ("search=binary", "target=uint3"), BinarySearchThreshold, 1),
    ("sigmoid", ("lanes=4",), TableLookup, 4),
    ("rms_norm", (), FramedRows, 1),
    ("softmax", ("way=online", "lanes=2"), FramedRows, 2)])
def test_lanes_and_forms(unit, given, kind, lanes) -> None:
    """What a unit's parameters decide holds for its component, too."""
    made = component(unit, *given)
    assert type(made) is kind
    assert made.i.payload.shape().length == lanes


def test_products_follow_the_device() -> None:
    """Of logic they take more cycles; every call makes a new component."""
    inferred, logic = (component("exp2", chip=chip) for chip in (ECP5, replace(ECP5, dsps=0)))
    assert inferred.latency < logic.latency == component(
        "exp2", chip=device("ice40-hx8k")).latency
    assert component("exp2") is not inferred
