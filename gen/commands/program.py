"""``gatemill program``: load a bitstream into its board."""

from __future__ import annotations

from typing import Annotated

import typer

from ..cli import Folder, Json, progress, show

__all__ = ["program"]


def program(
    folder: Folder,
    flash: Annotated[bool | None, typer.Option(
        "--flash/--sram", help="Into the flash, where it stays, or into the FPGA alone; "
                               "default: as the board is usually loaded.")] = None,
    cable: Annotated[str, typer.Option(
        help="Cable by openFPGALoader's name; default: the board's own.")] = "",
    as_json: Json = False,
) -> None:
    """Load the bitstream of a build into its board, by openFPGALoader."""
    with progress(as_json) as report:
        from boards.program import program as load

        done = load(folder, flash=flash, cable=cable, progress=report)
    show(done, f"{done['file']} is in the {'flash' if done['flash'] else 'FPGA'} of "
               f"{done['board']}", as_json)
