"""Runs Yosys commands in a process of its own: ``python yosys_worker.py commands.json``.

Yosys writes its log to standard output and ends the process at an error, so it never runs
inside Gatemill. This file imports nothing of Gatemill and is started by its path.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["keep_large_memories", "main"]


def keep_large_memories(ys: Any, design: Any, bits: int) -> None:
    """Mark memories of more than ``bits`` bits with the attribute ``macro``."""
    size, width, macro = (ys.IdString(f"\\{name}") for name in ("SIZE", "WIDTH", "macro"))
    for module in design.all_selected_modules():
        for cell in module.selected_cells():
            if (cell.type.str() == "$mem_v2"
                    and cell.getParam(size).as_int() * cell.getParam(width).as_int() > bits):
                cell.set_bool_attribute(macro, True)


def main() -> None:
    """Run the commands of the file named by the first argument, in order."""
    from pyosys import libyosys as ys

    design = ys.Design()
    for command in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        if isinstance(command, int):
            keep_large_memories(ys, design, command)
        else:
            ys.run_pass(command, design)


if __name__ == "__main__":
    main()
