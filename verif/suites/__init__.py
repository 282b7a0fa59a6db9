"""Cocotb modules: they run inside a simulator, started by :mod:`verif.simulate`."""
