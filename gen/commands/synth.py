"""``gatemill synth``: what a build costs on a device, by the open tools."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..cli import Folder, Json, progress, show

__all__ = ["synth"]


def synth(
    folder: Folder,
    device: Annotated[str | None, typer.Option(help="FPGA; default: the plan's.")] = None,
    place: Annotated[bool, typer.Option(
        "--place", help="Place and route too, and report the clock (ECP5, iCE40).")] = False,
    clock: Annotated[float | None, typer.Option(
        help="Clock in MHz to place for; default: the plan's.")] = None,
    dsp: Annotated[bool, typer.Option(help="Let synthesis use DSP blocks.")] = True,
    as_json: Json = False,
) -> int:
    """Synthesise: look-up tables, carries, registers, DSP blocks and block RAM, by module."""
    with progress(as_json) as report:
        from boards.synth import SynthVerdict
        from boards.synth import synth as synthesise

        from ..mapping.plan import Plan

        plan = Plan.load(folder / "plan.json")
        try:
            result = synthesise(folder, device=device or plan.device, place=place,
                                clock_mhz=clock or plan.clock_mhz, dsp=dsp, progress=report)
        except SynthVerdict as verdict:
            if as_json:
                show(verdict.report, "", as_json)
            raise
    show(result, table(result), as_json)
    return 0


def table(result: dict[str, Any]) -> str:
    """``synth.json`` as text for people."""
    from .report import synth_lines
    return "\n".join(synth_lines(result))
