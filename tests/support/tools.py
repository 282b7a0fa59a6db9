"""Tools that a test cannot do without: it is skipped where they are missing, or fails."""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["REQUIRED", "need"]

#: Tools named here must be there: their absence fails a test instead of skipping it.
REQUIRED = {name for name in os.environ.get("GATEMILL_REQUIRE", "").split(",") if name}

#: A program of each tool that PyPI does not carry, and what to type for it.
PROGRAMS = {"icarus": ("iverilog", "apt install iverilog"),
            "tclsh": ("tclsh", "apt install tcl"),
            "verilator": ("g++", "apt install g++ make perl")}


def need(tool: str) -> None:
    """Skip with the line to type, or fail where ``GATEMILL_REQUIRE`` says so."""
    program, remedy = PROGRAMS[tool]
    if shutil.which(program):
        return
    if tool in REQUIRED:
        pytest.fail(f"{tool} is required, but {program} is not on PATH; type: {remedy}")
    pytest.skip(f"{program} is not on PATH; type: {remedy}")
