"""The scan shim: every pin of the design ends in a register, and nothing else is added."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from amaranth.lib import wiring

from boards.shim import NAME, Port, ports_of, wrap
from boards.yosys import Options, synthesise
from sw_model.faults import InputFault
from tests.boards.designs import Adder


@pytest.fixture(scope="module")
def wrapped(rtl: Callable[[wiring.Component], Path],
            tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict, object]:
    """Netlist without the shim, netlist with it, what the shim costs."""
    figures = synthesise(rtl(Adder()), "top", "ecp5")
    work = tmp_path_factory.mktemp("shim")
    whole, cost = wrap(Path(figures.netlist), "top", "ecp5", options=Options(),
                       clock="clk", reset="rst", work=work)
    before = json.loads(gzip.decompress(Path(figures.netlist).read_bytes()))
    return before, json.loads(whole.read_text()), cost


def test_every_pin_ends_in_a_register(wrapped: tuple) -> None:
    _, netlist, _ = wrapped
    cells = netlist["modules"][NAME]["cells"]
    design = next(cell for cell in cells.values() if cell["type"] == "top")
    registers = [cell["connections"] for cell in cells.values() if cell["type"] == "TRELLIS_FF"]
    driven = {bit for pins in registers for bit in pins["Q"]}
    taken = {bit for pins in registers for name in ("DI", "M") for bit in pins.get(name, [])}
    pins = design["connections"]
    inputs = pins["a"] + pins["b"]
    assert len(set(inputs)) == 24
    assert {*inputs, *pins["rst"]} <= driven
    assert set(pins["o"]) <= taken
    assert {bit for pins in registers for bit in pins["CLK"]} == set(pins["clk"])
    assert pins["clk"] == netlist["modules"][NAME]["ports"]["clk"]["bits"]


def test_cost_is_as_documented(wrapped: tuple) -> None:
    *_, cost = wrapped
    # 24 inputs and the reset; 12 outputs, then 3 exclusive-ors of them and 1 of those.
    assert cost.ffs == 24 + 1 + 12 + 3 + 1
    assert cost.luts == {"LUT4": 3 + 1}
    assert cost.other == {}


def test_the_design_stays_as_it_is(wrapped: tuple) -> None:
    before, after, _ = wrapped
    assert set(after["modules"][NAME]["ports"]) == {"clk", "scan_in", "reset", "scan_out"}
    assert after["modules"][NAME]["attributes"]["top"]
    assert after["modules"]["top"]["cells"] == before["modules"]["top"]["cells"]
    assert after["modules"]["top"]["ports"] == before["modules"]["top"]["ports"]
    assert "top" not in after["modules"]["top"]["attributes"]


def test_ports(wrapped: tuple) -> None:
    assert set(ports_of(wrapped[0], "top")) == {
        Port("a", 12, False), Port("b", 12, False), Port("clk", 1, False),
        Port("rst", 1, False), Port("o", 12, True)}
    with pytest.raises(InputFault, match=r"^the netlist has no module 'tap'$"):
        ports_of(wrapped[0], "tap")
