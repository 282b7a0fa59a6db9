# amaranth: UnusedElaboratable=no
"""Rows that share activations: the results of one element a row, whatever is shared."""

from __future__ import annotations

import numpy as np
import pytest

from hw.pe import PE_KINDS, DotSpec
from hw.pe.packing import PORTS
from hw.pe.rows import SeparateRows, rows_of
from sw_model.formats import parse_format
from tests.support.dots import codes_of
from tests.support.paced import run_paced

SHARED = sorted(kind for kind, make in PE_KINDS.items() if make.shared is not None)


def spec_of(a, w, lanes):
    return DotSpec(parse_format(a), parse_format(w), lanes)


@pytest.mark.parametrize(("kind", "a", "w"), [
    (kind, a, w) for kind in ("parallel", *SHARED)
    for a, w in (("int8", "int3"), ("uint4", "bipolar"))
    if PE_KINDS[kind].refusal(spec_of(a, w, 1)) is None])
@pytest.mark.parametrize(("rows", "lanes"), [(1, 5), (3, 4)])
def test_rows(kind, a, w, rows, lanes, rng):
    """Operands as often as they are taken, valid for one cycle only, with pauses."""
    spec = spec_of(a, w, lanes)
    unit = rows_of(PE_KINDS[kind], spec, rows)
    count = 40
    x = rng.choice(codes_of(spec.activations), (count, lanes))
    y = rng.choice(codes_of(spec.weights), (count, rows, lanes))
    expected = np.einsum("nl,nrl->nr", spec.activations.to_fixed(x), spec.weights.to_fixed(y))

    def give(ctx, number, started):
        codes = (x[number], y[number]) if started else (
            rng.choice(codes_of(spec.activations), lanes),
            rng.choice(codes_of(spec.weights), (rows, lanes)))
        for lane in range(lanes):
            ctx.set(unit.a[lane], int(codes[0][lane]))
            for row in range(rows):
                ctx.set(unit.w[row][lane], int(codes[1][row][lane]))

    found = run_paced(unit, count, give, lambda ctx: [ctx.get(unit.o[row]) for row in range(rows)],
                      rng)
    np.testing.assert_array_equal(found, expected)


def test_interval_is_known_before():
    for make in PE_KINDS.values():
        spec = spec_of("int8", "int3", 3)
        if make.refusal(spec) is None:
            assert rows_of(make, spec, 2).interval == make(spec).interval \
                == make.interval_of(spec)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"^rows must be at least 1, not 0$"):
        SeparateRows(PE_KINDS["parallel"], spec_of("int8", "int8", 1), 0)
    with pytest.raises(ValueError, match="weights of a ternary dot product must be"):
        rows_of(PE_KINDS["ternary"], spec_of("int8", "int4", 1), 2)


def test_rows_are_packed_for_the_family():
    """As many multipliers as its ports allow, two rows or one, and no pair is refused that fits."""
    packed = PE_KINDS["packed"]
    for family in PORTS:
        for a, w in (("int6", "int4"), ("int8", "int2"), ("int8", "int4")):
            spec = spec_of(a, w, 16)
            for rows in (1, 2, 5):
                wanted = packed.shared(spec, rows, ports=PORTS[family])
                found = rows_of(packed, spec, rows, family=family)
                assert type(found) is type(wanted)
                assert multipliers_of(found) == multipliers_of(wanted)
    assert multipliers_of(rows_of(packed, spec_of("int8", "int8", 16), 2, family="xilinx")) == 16
    with pytest.raises(ValueError, match="fit a multiplier of 18 x 18 bits"):
        rows_of(packed, spec_of("int8", "int8", 16), 2, family="ecp5")


def multipliers_of(rows):
    """Those of all rows."""
    if isinstance(rows, SeparateRows):
        return sum(element.component.multipliers for element in rows._elements)
    return rows.multipliers
