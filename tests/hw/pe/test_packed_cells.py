# amaranth: UnusedElaboratable=no
"""Packed elements as mapped to iCE40: DSP blocks by Yosys's model of them."""

from __future__ import annotations

from functools import partial

import pytest

import tests.support.emulated
from hw.pe import DotSpec, Ice40PackedDotProduct, PackedDotProduct
from hw.pe.packed_rows import PackedRows
from hw.pe.packing import PORTS
from sw_model.formats import parse_format
from tests.hw.pe.test_packed_rows import case_of
from tests.support.dots import check_dots, extremes
from tests.support.enabled import check_enabled
from tests.support.mapped import mapped

pytestmark = pytest.mark.full

ICE40 = PORTS["ice40"]


@pytest.fixture
def on_ice40(request, monkeypatch, tmp_path):
    """Emulators run what synthesis makes, every cell replaced by its model."""
    monkeypatch.setattr(tests.support.emulated, "to_verilog", mapped(
        "ice40", tmp_path, dsp=request.param, holds="SB_MAC16"))


@pytest.mark.parametrize("on_ice40", [True], indirect=True)
def test_pairs(need, tmp_path, rng, on_ice40):
    need("verilator")
    make = partial(PackedDotProduct, ports=ICE40)
    check_dots([extremes(make, "int4", "int4", 8, rng, 500),
                extremes(make, "int6", "int4", 4, rng, 500)], tmp_path / "build")


@pytest.mark.parametrize("on_ice40", [False, True], indirect=True)
def test_two_in_a_block(need, tmp_path, rng, on_ice40):
    """Inference must not make 16 x 16 multipliers of these blocks."""
    need("verilator")
    check_dots([extremes(Ice40PackedDotProduct, "int8", "int8", 6, rng, 500),
                extremes(Ice40PackedDotProduct, "uint8", "int7", 3, rng, 500)],
               tmp_path / "build")


@pytest.mark.parametrize("on_ice40", [True], indirect=True)
@pytest.mark.parametrize("accumulations", [1, 2])
def test_rows(accumulations, need, tmp_path, rng, on_ice40):
    need("verilator")
    specs = [("int8", "int4"), ("int4", "int4"), ("int8", "int2")][accumulations - 1:]
    check_enabled([case_of(PackedRows, DotSpec(parse_format(a), parse_format(w), 4), 2, rng,
                           ports=ICE40, accumulations=accumulations) for a, w in specs],
                  tmp_path / "build")
