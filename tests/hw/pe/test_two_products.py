# amaranth: UnusedElaboratable=no
"""Two products: what simulators get, and the DSP block by Yosys's model of it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from amaranth import signed, unsigned
from amaranth.sim import Simulator

import hw.pe
from boards.component import resources
from boards.yosys import Options, synthesise
from hw.pe.two_products import TwoProducts
from hw.verilog import to_verilog
from tests.support.enabled import EnabledCase, check_enabled

SHAPES = [(signed(8), signed(8)), (unsigned(8), signed(8)), (unsigned(8), unsigned(8)),
          (signed(5), unsigned(3)), (signed(1), signed(8))]
LEAF = Path(hw.pe.__file__).parent / "gatemill_two_products.v"


def every_product(a, b, rng):
    """Every pair of factors below; above the same pairs in another order."""
    numbers = [np.arange(1 << shape.width) - (shape.signed << shape.width - 1) for shape in (a, b)]
    low = np.stack([grid.ravel() for grid in np.meshgrid(*numbers)], axis=1)
    table = np.stack([low, rng.permutation(low)], axis=1)
    return EnabledCase(TwoProducts(a, b), {"a": table[..., 0], "b": table[..., 1]},
                       table.prod(axis=2))


def test_every_product(need, tmp_path, rng):
    need("verilator")
    check_enabled([every_product(a, b, rng) for a, b in SHAPES], tmp_path / "build")


def test_in_the_simulator_of_amaranth():
    """Which reads no Verilog: signs, and the clock enable."""
    for a, b, factors in ((signed(8), signed(8), (-128, -128)), (unsigned(8), signed(3), (255, -4)),
                          (unsigned(2), unsigned(8), (3, 255))):
        unit = TwoProducts(a, b)

        async def bench(ctx, unit=unit, factors=factors):
            for port, factor in zip((unit.a, unit.b), factors, strict=True):
                ctx.set(port[0], factor)
                ctx.set(port[1], 1)
            await ctx.tick()
            assert [ctx.get(product) for product in unit.o] == [0, 0]
            ctx.set(unit.enable, 1)
            await ctx.tick()
            assert [ctx.get(product) for product in unit.o] == [factors[0] * factors[1], 1]

        simulator = Simulator(unit)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()


#: Each pair of bytes in both halves, with the clock enable low every seventh time.
BENCH = """
module bench;
  integer errors = 0, tried = 0, x, y;
  reg clk = 0, enable = 1;
  reg [15:0] a, b;
  reg [31:0] held [0:3];
%s
  initial begin
    for (x = 0; x < 256; x = x + 1) for (y = 0; y < 256; y = y + 1) begin
      a = {y[7:0], x[7:0]};
      b = {~x[7:0], y[7:0]};
      enable = (x + y) %% 7 != 0;
      held[0] = o0; held[1] = o1; held[2] = o2; held[3] = o3;
      #1 clk = 1;
      #1 clk = 0;
      tried = tried + 1;
%s
    end
    $display("%%0d tried, %%0d wrong", tried, errors);
  end
endmodule
"""


def test_the_block_by_the_model_of_yosys(need, tmp_path):
    """Every pair of bytes of every sign; what is synthesised, unseen by other simulations."""
    need("icarus")
    units, checks = [], []
    for k in range(4):
        units.append(f"  wire [31:0] o{k};\n  gatemill_two_products #("
                     f".A_SIGNED({k & 1}), .B_SIGNED({k >> 1})) u{k} "
                     f"(.clk(clk), .enable(enable), .a(a), .b(b), .o(o{k}));")
        a, b = (f"$signed({{{sign} & {name}[%d], {name}[%d:%d]}})" for name, sign in (
            ("a", f"1'd{k & 1}"), ("b", f"1'd{k >> 1}")))
        for half in (0, 1):
            top = 8 * half + 7
            place = f"[{16 * half + 15}:{16 * half}]"
            places = (top, top, top - 7)
            units.append(f"  wire signed [15:0] p{k}_{half} = {a % places} * {b % places};")
            checks.append(f"      if (o{k}{place} !== (enable ? p{k}_{half} : held[{k}]{place}))"
                          " errors = errors + 1;")
    bench = tmp_path / "bench.v"
    bench.write_text(BENCH % ("\n".join(units), "\n".join(checks)), encoding="ascii")
    models = (Path(str(files("pyosys"))) / "share/ice40/cells_sim.v").read_text(encoding="utf-8")
    model = tmp_path / "model.v"
    model.write_text(re.search(r"^module SB_MAC16 .*?^endmodule$", models,
                               re.DOTALL | re.MULTILINE)[0], encoding="utf-8")
    leaf = tmp_path / "leaf.v"
    # The name that the cell gets behind synthesis.
    leaf.write_text(LEAF.read_text(encoding="utf-8").replace("gatemill_sb_mac16", "SB_MAC16"),
                    encoding="utf-8")
    program = tmp_path / "bench.vvp"
    subprocess.run(["iverilog", "-g2012", "-DSYNTHESIS", "-s", "bench", "-o", program, bench, leaf,
                    model], check=True)
    done = subprocess.run(["vvp", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "65536 tried, 0 wrong"


@pytest.mark.parametrize("dsp", [False, True])
def test_one_block(dsp):
    """The same with inference of DSP blocks and without."""
    unit = TwoProducts(signed(8), signed(8))
    found = resources(unit, ["ice40"], dsp=dsp)["ice40"]
    assert (found.dsps, found.lut_count, found.ffs) == (1, 0, 0)


@pytest.mark.parametrize("dsp", [False, True])
def test_the_mode_is_what_was_asked_for(dsp, tmp_path):
    """In the netlist as well, whatever inference makes of other cells."""
    (tmp_path / "unit.v").write_text(to_verilog(TwoProducts(signed(8), signed(8)), "unit"),
                                     encoding="utf-8")
    netlist = synthesise(tmp_path / "unit.v", "unit", "ice40", options=Options(
        dsp=dsp, flatten=True)).netlist
    cells = json.loads(gzip.decompress(Path(netlist).read_bytes()))["modules"]["unit"]["cells"]
    (block,) = [cell for cell in cells.values() if cell["type"] == "SB_MAC16"]
    asked = {"MODE_8x8": 1, "TOPOUTPUT_SELECT": 2, "BOTOUTPUT_SELECT": 2, "A_SIGNED": 1}
    assert {name: int(block["parameters"][name], 2) for name in asked} == asked


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"^a must have at most 8 bits, not 9$"):
        TwoProducts(signed(9), signed(8))
