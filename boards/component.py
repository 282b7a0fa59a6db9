"""What a component takes of device families, by Yosys, and its clock, by nextpnr."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from amaranth.lib import wiring

from hw.verilog import to_verilog
from sw_model.faults import Verdict

from .cache import cached, digest_of
from .devices import Device
from .devices import device as find_device
from .figures import Resources
from .flows import Command, commands
from .liberty import find_library
from .place import Placement, place, placement_depends_on
from .shim import NAME, wrap
from .shim import SCHEMA as SHIM
from .yosys import Options, run_commands, synthesis_depends_on, synthesise, version

__all__ = ["Timing", "clock_depends_on", "placement", "placing_options", "resources",
           "resources_of", "timing", "timing_flow"]

#: Components of which cells are kept: the atlas has some hundreds.
KEPT = 4096

#: ABC's mapping to gates for delay, and what its timing analysis says of the result.
_TIMED = "+strash;&get,-n;&dch,-f;&nf;&put;buffer,-c;topo;upsize;dnsize;stime,-p"


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
    text = to_verilog(component, "unit")
    return {family: resources_of(text, family, **options) for family in families}


def resources_of(verilog: str, family: str, **options: Any) -> Resources:
    """The same of a component that has become Verilog, as module ``unit``, for one family."""
    # The cells alone are kept, many more of them than netlists.
    chosen = Options(flatten=True, **options)
    library = find_library().read_bytes() if family == "ihp" else b""

    def fill(fresh: Path) -> None:
        (source := fresh / "unit.v").write_text(verilog, encoding="utf-8")
        found = synthesise(source, "unit", family, options=chosen).total
        source.unlink()
        (fresh / "cells.json").write_bytes(msgspec.json.encode(found))

    key = digest_of([*synthesis_depends_on(family, "unit", chosen), library, verilog])
    entry, _ = cached("component", key, fill, kept=KEPT)
    return msgspec.json.decode((entry / "cells.json").read_bytes(), type=Resources)


def placement(component: wiring.Component, device: str, clock_mhz: float, *,
              dsp: bool = True) -> Placement:
    """``component``, flattened, placed and routed alone on a device; from the cache if the
    Verilog is the same.

    Parameters
    ----------
    component : wiring.Component
        Not yet elaborated.
    device : str
    clock_mhz : float
        The clock to aim at, in mapping and placing.
    dsp : bool
        Whether synthesis may use the device's DSP blocks.
    """
    chip = find_device(device)
    options = placing_options(chip, clock_mhz, dsp=dsp)
    text = to_verilog(component, "unit")

    def fill(fresh: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="gatemill-") as folder:
            (verilog := (work := Path(folder)) / "unit.v").write_text(text, encoding="utf-8")
            figures = synthesise(verilog, "unit", chip.family, options=options)
            netlist, _ = wrap(Path(figures.netlist), "unit", chip.family, options=options,
                              clock="clk", reset="rst", work=work)
            placed = place(netlist, chip, clock_mhz, work=work, top=NAME)
        (fresh / "placement.json").write_bytes(msgspec.json.encode(placed))

    key = digest_of([*clock_depends_on(chip, clock_mhz, dsp=dsp), text])
    entry, _ = cached("component", key, fill, kept=KEPT)
    return msgspec.json.decode((entry / "placement.json").read_bytes(), type=Placement)


def clock_depends_on(chip: Device, clock_mhz: float, *, dsp: bool) -> list[str | bytes]:
    """All that a :func:`placement` depends on, but the component."""
    options = placing_options(chip, clock_mhz, dsp=dsp)
    return ["placement", *synthesis_depends_on(chip.family, "unit", options), SHIM,
            *placement_depends_on(chip, clock_mhz, top=NAME)]


def placing_options(chip: Device, clock_mhz: float, *, dsp: bool) -> Options:
    """How a component is synthesised that is placed: half of a period is for its logic."""
    return Options(flatten=True, dsp=dsp and chip.dsps > 0, variant=chip.variant,
                   delay_ps=round(500_000 / clock_mhz))


class Timing(NamedTuple):
    """Picoseconds from register to register, gates without wires, and the area of these gates
    and registers."""

    ps: float
    um2: float


def timing(component: wiring.Component) -> Timing:
    """The longest path on the IHP library of a netlist that is mapped for delay; from the cache
    if the Verilog is the same.

    Raises
    ------
    Fault
        If Yosys or the library is missing, or no path was found.
    """
    library, text = find_library(), to_verilog(component, "unit")

    def fill(fresh: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="gatemill-") as folder:
            found = _timed(text, library, Path(folder))
        (fresh / "timing.json").write_bytes(msgspec.json.encode(found))

    key = digest_of(["timing", version(), msgspec.json.encode(timing_flow("")),
                     library.read_bytes(), text])
    entry, _ = cached("component", key, fill, kept=KEPT)
    return msgspec.json.decode((entry / "timing.json").read_bytes(), type=Timing)


def timing_flow(library: str) -> list[Command]:
    """Commands to a netlist of the library's gates that is mapped for delay, and timed."""
    flow = commands("ihp", "unit", Options(flatten=True), liberty=library)
    return [f"{each} -script {_TIMED}" if str(each).startswith("abc ") else each
            for each in flow]


def _timed(verilog: str, library: Path, work: Path) -> Timing:
    (work / "unit.v").write_text(verilog, encoding="utf-8")
    run_commands(["read_verilog unit.v", "hierarchy -top unit", *timing_flow(f'"{library}"'),
                  f'stat -liberty "{library}"'], subject="unit", cwd=work, log=work / "log")
    log = (work / "log").read_text(encoding="utf-8")
    delays = re.findall(r"Delay = *([\d.]+) ps", log)
    if not delays:
        raise Verdict("no path from register to register was found")
    return Timing(float(delays[-1]), float(re.findall(r"Chip area for .*: ([\d.]+)", log)[-1]))
