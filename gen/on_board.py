"""Run a build on a board, or on the simulation of one: the same driver, over a serial port."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.graph import Graph
from verif.manifest import Manifest

__all__ = ["SIMULATION", "run_board", "simulated_board"]

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
    from boards.driver import Board
    from boards.host import Host
    from boards.registers import RegisterMap

    from .engines import merged

    manifest = Manifest.load(folder)
    made = _bitstream(folder)
    identity = int(made["identity"], 16) if made and port != SIMULATION else 0
    map = RegisterMap(manifest.streams, manifest.prediction, identity=identity)

    def through(given: Mapping[str, NDArray[Any]], path: str, rate: int, timeout: float
                ) -> dict[str, NDArray[np.int64]]:
        with Host(path, rate, timeout=timeout) as host:
            return Board(host, map).run(given, progress=progress)

    def core(given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.int64]]:
        if port == SIMULATION:
            with simulated_board(folder) as path:
                return through(given, path, _BAUD, _SLOWLY)
        rate = baud or (made["link"]["baud"] if made else _BAUD)
        return through(given, port, rate, 0.25)

    return merged(graph, inputs, core)


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
    """What ``bitstream.json`` says of the board's build; None where there is none."""
    path = folder / "bitstream" / "bitstream.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputFault(f"{path}: cannot be read ({error}); make the bitstream again") from error
    return found
