"""The module with the pins: polarity, reset, clock."""

from __future__ import annotations

import re

from boards.board import Board, Pin, Port
from boards.frame import Design, frame
from boards.pll import Pll

BOARD = Board(name="b", device="ecp5-25k", nextpnr=(), clock=Pin(site="P3"), clock_mhz=25)
PORTS = (Port(name="rx", pins=(Pin(site="A1"),)),
         Port(name="led", pins=(Pin(site="A2"), Pin(site="A3", inverted=True)), output=True),
         Port(name="cs", pins=(Pin(site="A4", inverted=True),)))
DESIGN = Design(top="inner", verilog="", images={}, ports=PORTS)


def test_without_a_pll() -> None:
    whole = frame(DESIGN, BOARD)
    assert whole.verilog == """\
module gatemill_board(input clk, input pin_rx_0, output pin_led_0, output pin_led_1, \
input pin_cs_0);
  wire clock = clk, locked = 1'b1;
  wire [0:0] wire_rx;
  assign wire_rx[0] = pin_rx_0;
  wire [1:0] wire_led;
  assign pin_led_0 = wire_led[0];
  assign pin_led_1 = ~wire_led[1];
  wire [0:0] wire_cs;
  assign wire_cs[0] = ~pin_cs_0;
  inner design (.clk(clock), .reset(~locked | 1'b0), .rx(wire_rx), .led(wire_led), .cs(wire_cs));
endmodule
"""
    assert whole.top == "gatemill_board"
    assert {name: pin.site for name, pin in whole.pins.items()} == {
        "clk": "P3", "pin_rx_0": "A1", "pin_led_0": "A2", "pin_led_1": "A3", "pin_cs_0": "A4"}


def test_a_button_and_a_pll_hold_the_reset() -> None:
    for inverted, pressed in ((False, "button"), (True, "~button")):
        board = Board(name="b", device="ecp5-25k", nextpnr=(), clock=Pin(site="P3"),
                      clock_mhz=25, reset=Pin(site="R1", inverted=inverted))
        design = Design(top="inner", verilog="", images={}, ports=(), clock="c", reset="r")
        whole = frame(design, board, Pll(48, "  PLL pll (.i(clk), .o(clock), .l(locked));\n"))
        assert re.search(r"wire clock, locked;\n  PLL pll ", whole.verilog)
        assert f"inner design (.c(clock), .r(~locked | {pressed}));" in whole.verilog
        assert whole.pins["button"].site == "R1"
