"""Cocotb suites of what is handed over."""
