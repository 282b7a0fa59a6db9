# amaranth: UnusedElaboratable=no
"""EN-T and canonical signed digits without their zeros: pairs, sums, and every cycle counted."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe.base import DotSpec
from hw.pe.csd import CsdDotProduct
from hw.pe.en_t import EnTDotProduct
from sw_model.formats import parse_format
from sw_model.terms import csd_digits, en_t_digits, skipping_cycles
from tests.support.dots import (
    DotStream,
    check_dots,
    codes_of,
    emulated_dots,
    every_pair,
    extremes,
)

KINDS = [CsdDotProduct, EnTDotProduct]
GOLDEN = {CsdDotProduct: (csd_digits, 18), EnTDotProduct: (en_t_digits, 9)}
WEIGHTS = ["int1", "uint1", "int2", "uint2", "int3", "uint3", "int4", "uint4", "fixed<5,2>",
           "int6", "bipolar", "ternary"]


def counts(make, weights, values):
    """Cycles of each weight by the golden model; shape of ``values``."""
    recode, digits = GOLDEN[make]
    return skipping_cycles(recode(weights.to_fixed(values), digits))


@pytest.mark.parametrize("make", KINDS)
def test_every_pair_of_codes(make, need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, a, w) for a, w in [
        *(("int3", w) for w in WEIGHTS), ("bipolar", "int4"), ("ternary", "uint2"),
        ("uint2", "int4"), ("uint1", "bipolar"), ("int1", "int8")]], tmp_path / "build")


def test_every_pair_of_int8(need, tmp_path):
    need("verilator")
    check_dots([every_pair(make, "int8", "int8") for make in KINDS], tmp_path / "build")


@pytest.mark.parametrize("make", KINDS)
def test_sums(make, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, w, lanes, rng, 500) for a, w, lanes in (
        ("int8", "int8", 1), ("int8", "int8", 4), ("int8", "int4", 16), ("uint8", "uint16", 1),
        ("bipolar", "ternary", 16))], tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("lanes", [1, 4])
def test_every_width(make, lanes, need, tmp_path, rng):
    need("verilator")
    check_dots([extremes(make, a, f"{sign}int{width}", lanes, rng, 500)
                for a in ("int8", "uint5") for sign in ("", "u")
                for width in range(1, 17)], tmp_path / "build")


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("text", [*WEIGHTS, "int8", "uint8", "int15", "uint15", "uint16"])
def test_interval_is_the_most_that_any_weight_takes(make, text):
    form = parse_format(text)
    unit = make(DotSpec(parse_format("int8"), form, 4))
    assert unit.interval == counts(make, form, codes_of(form)).max()
    assert unit.latency == unit.interval + 4


def test_measured_cycles(need, tmp_path, rng):
    """Every operand, every vector takes exactly the cycles that the golden model counts."""
    need("verilator")
    int8, count = parse_format("int8"), 5000
    specs = [DotSpec(int8, int8, lanes) for _ in KINDS for lanes in (1, 4)]
    makes = [make for make in KINDS for _ in (1, 4)]
    emulator = emulated_dots([DotStream(make, spec, eager=True)
                              for make, spec in zip(makes, specs, strict=True)], specs,
                             tmp_path / "build")
    inputs = {f"a{k}": rng.integers(-128, 128, (count, spec.lanes))
              for k, spec in enumerate(specs)}
    weights = [np.rint(rng.normal(0, 30, (count, spec.lanes))).clip(-128, 127).astype(np.int64)
               for spec in specs]
    run = emulator.run(inputs | {f"w{k}": codes for k, codes in enumerate(weights)})
    for k, (make, codes) in enumerate(zip(makes, weights, strict=True)):
        assert not codes.all()
        cycles = counts(make, int8, codes).max(axis=1)
        np.testing.assert_array_equal(np.diff(run.accepted[f"u{k}__w"].astype(np.int64)),
                                      cycles[:-1], f"{make} {specs[k].lanes}")
