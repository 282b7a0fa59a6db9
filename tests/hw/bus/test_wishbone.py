# amaranth: UnusedElaboratable=no
"""Wishbone cycles reach the registers, whatever master and registers do."""

from __future__ import annotations

import re

import pytest

from hw.bus.wishbone import Wishbone, WishboneRegisters
from hw.verilog import to_verilog
from verif.simulate import build, simulate

ADDRESS_WIDTH = 5

#: A slave that answers a clock cycle after the first; with a rule broken that ``fault`` chooses.
SLAVE = """
module slave (
    input [2:0] fault, input clk, input rst,
    input wishbone__cyc, input wishbone__stb, input wishbone__we,
    input [2:0] wishbone__adr, input [31:0] wishbone__dat_w, input [3:0] wishbone__sel,
    output [31:0] wishbone__dat_r, output wishbone__ack, output wishbone__err);
  wire strobe = wishbone__cyc & wishbone__stb;
  reg seen = 1'b0, again = 1'b0;
  reg [4:0] count = 5'd0;
  always @(posedge clk) begin
    seen <= strobe & ~seen & ~rst;
    again <= seen;
    count <= count + 5'd1;
  end
  wire odd = count == 5'd17;
  assign wishbone__ack = fault == 1 ? seen :
                         fault == 2 ? (seen & strobe) | (wishbone__cyc & odd) :
                         fault == 3 ? (seen | again) & strobe :
                         fault == 4 ? seen & strobe & (wishbone__adr != 3'd3) :
                         fault == 5 ? (odd ? 1'bx : seen & strobe) : seen & strobe;
  assign wishbone__err = fault == 6 & seen & strobe & odd;
  assign wishbone__dat_r = fault == 7 & odd ? 32'hxxxxxxxx : {29'd0, wishbone__adr};
endmodule
"""

SAYS = {1: "an end without a cycle", 2: "an end (without a cycle|too soon)",
        3: "an end too soon, of the cycle before", 4: "no end after 21 clock cycles",
        5: "ack is X and err is 0", 6: "both ack and err", 7: "dat_r is XXX"}


@pytest.mark.parametrize("simulator", ["icarus", pytest.param(
    "verilator", marks=pytest.mark.full)])
def test_cycles(tmp_path, need, simulator):
    need(simulator)
    (tmp_path / "top.v").write_text(to_verilog(WishboneRegisters(ADDRESS_WIDTH), "top"))
    simulation = build([tmp_path / "top.v"], "top", simulator=simulator, visible=["*"],
                       work=tmp_path / "work")
    results = simulation.run("tests.hw.bus.suites.wishbone", seed=1)
    assert results.require_pass().ran == 7, results.names


def test_the_checker_sees_every_fault(tmp_path, need):
    need("icarus")
    (tmp_path / "slave.v").write_text(SLAVE)
    results = simulate([tmp_path / "slave.v"], "slave", "tests.hw.bus.suites.wishbone_rules",
                       simulator="icarus", work=tmp_path / "work", seed=1)
    assert results.ran == 1 + len(SAYS)
    said = {int(re.search(r"\d", name)[0]): text for name, text in results.failures.items()}
    assert set(said) == set(SAYS)
    for fault, says in SAYS.items():
        assert re.search(says, said[fault]), f"{fault}: {said[fault]}"


def test_parameters():
    assert WishboneRegisters(7).address_width == Wishbone(7).address_width == 7
    for kind in (Wishbone, WishboneRegisters):
        with pytest.raises(ValueError, match=r"^address_width must be at least 1, not 0$"):
            kind(0)
        with pytest.raises(TypeError, match=r"^address_width must be an integer, not 'a'$"):
            kind("a")
