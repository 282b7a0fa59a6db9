"""Run a build on a board, or on the simulation of one: the same driver, over a serial port."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.graph import Graph
from verif.manifest import Manifest

if TYPE_CHECKING:
    from boards.driver import Board

__all__ = ["SIMULATION", "connected", "run_board", "simulated_board"]

#: What stands for a port where the board is simulated.
SIMULATION = "sim"

#: Of the simulated board: few cycles a bit, which are what takes the time.
_CLOCK_MHZ, _BAUD = 8.0, 1_000_000

#: Cycles after which the shell has left its reset: it hears nothing before.
_POWER_UP = 1000

#: Seconds to wait for an answer of a simulated board, whose time may go more slowly than ours.
_SLOWLY = 5.0


def run_board(folder: Path, graph: Graph, inputs: Mapping[str, NDArray[Any]], port: str, *,
              baud: int | None = None, progress: Callable[[float], None] | None = None
              ) -> dict[str, NDArray[Any]]:
    """Every tensor of head and tail and the core's outputs: the core by the board.

    Parameters
    ----------
    folder : Path
        The build folder that the board's bitstream was made of.
    graph : Graph
        Its compiled network.
    inputs : mapping of str to array
    port : str
        Of the board: ``/dev/ttyUSB1``; or :data:`SIMULATION`.
    baud : int, optional
        What the bitstream was made for, by default.
    progress : callable, optional
        Told the share that is done.

    Raises
    ------
    Fault
        If the board does not answer, or holds another build.
    """
    from .engines import merged

    def core(given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.int64]]:
        with connected(folder, port, baud=baud) as board:
            return board.run(given, progress=progress)

    return merged(graph, inputs, core)


@contextmanager
def connected(folder: Path, port: str, *, baud: int | None = None) -> Iterator[Board]:
    """The driver of the board that holds the build of ``folder``; it has been reset.

    Parameters
    ----------
    folder, port, baud
        As for :func:`run_board`.

    Raises
    ------
    InputFault
        If the bitstream of ``folder`` has no UART, or the board holds another build.
    Fault
        If the port cannot be opened, or nobody answers.
    """
    from boards.driver import Board
    from boards.host import Host
    from boards.registers import RegisterMap

    manifest = Manifest.load(folder)
    if port == SIMULATION:
        map = RegisterMap(manifest.streams, manifest.prediction)
        with simulated_board(folder) as path, Host(path, _BAUD, timeout=_SLOWLY) as host:
            yield Board(host, map)
        return
    made = _bitstream(folder)
    map = RegisterMap(manifest.streams, manifest.prediction,
                      identity=int(made["identity"], 16) if made else 0)
    with Host(port, baud or (made["link"].get("baud", _BAUD) if made else _BAUD)) as host:
        yield Board(host, map)


@contextmanager
def simulated_board(folder: Path, *, spoil: Callable[[bool, bytes], bytes] | None = None
                    ) -> Iterator[str]:
    """The path of a serial port behind which the UART shell of ``folder`` is simulated.

    Parameters
    ----------
    folder : Path
        A build folder.
    spoil : callable, optional
        What becomes of bytes on their way: see :class:`verif.terminal.Terminal`.

    Raises
    ------
    SimulationFault, ToolMissing
        If the design cannot be simulated.
    """
    from boards.shell.shells import make_shell
    from verif.serial_design import SerialDesign
    from verif.terminal import Terminal

    shell = make_shell(folder, "uart", clock_mhz=_CLOCK_MHZ, baud=_BAUD)
    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        (verilog := Path(work) / "shell.v").write_text(shell.whole(folder), encoding="utf-8")
        memories = (folder / Manifest.load(folder).verilog).parent

        def powered() -> SerialDesign:
            design = SerialDesign(verilog, shell.top, shell.divisor, memories=memories)
            design.advance(_POWER_UP)
            return design

        with Terminal(powered, spoil=spoil or (lambda _, data: data)) as terminal:
            yield terminal.port


def _bitstream(folder: Path) -> dict[str, Any] | None:
    """What ``bitstream.json`` says of the board's build; None where there is none: the board may
    hold a bitstream that somebody else made of it."""
    from boards.flow import FILE, FOLDER
    from boards.program import load_bitstream

    if not (path := folder / FOLDER / FILE).exists():
        return None
    made = {"identity": "0", "link": {}, **load_bitstream(folder)}
    if (shell := made["link"].get("shell", "uart")) != "uart":
        raise InputFault(f"{path}: the bitstream has the shell {shell}, and a driver needs uart; "
                         "make that one with `gatemill bitstream`")
    return made
