"""Devices and boards, and the open FPGA tools that serve them."""
