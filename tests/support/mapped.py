"""Emulators of what synthesis makes of components, every cell replaced by Yosys's model of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from boards.flows import Options, commands
from boards.yosys import run_commands
from hw.verilog import to_verilog

__all__ = ["mapped"]

#: Models of a family's cells, as Yosys reads them; ECP5's has some of them twice.
MODELS = {"ice40": "-D NO_ICE40_DEFAULT_ASSIGNMENTS +/ice40/cells_sim.v",
          "ecp5": "-nooverwrite +/lattice/cells_sim_ecp5.v", "xilinx": "+/xilinx/cells_sim.v"}


def mapped(family: str, folder: Path, *, dsp: bool, holds: str = "") -> Callable[[Any, str], str]:
    """In the place of :func:`hw.verilog.to_verilog`: Verilog of the cells' models.

    Parameters
    ----------
    family : str
    folder : Path
        For files.
    dsp : bool
        Whether synthesis may use DSP blocks.
    holds : str, optional
        Name of cells that the netlist must have.
    """
    def netlist(component: Any, name: str) -> str:
        (folder / "unit.v").write_text(to_verilog(component, name), encoding="utf-8")
        wanted = [f"select -assert-min 1 t:{holds}"] if holds else []
        run_commands(["read_verilog unit.v",
                      *commands(family, name, Options(dsp=dsp, flatten=True)), *wanted,
                      "write_verilog -noattr cells.v"],
                     subject=name, cwd=folder, log=folder / "synth.log")
        run_commands(["read_verilog cells.v", f"read_verilog {MODELS[family]}",
                      f"hierarchy -check -top {name}", "proc", "flatten", "opt_clean",
                      "write_verilog -noattr model.v"],
                     subject=name, cwd=folder, log=folder / "model.log")
        return (folder / "model.v").read_text(encoding="utf-8")

    return netlist
