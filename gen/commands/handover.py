"""``gatemill handover``: a build as other people's tools take it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sw_model.faults import InputFault

from ..cli import Folder, Json, progress, show, warn_of_changes

__all__ = ["handover"]


def handover(
    folder: Folder,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")],
    clock: Annotated[float | None, typer.Option(
        help="Clock in MHz for shells and constraints; default: the plan's.")] = None,
    samples: Annotated[int, typer.Option(
        min=1, help="Samples for the testbench to play, at most.")] = 100,
    as_json: Json = False,
) -> int:
    """Write a FuseSoC core, a LiteX module and Tcl scripts for Vivado and Radiant."""
    changed = warn_of_changes(folder, "rtl/")
    with progress(as_json) as report:
        from boards.handover import INDEX, KEY, changed_since, hand_over
        from boards.identity import build_identity

        from ..folder import whole_folder
        from .synth import target

        # Only the clock is of interest.
        _, clock, _ = target(folder, None, clock, None)
        report("writing cores, modules and scripts")
        if edited := changed_since(out):
            raise InputFault(f"{out}: {', '.join(edited)} changed since it was handed over and "
                             "would be lost; name another folder, or move what you need")
        with whole_folder(out, mark=INDEX, key=KEY) as fresh:
            index = hand_over(folder, fresh, clock_mhz=clock, samples=samples,
                              identity=build_identity(folder, {}))
    show({**index, "folder": str(out), "changed": changed},
         f"{out}: {index['name']} at {clock:g} MHz\n"
         f"FuseSoC: fusesoc --cores-root {out} run --target sim {index['core']}", as_json)
    return 0
