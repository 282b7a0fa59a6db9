# amaranth: UnusedElaboratable=no
"""The ternary adder: the portable form emulated, the carry cells by Yosys's model of them."""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

import hw.arith
from hw.arith.ternary_add import PRIMITIVES, TernaryAdd
from tests.support.probe import probe

WIDTHS = (1, 2, 3, 4, 5)
LEAF = Path(hw.arith.__file__).parent / "gatemill_ternary_add.v"


class OneInput(wiring.Component):
    """A :class:`TernaryAdd` whose inputs are one word."""

    def __init__(self, width: int, primitive: str) -> None:
        self._width, self._add = width, TernaryAdd(width, primitive)
        super().__init__({"i": In(2 * width + 2), "sum": Out(width)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.add = add = self._add
        n = self._width
        m.d.comb += [add.q.eq(self.i[:n]), add.x.eq(self.i[n:2 * n]), add.w.eq(self.i[2 * n:]),
                     self.sum.eq(add.sum)]
        return m


def test_every_input(need, tmp_path):
    need("verilator")
    cases = [(width, primitive) for width in WIDTHS for primitive in PRIMITIVES]
    patterns = [np.array([word for word in range(1 << 2 * width + 2) if word >> 2 * width != 2])
                for width, _ in cases]
    found = probe([OneInput(*case) for case in cases], patterns, tmp_path / "build")
    for (width, _), words, fields in zip(cases, patterns, found, strict=True):
        q, x, code = words & (1 << width) - 1, words >> width & (1 << width) - 1, words >> 2 * width
        weight = np.array([0, 1, 0, -1])[code]
        np.testing.assert_array_equal(fields["sum"], q + weight * x & (1 << width) - 1)


BENCH = """
module bench;
  integer errors = 0, tried = 0, q, x, k;
  reg [1:0] w;
%s
  initial begin
    for (q = 0; q < 32; q = q + 1) for (x = 0; x < 32; x = x + 1) for (k = -1; k < 2; k = k + 1)
    begin
      w = k;
      #1;
      tried = tried + 1;
%s
    end
    $display("%%0d tried, %%0d wrong", tried, errors);
  end
endmodule
"""


def carry_cells(folder):
    """A file with Yosys's models of CCU2C and the tables in it; Icarus cannot read all of them."""
    models = Path(str(files("pyosys"))) / "share/ecp5"
    common = (models / "common_sim.vh").read_text(encoding="utf-8")
    tables = re.findall(r"^module LUT[24]\(.*?^endmodule$", common, re.DOTALL | re.MULTILINE)
    path = folder / "cells.v"
    path.write_text("\n".join([*tables, (models / "ccu2c_sim.vh").read_text(encoding="utf-8")]),
                    encoding="utf-8")
    return path


def test_carry_cells_by_the_model_of_yosys(need, tmp_path):
    """Every input up to five bits; what is synthesised, which other simulations do not see."""
    need("icarus")
    units = "\n".join(f"  wire [{n - 1}:0] s{n};\n  gatemill_ternary_add #(.WIDTH({n}), .ECP5(1)) "
                      f"u{n} (.q(q[{n - 1}:0]), .x(x[{n - 1}:0]), .w(w), .sum(s{n}));"
                      for n in WIDTHS)
    checks = "\n".join(f"      if ((q + k * x - s{n}) & {(1 << n) - 1}) errors = errors + 1;"
                       for n in WIDTHS)
    bench = tmp_path / "bench.v"
    bench.write_text(BENCH % (units, checks), encoding="ascii")
    program = tmp_path / "bench.vvp"
    subprocess.run(["iverilog", "-g2012", "-DSYNTHESIS", "-s", "bench", "-o", program, bench, LEAF,
                    carry_cells(tmp_path)], check=True)
    done = subprocess.run(["vvp", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "3072 tried, 0 wrong"


@pytest.mark.parametrize(("width", "primitive", "words"), [
    (0, "any", "width must be at least 1, not 0"),
    (4, "ice40", "primitive must be one of any, ecp5, not 'ice40'")])
def test_what_it_refuses(width, primitive, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        TernaryAdd(width, primitive)
