"""``gatemill bitstream``: a build on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..cli import Folder, Json, progress, show, warn_of_changes

__all__ = ["bitstream", "summary"]


def bitstream(
    folder: Folder,
    board: Annotated[str, typer.Option(
        help="A board by name, or a file that describes one: my_board.toml.")],
    shell: Annotated[str, typer.Option(
        help="How it is spoken to: uart, spi or selftest.")] = "uart",
    clock: Annotated[float | None, typer.Option(
        help="Clock in MHz; default: the board's oscillator.")] = None,
    baud: Annotated[int, typer.Option(min=1, help="Bits a second of the UART.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the placer.")] = 1,
    dsp: Annotated[bool, typer.Option(help="Whether synthesis may use DSP blocks.")] = True,
    out: Annotated[Path | None, typer.Option(
        "-o", "--out", help="Folder for a copy of the bitstream, named as DIR is.")] = None,
    as_json: Json = False,
) -> int:
    """Put a build on a board: synthesis, place and route, bitstream; exit 1 if it cannot be."""
    changed = warn_of_changes(folder, "rtl/", "plan.json")
    with progress(as_json) as report:
        from boards.assembly import assemble
        from boards.flow import BitstreamVerdict, clock_of, copy_out, remove_copy, tools_of
        from boards.flow import bitstream as make
        from boards.identity import build_identity
        from boards.table import board as find_board
        from verif.manifest import Manifest

        from ..source import clock_of as checked

        name = Manifest.load(folder).name
        target = find_board(board)
        mhz = clock_of(target, None if clock is None else checked(clock))
        identity = build_identity(folder, tools_of(target))
        report("making the shell")
        design = assemble(folder, target, shell, clock_mhz=mhz, baud=baud, identity=identity)
        try:
            result = make(folder, target, design, name=name, clock_mhz=mhz, identity=identity,
                          link={"shell": shell, "baud": baud}, seed=seed, dsp=dsp,
                          changed=changed, progress=report)
        except BitstreamVerdict as verdict:
            remove_copy(folder, target, out)
            if as_json:
                show(verdict.report, "", as_json)
            raise
        path = copy_out(folder, result, out)
        if shell == "selftest":
            from boards.self_test import vectors_of

            result["coverage"] = vectors_of(folder, Manifest.load(folder)).coverage
    show({**result, "path": str(path)}, summary(result, path), as_json)
    return 0


def summary(result: dict[str, Any], path: Path) -> str:
    """What ``bitstream.json`` holds, for people; the last line is the bitstream's path."""
    used = ", ".join(f"{use['used']} of {use['available']} {name}"
                     for name, use in result["utilisation"].items())
    reached = ", ".join(f"{name} reaches {mhz:g} MHz" for name, mhz in result["clocks"].items())
    coverage = result.get("coverage")
    shows = "" if coverage is None else (f"wrong bits of weights that the self-test shows: "
                                         f"{coverage:.0%}\n")
    return (f"{result['name']} on {result['board']} ({result['device']}) at "
            f"{result['clock_mhz']:g} MHz: {reached or 'no path between registers'}\n"
            f"{used}\n{shows}build {result['identity']}\n{path}")
