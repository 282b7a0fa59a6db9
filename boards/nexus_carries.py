"""Carry chains of Nexus devices as nextpnr takes them.

The first cell of a chain makes its carry from a LUT and leaves CIN open; ABC9 ties such inputs
to zero (YosysHQ/yosys#4081), and nextpnr takes nothing at CIN but another cell's carry.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["open_carries"]


def open_carries(netlist: bytes) -> bytes:
    """A netlist in JSON in which no constant zero drives a carry."""
    design: dict[str, Any] = json.loads(netlist)
    for module in design["modules"].values():
        cells = module.get("cells", {}).values()
        zeros = {"0", "x", *(bit for cell in cells if cell["type"] == "VLO"
                             for bit in cell["connections"]["Z"])}
        for cell in cells:
            if cell["type"] == "CCU2" and set(cell["connections"].get("CIN", ())) <= zeros:
                cell["connections"].pop("CIN", None)
    return json.dumps(design).encode()
