"""Cocotb suites of the links and buses, which run inside the simulator."""
