"""``gatemill synth``: what a build costs on a device, by the open tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sw_model.faults import InputFault

from ..cli import Folder, Json, progress, show, warn_of_changes

__all__ = ["synth"]


def synth(
    folder: Folder,
    device: Annotated[str | None, typer.Option(help="FPGA; default: the plan's.")] = None,
    place: Annotated[bool, typer.Option(
        "--place", help="Place and route too, and report the clock (ECP5, iCE40).")] = False,
    clock: Annotated[float | None, typer.Option(
        help="Clock in MHz to place for; default: the plan's.")] = None,
    dsp: Annotated[bool | None, typer.Option(
        help="Whether synthesis may use DSP blocks; default: the plan's.")] = None,
    as_json: Json = False,
) -> int:
    """Synthesise: look-up tables, carries, registers, DSP blocks and block RAM, by module."""
    changed = warn_of_changes(folder, "rtl/")
    with progress(as_json) as report:
        from boards.synth import SynthVerdict
        from boards.synth import synth as synthesise

        device, clock, dsp = target(folder, device, clock, dsp)
        try:
            result = synthesise(folder, device=device, place=place, clock_mhz=clock, dsp=dsp,
                                progress=report)
        except SynthVerdict as verdict:
            if as_json:
                show({**verdict.report, "changed": changed}, "", as_json)
            raise
    show({**result, "changed": changed}, table(result), as_json)
    return 0


def target(folder: Path, device: str | None, clock: float | None, dsp: bool | None
           ) -> tuple[str, float, bool]:
    """Device, clock and DSP blocks: what is given, and the plan's where it is not.

    Raises
    ------
    InputFault
        If the clock is impossible, or the plan is needed and cannot be read.
    """
    from ..mapping.plan import Plan
    from ..source import clock_of

    if clock is not None:
        clock = clock_of(clock)
    if device is not None and clock is not None and dsp is not None:
        return device, clock, dsp
    try:
        plan = Plan.load(folder / "plan.json")
    except InputFault as fault:
        if device is not None and clock is not None:
            return device, clock, True
        options = [name for name, given in (("--device", device), ("--clock", clock))
                   if given is None]
        raise InputFault(f"{fault}; without a plan, give {' and '.join(options)}") from fault
    return device or plan.device, clock or plan.clock_mhz, plan.dsp if dsp is None else dsp


def table(result: dict[str, Any]) -> str:
    """``synth.json`` as text for people."""
    from .report import synth_lines
    return "\n".join(synth_lines(result))
