"""``gatemill verify``: prove a build folder bit for bit."""

from __future__ import annotations

from typing import Annotated

import typer

from ..cli import Folder, Json, progress, show

__all__ = ["verify"]


def verify(
    folder: Folder,
    simulator: Annotated[list[str] | None, typer.Option(
        help="verilator or icarus; may be given twice. Default: verilator.")] = None,
    samples: Annotated[int | None, typer.Option(
        help="Samples for the emulator; default: all the folder holds.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of further inputs and of stalls.")] = 1,
    as_json: Json = False,
) -> int:
    """Simulate with random stalls and compare every tensor; write the certificate."""
    from verif.verify import verify as prove

    with progress(as_json) as report:
        certificate = prove(folder, simulators=tuple(simulator or ["verilator"]),
                            samples=samples, seed=seed, progress=report)
    show(certificate.as_dict(), certificate.summary(), as_json)
    return 0 if certificate.passed else 1
