# amaranth: UnusedElaboratable=no
"""Two lanes in each DSP block of an iCE40: the portable form emulated, blocks counted."""

from __future__ import annotations

import re

import pytest

from boards.component import resources
from hw.pe import DotSpec, Ice40PackedDotProduct, element_of
from sw_model.formats import parse_format
from tests.support.dots import check_dots, every_pair, extremes

FORMATS = [("uint8", "int8"), ("uint8", "uint8"), ("int8", "int5"), ("int4", "int4"),
           ("ternary", "int3"), ("fixed<6,2>", "bipolar"), ("uint1", "int1"), ("e2m1", "int8")]


def spec_of(a, w, lanes):
    return DotSpec(parse_format(a), parse_format(w), lanes)


def test_every_pair(need, tmp_path):
    need("verilator")
    check_dots([every_pair(Ice40PackedDotProduct, a, w)
                for a, w in (("int8", "int8"), ("int5", "uint5"))], tmp_path / "build")


def test_sums(need, tmp_path, rng):
    need("verilator")
    check_dots([*(extremes(Ice40PackedDotProduct, a, w, 4, rng, 500) for a, w in FORMATS),
                *(extremes(Ice40PackedDotProduct, "int8", "int8", lanes, rng, 500)
                  for lanes in (1, 2, 3, 5, 16))], tmp_path / "build")


def test_latency_and_blocks():
    units = [Ice40PackedDotProduct(spec_of("int8", "int8", lanes)) for lanes in (1, 2, 5, 16)]
    assert [(unit.multipliers, unit.latency, unit.interval) for unit in units] == [
        (1, 1, 1), (1, 2, 1), (3, 4, 1), (8, 5, 1)]
    for unit in units[:3]:
        assert resources(unit, ["ice40"])["ice40"].dsps == unit.multipliers


@pytest.mark.parametrize(("a", "w", "name", "found"), [
    ("int8", "int9", "weights", "int9"), ("e3m2", "int8", "activations", "e3m2")])
def test_what_it_refuses(a, w, name, found):
    words = (f"{name} of a dot product by pairs of bytes must be integers, fixed point, bipolar, "
             f"ternary, or codes, of at most 8 bits on their grid, not {found} (activations {a}, "
             f"weights {w}): a DSP block that does two products takes bytes")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        Ice40PackedDotProduct(spec_of(a, w, 3))
    with pytest.raises(ValueError, match=r"cells of ice40 goes on no other family, not on ecp5$"):
        element_of("packed_ice40", spec_of("int8", "int8", 3), "ecp5")
