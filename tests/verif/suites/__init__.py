"""Cocotb suites that the tests of the runner run."""
