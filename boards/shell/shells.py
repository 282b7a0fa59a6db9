"""Every shell by name, and the Verilog of one round a build folder's accelerator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from hw.verilog import to_verilog
from sw_model.faults import InputFault
from verif.manifest import Manifest

from ..registers import RegisterMap
from ..self_test import SelfTest, vectors_of
from .accelerator import Accelerator
from .bus_shell import AxiShell, WishboneShell
from .power_on import PowerOn
from .serial_shell import SpiShell, UartShell

__all__ = ["BAUD", "SHELLS", "Kind", "Plan", "Shell", "divisor_of", "make_shell"]

#: Bits a second of a UART, unless one says otherwise: a whole number of cycles at the
#: oscillators of nearly all boards, and within what their USB bridges take.
BAUD = 1_000_000

#: Cycles after which a self-test has failed, beside what its samples may take.
_PATIENCE = 10_000

#: What a rate may be off: half of what a receiver bears, since its partner may be off as well.
_BAUD_ERROR = 0.01


@dataclass(frozen=True)
class Plan:
    """What a shell is made from.

    Parameters
    ----------
    folder : Path
        The build folder.
    manifest : Manifest
        Of the folder.
    map : RegisterMap
    accelerator : Accelerator
    clock_mhz : float
    divisor : int
        Clock cycles of a UART's bit; 0 without one.
    """

    folder: Path
    manifest: Manifest
    map: RegisterMap
    accelerator: Accelerator
    clock_mhz: float
    divisor: int


@dataclass(frozen=True)
class Kind:
    """A kind of shell.

    Parameters
    ----------
    text : str
        What it is, for people.
    make : callable
        From a plan to a component.
    ports : bool
        Whether data passes through registers.
    pins : bool
        Whether it stands on a board of its own: it has a clock pin and resets itself.
    uart : bool
        Whether it has a UART, whose rate the clock must have.
    """

    text: str
    make: Callable[[Plan], wiring.Component]
    ports: bool = True
    pins: bool = True
    uart: bool = False


def _self_test(plan: Plan) -> wiring.Component:
    vectors = vectors_of(plan.folder, plan.manifest)
    prediction = plan.manifest.prediction
    rest = prediction.latency + vectors.samples * prediction.interval if prediction else 0
    return SelfTest(
        plan.manifest.streams, plan.accelerator, words=vectors.words, digests=vectors.digests,
        limit=_PATIENCE + 16 * rest, title=f"gatemill {plan.manifest.name}",
        build=f"{plan.map.identity:032x}", divisor=plan.divisor,
        pause=round(plan.clock_mhz * 1e6))


#: Every kind of shell.
SHELLS: Mapping[str, Kind] = {
    "uart": Kind("registers and data in frames on a UART",
                 lambda plan: UartShell(plan.map, plan.accelerator, divisor=plan.divisor),
                 uart=True),
    "spi": Kind("registers and data in frames on SPI, as the target",
                lambda plan: SpiShell(plan.map, plan.accelerator)),
    "wishbone": Kind("registers and data on a Wishbone bus",
                     lambda plan: WishboneShell(plan.map, plan.accelerator), pins=False),
    "axi": Kind("registers on AXI4-Lite, data on AXI4-Stream",
                lambda plan: AxiShell(plan.map, plan.accelerator), ports=False, pins=False),
    "selftest": Kind("vectors and digests inside, a verdict on LEDs and a UART", _self_test,
                     ports=False, uart=True),
}


@dataclass(frozen=True)
class Shell:
    """A shell, and how it is spoken to.

    Parameters
    ----------
    kind, top : str
        And its top module.
    verilog : str
        Of the shell alone; the accelerator's stands in the build folder.
    map : RegisterMap
    divisor : int
        Clock cycles of a UART's bit; 0 without one.
    """

    kind: str
    top: str
    verilog: str
    map: RegisterMap
    divisor: int

    def whole(self, folder: Path) -> str:
        """One text of the shell and of the accelerator in a build folder."""
        path = folder / Manifest.load(folder).verilog
        return "\n".join([path.read_text(encoding="utf-8"), self.verilog])


def make_shell(folder: Path, kind: str, *, clock_mhz: float, baud: int = BAUD,
               identity: int = 0) -> Shell:
    """A shell round the accelerator of a build folder.

    Parameters
    ----------
    folder : Path
    kind : str
        Of :data:`SHELLS`.
    clock_mhz : float
    baud : int
        Bits a second of a UART.
    identity : int
        Of the build, 128 bits, for the register ID.

    Raises
    ------
    InputFault
        If there is no such shell, the folder is none, or the clock has no such rate.
    """
    if kind not in SHELLS:
        raise InputFault(f"there is no shell {kind!r}, only {', '.join(SHELLS)}")
    chosen, manifest = SHELLS[kind], Manifest.load(folder)
    map = RegisterMap(manifest.streams, manifest.prediction, identity=identity,
                      ports=chosen.ports)
    divisor = divisor_of(clock_mhz, baud) if chosen.uart else 0
    core = Accelerator(manifest.top, manifest.streams, clock=manifest.clock,
                       reset=manifest.reset)
    component: Any = chosen.make(Plan(folder, manifest, map, core, clock_mhz, divisor))
    if chosen.pins:
        component = PowerOn(component, clock_mhz * 1e6)
    top = f"{manifest.top}_{kind}"
    return Shell(kind, top, to_verilog(component, top), map, divisor)


def divisor_of(clock_mhz: float, baud: int) -> int:
    """Clock cycles of a UART's bit.

    Raises
    ------
    InputFault
        If the clock is too slow, or has no such rate within 1 %.
    """
    if baud < 1:
        raise InputFault(f"the baud rate must be at least 1, not {baud}")
    exact = clock_mhz * 1e6 / baud
    divisor = round(exact)
    if divisor < 4 or abs(divisor / exact - 1) > _BAUD_ERROR:
        raise InputFault(f"{clock_mhz:g} MHz has no {baud} baud: a bit would be {exact:.2f} "
                         "clock cycles, but must be a whole number within 1 %, at least 4")
    return divisor
