"""Files of pins, family by family."""

from __future__ import annotations

import pytest

from boards.board import Pin
from boards.constraints import constraints

PINS = {"clk": Pin(site="P3", standard="LVCMOS33"),
        "pin_rx_0": Pin(site="H18", standard="LVCMOS33", pull="up"),
        "pin_led_0": Pin(site="U16", pull="down", inverted=True), "pin_tx_0": Pin(site="J17")}

WANTED = {
    "ecp5": """\
LOCATE COMP "clk" SITE "P3";
IOBUF PORT "clk" IO_TYPE=LVCMOS33;
LOCATE COMP "pin_rx_0" SITE "H18";
IOBUF PORT "pin_rx_0" IO_TYPE=LVCMOS33 PULLMODE=UP;
LOCATE COMP "pin_led_0" SITE "U16";
IOBUF PORT "pin_led_0" PULLMODE=DOWN;
LOCATE COMP "pin_tx_0" SITE "J17";
FREQUENCY PORT "clk" 12.5 MHZ;
""",
    "ice40": """\
set_io clk P3
set_io -pullup yes pin_rx_0 H18
set_io pin_led_0 U16
set_io pin_tx_0 J17
set_frequency clk 12.5
""",
    "gowin": """\
IO_LOC "clk" P3;
IO_PORT "clk" IO_TYPE=LVCMOS33;
IO_LOC "pin_rx_0" H18;
IO_PORT "pin_rx_0" IO_TYPE=LVCMOS33 PULL_MODE=UP;
IO_LOC "pin_led_0" U16;
IO_PORT "pin_led_0" PULL_MODE=DOWN;
IO_LOC "pin_tx_0" J17;
""",
    "nexus": """\
ldc_set_location -site {P3} [get_ports clk]
ldc_set_port -iobuf {IO_TYPE=LVCMOS33} [get_ports clk]
ldc_set_location -site {H18} [get_ports pin_rx_0]
ldc_set_port -iobuf {IO_TYPE=LVCMOS33 PULLMODE=UP} [get_ports pin_rx_0]
ldc_set_location -site {U16} [get_ports pin_led_0]
ldc_set_port -iobuf {PULLMODE=DOWN} [get_ports pin_led_0]
ldc_set_location -site {J17} [get_ports pin_tx_0]
create_clock -period 80.000000 -name {clk} [get_ports clk]
""",
}


@pytest.mark.parametrize("family", WANTED)
def test_files_of_pins(family: str) -> None:
    assert constraints(family, PINS, "clk", 12.5) == WANTED[family]
