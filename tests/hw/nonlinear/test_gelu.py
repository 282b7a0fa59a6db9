# amaranth: UnusedElaboratable=no
"""GELU, SiLU and gated products against the golden ones: every code, every pair, stalls."""

from __future__ import annotations

import numpy as np
import pytest

from hw.nonlinear.gated_product import GatedProduct
from hw.nonlinear.integer_gelu import IntegerGelu
from hw.nonlinear.shift_gelu import ShiftGelu
from hw.nonlinear.swish import Swish
from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops import gated_product, integer_gelu, shift_gelu, swish
from sw_model.specs import (
    DeltaTableSpec,
    GatedProductSpec,
    IntegerGeluSpec,
    ShiftGeluSpec,
    SwishSpec,
)
from sw_model.tables import delta_entries
from tests.support.row_norms import edge_rows, emulate, norm_unit
from tests.support.units import Interval, Unit, check_units, padded

INT8, INT16, Q4 = IntFormat(8), IntFormat(16), FixedFormat(8, 4)
CODES = np.arange(-128, 128)


def each(component, golden, codes):
    """An element-wise unit, and what it must make of every code, in any order of the lanes."""
    words = padded(codes[None], component.lanes)
    wanted = padded(golden(codes, component.spec)[None], component.lanes)
    return Unit(component, {"i": words}, {"o": wanted}, latency=component.latency,
                interval=Interval(1))


def gated(a, b, lanes, activation="silu", multiplier="inferred", **changes):
    entries = delta_entries(activation, 4, 12) if activation else ()
    gate = DeltaTableSpec(source=Q4, step_bits=4, fraction=12,
                          entries=len(entries)) if activation else None
    scales = {"target": INT8, "b_scale": 0.01, "target_scale": 0.01, "a_scale": 2.0**-4} | changes
    spec = GatedProductSpec.of_scales(gate, Q4, INT8, **scales)
    component = GatedProduct(spec, lanes, entries, multiplier)
    wanted = gated_product(a, b, spec, np.array(entries))
    return Unit(component, {name: padded(codes[None], lanes) for name, codes in (
        ("i0", a), ("i1", b))}, {"o": padded(wanted[None], lanes)}, latency=component.latency,
        interval=Interval(1, stream="i0"))


def shift(rows, lanes, *, scale=4 / 127, paced=False, multiplier="inferred", **settings):
    spec = ShiftGeluSpec.of_scale(INT8, scale, **settings)
    component = ShiftGelu(spec, lanes, max(map(len, rows)), multiplier)
    return norm_unit(component, rows, [shift_gelu(row, spec) for row in rows], paced=paced)


def test_every_code(rng):
    wide = rng.integers(-2**15, 2**15, 300)
    wide[:4] = -2**15, 2**15 - 1, 0, -1
    q12 = FixedFormat(16, 12)
    check_units([
        each(Swish(SwishSpec.gelu(INT8, 4 / 127), 2), swish, CODES),
        each(Swish(SwishSpec.silu(INT8, 8 / 127, fraction=9, index_bits=3), 3, "fabric"), swish,
             CODES),
        each(Swish(SwishSpec.silu(q12, 2.0**-12), 1), swish, wide),
        each(IntegerGelu(IntegerGeluSpec.of_scale(INT8, 4 / 127), 2), integer_gelu, CODES),
        each(IntegerGelu(IntegerGeluSpec.of_scale(INT8, 1 / 50, 3), 3, "fabric"), integer_gelu,
             CODES),
        each(IntegerGelu(IntegerGeluSpec.of_scale(INT16, 6 / 32767, 14), 1), integer_gelu, wide)])


def test_gated_products(rng):
    a, b = rng.integers(-128, 128, (2, 251))
    a[:4], b[:4] = (-128, 127, -128, 0), (-128, 127, 127, 9)
    check_units([gated(a, b, 1), gated(a, b, 3, "gelu", "fabric"), gated(a, b, 2, None),
                 gated(a, b, 2, target=INT16, target_scale=2.0**-12)])


def test_rows_of_shift_gelu(rng):
    """Edges; rows without bubbles, be they of one word; sums that saturate."""
    short = [rng.integers(-128, 128, size) for size in rng.integers(1, 4, 60)]
    units = [shift(edge_rows(rng, 7, -128, 127, 2), 3), shift(short, 3, paced=True)]
    # Of two terms that 31 bits hold, and not both.
    low = [np.arange(-5, most + 1) for most in range(-5, 6)]
    units.append(shift([*low, *short], 1, scale=1 / 256))
    spec = units[-1].component.spec
    assert spec.steps << spec.doublings <= spec.numerator < 2 * spec.steps << spec.doublings
    for unit in units:
        assert unit.component.row_gap == 1
    check_units(units)


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 3])
def test_more_rows_of_shift_gelu(lanes, rng):
    """Longer rows, and a wider quotient."""
    same = [rng.integers(-128, 128, 2 * lanes) for _ in range(12)]
    check_units([shift(edge_rows(rng, 17, -128, 127), lanes), shift(same, lanes, paced=True),
                 shift(edge_rows(rng, 5, -128, 127, 4), lanes, multiplier="fabric",
                       numerator_bits=40)])


@pytest.mark.full
def test_every_pair(tmp_path):
    """Every element below every maximum of ShiftGELU, as published, with a wider quotient, and
    with sums that saturate."""
    rows = [np.arange(-128, most + 1) for most in range(-128, 128)]
    rows.sort(key=len, reverse=True)
    emulate([shift(rows, 1), shift(rows, 1, numerator_bits=40), shift(rows, 1, scale=1 / 256)],
            tmp_path / "shift")


@pytest.mark.full
def test_every_pair_of_a_gated_product(tmp_path):
    pairs = np.stack(np.meshgrid(CODES, CODES), axis=-1).reshape(-1, 2).T
    emulate([gated(*pairs, 1), gated(*pairs, 1, "gelu", "fabric"), gated(*pairs, 1, None)],
            tmp_path / "gated")


@pytest.mark.full
def test_every_code_of_16_bits(tmp_path):
    codes = np.arange(-2**15, 2**15)
    emulate([each(Swish(SwishSpec.silu(FixedFormat(16, 12), 2.0**-12), 1), swish, codes),
             each(IntegerGelu(IntegerGeluSpec.of_scale(INT16, 6 / 32767, 14), 1), integer_gelu,
                  codes)], tmp_path / "wide")


@pytest.mark.parametrize("make", [Swish, IntegerGelu, GatedProduct, ShiftGelu])
def test_bad_spec(make):
    with pytest.raises(TypeError, match=r"spec must be an? \w+Spec, not 3"):
        make(3, 1, *((4,) if make is ShiftGelu else ()))
