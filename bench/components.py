"""What a component takes of device families, by Yosys."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from boards.figures import Resources
from boards.yosys import Options, synthesise
from hw.verilog import to_verilog

__all__ = ["resources"]


def resources(component: wiring.Component, families: Sequence[str], **options: Any
              ) -> dict[str, Resources]:
    """Cells of ``component``, flattened, by family; from the cache if the Verilog is the same.

    Parameters
    ----------
    component : wiring.Component
        Not yet elaborated.
    families : sequence of str
        ``ecp5``, ``ice40``, ``xilinx`` ...
    options
        Of :class:`boards.yosys.Options`.
    """
    with tempfile.TemporaryDirectory(prefix="gatemill-") as folder:
        verilog = Path(folder) / "unit.v"
        verilog.write_text(to_verilog(component, "unit"), encoding="utf-8")
        chosen = Options(flatten=True, **options)
        return {family: synthesise(verilog, "unit", family, options=chosen).total
                for family in families}
