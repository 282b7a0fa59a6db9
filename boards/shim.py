"""A frame of four pins round a design, so that any design can be placed on any package.

The streams of a network are wider than a package has pins. For the clock of the design
itself the pins do not matter: the shim drives every input from a register and takes every
output into a register, as logic round the design on the same chip would. Inputs hang on a
shift register filled from one pin; outputs are folded by a pipelined tree of exclusive-ors
into another pin, so that nothing of the design can be optimised away. The design's netlist
goes in as it was synthesised and counted; the shim adds one flip-flop for each input bit,
about 1.33 flip-flops and 0.33 LUTs for each output bit, and is reported beside the design.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from amaranth import Cat, ClockDomain, Instance, Module, Signal
from amaranth.back import rtlil

from sw_model.faults import InputFault

from .families import family
from .figures import Resources, figures_of
from .flows import Options, commands
from .process import Progress
from .yosys import run_commands, version

__all__ = ["NAME", "SCHEMA", "Port", "ports_of", "scan_shim", "wrap"]

#: Of the shim's module.
NAME = "gatemill_scan_shim"

#: Changes whenever the shim does.
SCHEMA = "shim 1"

#: Inputs of one exclusive-or: those of a LUT4.
_FOLD = 4


class Port(NamedTuple):
    """A port of the design."""

    name: str
    width: int
    output: bool


def ports_of(netlist: Mapping[str, Any], top: str) -> list[Port]:
    """Ports of the top module of a netlist, in its order."""
    if top not in netlist["modules"]:
        raise InputFault(f"the netlist has no module {top!r}")
    return [Port(name, len(port["bits"]), port["direction"] == "output")
            for name, port in netlist["modules"][top]["ports"].items()]


def scan_shim(top: str, ports: list[Port], *, clock: str, reset: str) -> str:
    """RTLIL of the shim and of an empty module in the design's place."""
    clk, scan_in, reset_in, scan_out = (Signal(name=name) for name in
                                        ("clk", "scan_in", "reset", "scan_out"))
    m = Module()
    m.domains.sync = domain = ClockDomain(reset_less=True)
    m.d.comb += domain.clk.eq(clk)

    inputs = [port for port in ports if not port.output and port.name not in (clock, reset)]
    chain = Signal(max(1, sum(port.width for port in inputs)))
    held_reset = Signal()
    m.d.sync += [chain.eq(Cat(scan_in, chain)), held_reset.eq(reset_in)]

    outputs = [Signal(port.width, name=f"from_{port.name}") for port in ports if port.output]
    level = Signal(max(1, sum(len(signal) for signal in outputs)))
    m.d.sync += level.eq(Cat(*outputs) if outputs else chain[-1])
    while len(level) > 1:
        folded = Signal(-(-len(level) // _FOLD))
        m.d.sync += folded.eq(Cat(level[k:k + _FOLD].xor()
                                  for k in range(0, len(level), _FOLD)))
        level = folded
    m.d.comb += scan_out.eq(level)

    given: dict[str, Any] = {}
    offset = 0
    for port in inputs:
        given[f"i_{port.name}"] = chain[offset:offset + port.width]
        offset += port.width
    for port in ports:
        if port.name in (clock, reset) and not port.output:
            given[f"i_{port.name}"] = clk if port.name == clock else held_reset
    given |= {f"o_{port.name}": signal for port, signal in
              zip((port for port in ports if port.output), outputs, strict=True)}
    m.submodules.design = Instance(top, **given)
    shim = rtlil.convert(m, name=NAME, ports=[clk, reset_in, scan_in, scan_out], emit_src=False)
    return f"{shim}\n{_stub(top, ports)}"


def _stub(top: str, ports: list[Port]) -> str:
    m = Module()
    signals = [Signal(port.width, name=port.name) for port in ports]
    m.d.comb += [signal.eq(0) for signal, port in zip(signals, ports, strict=True) if port.output]
    return str(rtlil.convert(m, name=top, ports=signals, emit_src=False))


def wrap(netlist: Path, top: str, target: str, *, options: Options, clock: str, reset: str,
         work: Path, progress: Progress | None = None) -> tuple[Path, Resources]:
    """Put the shim round a mapped design.

    Parameters
    ----------
    netlist : Path
        Of the design, in JSON or gzipped JSON; its modules are taken as they are.
    top, clock, reset : str
        Its top module, and that module's clock and reset.
    target : str
        The family it is mapped to.
    work : Path
        Folder for ``netlist.json`` (the result), the shim's source and its log.

    Returns
    -------
    The netlist with the shim, whose top is :data:`NAME`, and what the shim itself costs.
    """
    data = netlist.read_bytes()
    design = json.loads(gzip.decompress(data) if netlist.suffix == ".gz" else data)
    (work / "shim.il").write_text(scan_shim(top, ports_of(design, top), clock=clock, reset=reset),
                                  encoding="utf-8")
    run_commands(["read_rtlil shim.il", f"blackbox {top}",
                  *commands(target, NAME, Options(dsp=False, variant=options.variant)),
                  "tee -q -o stat.json stat -json", f"select {NAME}",
                  "write_json -noscopeinfo -selected shim.json"],
                 subject="the scan shim", cwd=work, log=work / "shim.log", progress=progress)
    shim = json.loads((work / "shim.json").read_text(encoding="utf-8"))
    stat = json.loads((work / "stat.json").read_text(encoding="utf-8"))
    stat["modules"] = {name: cells for name, cells in stat["modules"].items()
                       if name.removeprefix("\\") == NAME}
    stat["modules"]["\\" + NAME]["num_cells_by_type"].pop(top, None)
    cost = figures_of(stat, shim, family=family(target), top=NAME, yosys=version()).total
    design["modules"][top]["attributes"].pop("top", None)
    (whole := work / "netlist.json").write_text(
        json.dumps({**design, "modules": {**design["modules"], **shim["modules"]}}),
        encoding="utf-8")
    return whole, cost
