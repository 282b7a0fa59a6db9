"""From a component to Verilog: RTLIL by Amaranth, Verilog by Yosys in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from .unique import Library

__all__ = ["VerilogError", "to_rtlil", "to_verilog"]

#: Verilog of modules that Amaranth cannot express, by name: each is a file of its own.
PRIMITIVES = {path.stem: path for path in sorted(Path(__file__).parent.rglob("gatemill_*.v"))}

# Reads RTLIL, writes Verilog. opt_dff makes `if (enable)` of a register fed back to itself;
# -purge drops the wires that Amaranth adds for every lane of a payload (wires that carry the
# attribute keep stay); -norename keeps the names that the components gave.
_SCRIPT = """
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in (f"read_rtlil {sys.argv[1]}",
                "proc", "pmuxtree", "opt_clean", "opt_dff", "memory_collect", "opt_clean -purge",
                "setattr -mod -unset init_fmt -unset top -unset generator *",
                f"write_verilog -norename -nohex {sys.argv[2]}"):
    ys.run_pass(command, design)
"""

#: Attributes of Yosys's own, in lines of their own or within one: all but where a memory shall be.
_ATTRIBUTES = re.compile(r"^ *\(\* (?!rom_style).* \*\)\n|\(\* (?!rom_style).*? \*\) ?",
                         re.MULTILINE)


class VerilogError(RuntimeError):
    """Yosys failed on RTLIL of ours; a fault of Gatemill's own."""


def to_rtlil(component: wiring.Component, name: str) -> str:
    """RTLIL of ``component`` as module ``name`` and of all it uses, each module once."""
    library = Library()
    top = rtlil.convert(component, name=name, platform=library, emit_src=False)
    return "\n".join([*library.modules.values(), top])


def to_verilog(component: wiring.Component, name: str) -> str:
    """Hierarchical Verilog of ``component`` as module ``name``; the same bytes each time.

    Ports are the members' paths joined by ``__``, with ``clk`` and ``rst``. Memory images
    named by ROMs are read with ``$readmemh`` at simulation or synthesis time. Of attributes only
    ``rom_style`` of a memory is kept.

    Raises
    ------
    VerilogError
        If Yosys fails; the message ends with its last lines.
    """
    text = to_rtlil(component, name)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.il", Path(folder) / "out.v"
        source.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, "-c", _SCRIPT, str(source), str(target)],
                              capture_output=True, text=True, check=False)
        if done.returncode or not target.exists():
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            raise VerilogError(f"Yosys could not write {name}: {tail}")
        verilog = _ATTRIBUTES.sub("", target.read_text(encoding="utf-8"))
    used = [path.read_text(encoding="utf-8") for primitive, path in PRIMITIVES.items()
            if f"  {primitive} " in verilog]
    return "\n".join([verilog, *used])


