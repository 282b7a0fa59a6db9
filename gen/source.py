"""What a build begins with: a model file or a spec, and the options of the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import InputFault
from sw_model.ops import RescaleMode

from .build import BuildOptions, Built, build_model
from .frontends import ROUNDINGS
from .mapping.plan import FASTEST_MHZ, Plan
from .spec import SPEC_SUFFIXES

__all__ = ["build_source", "clock_of", "options_from", "rounding_mode"]


def clock_of(mhz: float) -> float:
    """``mhz`` as the command line gives it.

    Raises
    ------
    InputFault
        If no clock is like that.
    """
    if not 0 < mhz <= FASTEST_MHZ:
        raise InputFault(f"--clock: {mhz:g} MHz, but must be above 0 and at most {FASTEST_MHZ}")
    return mhz


def rounding_mode(name: str | None) -> RescaleMode | None:
    """The rounding of TFLite's called ``name``; None for None.

    Raises
    ------
    InputFault
        If there is none of that name.
    """
    if name is None:
        return None
    known = {mode.value: mode for mode in ROUNDINGS}
    if name not in known:
        raise InputFault(f"--rounding: TFLite has no rounding {name!r}; "
                         f"there are {', '.join(known)}")
    return known[name]


def options_from(base: BuildOptions | None = None, *, device: str | None = None,
                 clock: float | None = None, rate: str | None = None, plan: Path | None = None,
                 rounding: str | None = None) -> BuildOptions:
    """Build options of the command line in place of those of ``base``, or of the defaults.

    None leaves an option as it is.

    Raises
    ------
    InputFault
        If a value is impossible.
    """
    options = base or BuildOptions()
    if plan is not None:
        given = Plan.load(plan)
        options = replace(options, plan=given, device=given.device, clock_mhz=given.clock_mhz)
    if device is not None:
        from boards.devices import device as known
        options = replace(options, device=known(device).name)
    if clock is not None:
        options = replace(options, clock_mhz=clock_of(clock))
    if options.plan is not None:
        options = replace(options, plan=msgspec.structs.replace(
            options.plan, device=options.device, clock_mhz=options.clock_mhz))
    if rate is not None:
        options = replace(options, rate=None if rate == "max" else _rate(rate))
    if rounding is not None:
        options = replace(options, rounding=rounding_mode(rounding))
    return options


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < 1e12:
        raise InputFault(f"--rate: {text!r}, but must be a number above 0 and below 1e12, or max")
    return value


def build_source(source: Path, out: Path, report: Callable[[str], None],
                 **settings: Any) -> list[Built]:
    """Build a model file or a spec into ``out``.

    Parameters
    ----------
    source : Path
    out : Path
    report : callable
        Told what is being done.
    settings
        As :func:`options_from` takes them; what is given overrides a spec.

    Returns
    -------
    One design; for a spec with ``units`` one for each.
    """
    options = options_from(**settings)
    if source.suffix.lower() not in SPEC_SUFFIXES:
        return [Built(out, build_model(source, out, options, report))]
    from .spec.build import build_spec
    return build_spec(source, out, lambda base: options_from(base, **settings), report,
                      rounding=options.rounding)
