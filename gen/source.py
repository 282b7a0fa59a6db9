"""What a build begins with: a model file or a spec, and the options of the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sw_model.faults import InputFault
from sw_model.ops import RescaleMode
from verif.manifest import Manifest

from .build import BuildOptions, build_model
from .mapping.plan import Plan

__all__ = ["SPEC_SUFFIXES", "build_source", "options_from", "rounding_mode"]

#: Endings of spec files; everything else is a model.
SPEC_SUFFIXES = (".yaml", ".yml")


def rounding_mode(name: str | None) -> RescaleMode | None:
    """The rounding called ``name``; None for None.

    Raises
    ------
    InputFault
        If there is none of that name.
    """
    if name is None:
        return None
    try:
        return RescaleMode(name)
    except ValueError:
        raise InputFault(f"--rounding: unknown rounding {name!r}; there are "
                         f"{', '.join(mode.value for mode in RescaleMode)}") from None


def options_from(*, device: str | None = None, clock: float | None = None,
                 rate: str | None = None, plan: Path | None = None,
                 rounding: str | None = None) -> BuildOptions:
    """Build options of the command line; None means the default.

    Raises
    ------
    InputFault
        If a value is impossible.
    """
    options = BuildOptions()
    if plan is not None:
        given = Plan.load(plan)
        options = replace(options, plan=given, device=given.device, clock_mhz=given.clock_mhz)
    if device is not None:
        from boards.devices import device as known
        options = replace(options, device=known(device).name)
    if clock is not None:
        if not 0 < clock <= 2000:
            raise InputFault(f"--clock: {clock:g} MHz, but must be above 0 and at most 2000")
        options = replace(options, clock_mhz=clock)
    if rate is not None and rate != "max":
        options = replace(options, rate=_rate(rate))
    return replace(options, rounding=rounding_mode(rounding))


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < 1e12:
        raise InputFault(f"--rate: {text!r}, but must be a positive number or max")
    return value


def build_source(source: Path, out: Path, options: BuildOptions,
                 report: Callable[[str], None]) -> Manifest:
    """Build a model file or a spec into ``out``."""
    if source.suffix.lower() in SPEC_SUFFIXES:
        from .frontends.spec import build_spec
        return build_spec(source, out, options, report)
    return build_model(source, out, options, report)
