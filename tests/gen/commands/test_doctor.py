"""``gatemill doctor``: what is there, and what to type for the rest."""

from __future__ import annotations

import json

import pytest

from gen.cli import main
from verif.tools import PROGRAMS, Tool, find_tool


@pytest.fixture
def without(monkeypatch):
    """``without(name, ...)``: these programs are nowhere, all others are there."""
    def remove(*names):
        from sw_model.faults import ToolMissing

        def find(name):
            if name in names:
                raise ToolMissing(f"{name} is not on PATH; type: {PROGRAMS[name]}")
            return Tool(name, f"/bin/{name}", "1.2")
        monkeypatch.setattr("verif.tools.find_tool", find)
    return remove


def test_on_this_machine(capsys):
    code = main(["doctor", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert [tool["tool"] for tool in result["tools"]] == list(PROGRAMS)
    assert code == (0 if all(t["found"] or not t["required"] for t in result["tools"]) else 3)
    assert {"gatemill", "amaranth", "cocotb", "pyosys", "numpy"} <= set(result["versions"])
    for tool in result["tools"]:
        if tool["found"]:
            assert tool["version"] == find_tool(tool["tool"]).version


def test_nothing_missing(without, capsys):
    without()
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("\neverything that is required is there\n")


def test_optional_tools_may_be_missing(without, capsys):
    without("iverilog", "vvp")
    assert main(["doctor"]) == 0
    assert "iverilog                        not there; optional; type: apt install iverilog\n" \
        in capsys.readouterr().out


def test_required_tools_must_not(without, capsys):
    without("c++", "perl")
    assert main(["doctor"]) == 3
    text = capsys.readouterr().out
    assert "c++                             not there; type: apt install g++\n" in text
    assert text.endswith("\nmissing: c++, perl\n")
