"""Rows of the atlas with figures of a test's choice."""

from __future__ import annotations

from typing import Any

from gen.atlas.row import Row

__all__ = ["row"]


def row(kind: str, activations: str, weights: str, area: float, cycles: int = 1,
        **more: Any) -> Row:
    """A row of given area on FPGAs, and of none on the library unless it is given."""
    return Row(**{"kind": kind, "activations": activations, "weights": weights, "cycles": cycles,
                  "latency": 3, "ecp5": area, "ice40": area, "xilinx": area, "um2": None,
                  "ffs": 10, "dsps": 0, "ecp5_with_dsps": area, **more})
