# amaranth: UnusedElaboratable=no
"""One bit of weights or activations a cycle: every pair of codes, sums, times, refusals."""

from __future__ import annotations

import pytest

from hw.pe.activation_serial import ActivationSerialDotProduct
from hw.pe.base import DotSpec
from hw.pe.weight_serial import WeightSerialDotProduct
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

KINDS = [WeightSerialDotProduct, ActivationSerialDotProduct]
WHOLE = ["int4", "uint3", "fixed<6,2>", "uint1", "int1", "bipolar", "ternary"]
SERIAL = ["int1", "uint1", "int2", "uint3", "int4", "ufixed<5,9>", "int6", "bipolar", "ternary"]


def pair(make, whole, serial):
    """Activations and weights of a kind, by which of them is taken apart."""
    return (whole, serial) if make is WeightSerialDotProduct else (serial, whole)


@pytest.mark.parametrize("make", KINDS)
def test_every_pair_of_codes(make, need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, *pair(make, whole, serial)) for whole, serial in [
        *((whole, serial) for whole in WHOLE for serial in ("int4", "uint3")),
        *((whole, serial) for whole in ("int3", "bipolar") for serial in SERIAL)]],
        tmp_path / "build")


def test_every_pair_of_int8(need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, "int8", "int8") for make in KINDS], tmp_path / "build")


@pytest.mark.parametrize("make", KINDS)
def test_sums(make, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, *pair(make, whole, serial), lanes, rng, 500)
                for whole, serial in (("int8", "int8"), ("uint8", "int4"), ("int8", "uint16"),
                                      ("int20", "int16"), ("bipolar", "ternary"),
                                      ("ternary", "bipolar"))
                for lanes in (1, 4, 16)], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("lanes", [4, 16])
def test_every_width(make, lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, *pair(make, whole, f"{sign}int{width}"), lanes, rng, 500)
                for whole in ("int8", "uint5", "bipolar") for sign in ("", "u")
                for width in range(1, 17)], tmp_path / "build")


@pytest.mark.parametrize("make", KINDS)
def test_latency_and_interval(make):
    for serial, lanes, times in (("int4", 16, (10, 4)), ("uint16", 1, (18, 16)),
                                 ("bipolar", 5, (6, 1)), ("ternary", 2, (5, 2))):
        a, w = pair(make, parse_format("int8"), parse_format(serial))
        unit = make(DotSpec(a, w, lanes))
        assert (unit.latency, unit.interval) == times
        assert make.interval_of(unit.spec) == unit.interval
