# amaranth: UnusedElaboratable=no
"""AXI4-Lite transfers reach the registers, whatever manager and registers do."""

from __future__ import annotations

import pytest

from hw.bus.axi_lite import AxiLite, AxiLiteRegisters
from hw.verilog import to_verilog
from verif.simulate import build

ADDRESS_WIDTH = 5


@pytest.mark.parametrize("simulator", ["icarus", pytest.param(
    "verilator", marks=pytest.mark.full)])
def test_transfers(tmp_path, need, simulator):
    need(simulator)
    (tmp_path / "top.v").write_text(to_verilog(AxiLiteRegisters(ADDRESS_WIDTH), "top"))
    simulation = build([tmp_path / "top.v"], "top", simulator=simulator, visible=["*"],
                       work=tmp_path / "work")
    results = simulation.run("tests.hw.bus.suites.axi_lite", seed=1)
    assert results.require_pass().ran == 10, results.names


def test_parameters():
    assert AxiLiteRegisters(7).address_width == 7
    assert AxiLiteRegisters(7).signature.members["axi"].signature.address_width == 9
    with pytest.raises(ValueError, match=r"^address_width must be at least 3, not 2$"):
        AxiLite(2)
    with pytest.raises(ValueError, match=r"^address_width must be at least 1, not 0$"):
        AxiLiteRegisters(0)
    with pytest.raises(TypeError, match=r"^address_width must be an integer, not 'a'$"):
        AxiLiteRegisters("a")
