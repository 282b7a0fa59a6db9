"""``gatemill verify``: prove a build folder bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sw_model.faults import InputFault

from ..cli import Folder, Json, progress, show

__all__ = ["default_simulators", "known_simulators", "verify"]


def verify(
    folder: Folder,
    simulator: Annotated[list[str] | None, typer.Option(
        help="verilator or icarus; may be given twice. Default: the spec's, or verilator.")
    ] = None,
    samples: Annotated[int | None, typer.Option(
        min=1, help="Samples for the emulator; default: all the folder holds.")] = None,
    seed: Annotated[int, typer.Option(
        min=0, help="Seed of further inputs and of stalls.")] = 1,
    as_json: Json = False,
) -> int:
    """Simulate with random stalls and compare every tensor; write the certificate."""
    with progress(as_json) as report:
        from verif.verify import verify as prove

        chosen = known_simulators(simulator or default_simulators(folder))
        certificate = prove(folder, simulators=chosen, samples=samples, seed=seed,
                            progress=report)
    show(certificate.as_dict(), certificate.summary(), as_json)
    return 0 if certificate.passed else 1


def default_simulators(folder: Path) -> list[str]:
    """The simulators that the spec of the build ``folder`` names, or Verilator."""
    from ..emit import VERIFY

    try:
        return [str(name) for name in json.loads((folder / VERIFY).read_text())["simulators"]]
    except (FileNotFoundError, NotADirectoryError):
        return ["verilator"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputFault(f"{folder / VERIFY}: does not name simulators ({error})") from error


def known_simulators(names: Iterable[str]) -> tuple[str, ...]:
    """``names``, each once; InputFault if one is no simulator."""
    from verif.tools import SIMULATORS

    for name in names:
        if name not in SIMULATORS:
            raise InputFault(f"no simulator {name!r}; there are {', '.join(SIMULATORS)}")
    return tuple(dict.fromkeys(names))
