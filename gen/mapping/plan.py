"""``plan.json``: which unit does what when, as typed values that check themselves.

``units`` is what a plan decides, and what a user may edit; the rest (links, buffers,
schedule, prediction) follows from it and is computed anew whenever a plan is taken back.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from boards.devices import device
from hw.pe import CONSTANT_KINDS, PE_KINDS
from sw_model.faults import InputFault

from .kinds import UNIT_KINDS

__all__ = ["FASTEST_MHZ", "LARGEST", "Buffer", "Estimate", "JobTime", "LinkPlan",
           "Plan", "Prediction", "Unit", "WeightPlace"]

#: Version of ``plan.json``.
SCHEMA = 1

#: Products, or lanes, of the largest unit there may be: what a workstation can still emit.
LARGEST = 1 << 16

#: Fastest clock that a plan may be for.
FASTEST_MHZ = 2000

#: Where weights and tables may live.
MEMORIES = ("auto", "block", "distributed")


class _Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value object of the plan; unknown keys are errors."""


class Unit(_Checked, frozen=True):
    """One unit of the hardware and the jobs that it serves in turn, cyclically.

    Parameters
    ----------
    name : str
        Of the instance.
    kind : str
        One of :data:`gen.mapping.kinds.UNIT_KINDS`.
    jobs : tuple of str
        Names of the nodes it serves, in the network's order.
    rows, lanes : int
        PE rows and SIMD lanes of a dense unit; other kinds have lanes alone. May be more
        than the network needs, but not more than :data:`LARGEST` in all.
    pe : str
        Kind of processing element of a dense unit, or of constant matrix: that has all rows
        and lanes of its one job.
    memory : str
        Where its weights or tables live: read-only memory in block RAM, in LUT RAM, or
        whichever synthesis finds better.
    """

    name: str
    kind: str
    jobs: tuple[str, ...]
    lanes: int
    rows: int = 1
    pe: str = "parallel"
    memory: str = "auto"

    def __post_init__(self) -> None:
        for field, allowed in (("kind", sorted(UNIT_KINDS)), ("memory", MEMORIES),
                               ("pe", (*PE_KINDS, *CONSTANT_KINDS))):
            if getattr(self, field) not in allowed:
                raise ValueError(f"{field} must be one of {', '.join(allowed)}, "
                                 f"not {getattr(self, field)!r}")
        if not self.name:
            raise ValueError("a unit must have a name")
        if not self.jobs:
            raise ValueError(f"unit {self.name!r} has no jobs")
        for field in ("lanes", "rows"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} of unit {self.name!r} must be at least 1, "
                                 f"not {getattr(self, field)}")
        if self.rows > 1 and self.kind != "dense":
            raise ValueError(f"unit {self.name!r}: a {self.kind} unit has lanes, but no rows")
        if self.rows * self.lanes > LARGEST:
            rows = f"{self.rows} rows of " if self.rows > 1 else ""
            raise ValueError(f"unit {self.name!r}: {rows}{self.lanes} lanes are more than the "
                             f"{LARGEST} that one unit may have")


class LinkPlan(_Checked, frozen=True):
    """A stream between two units.

    Parameters
    ----------
    name : str
    source, target : str
        Units; empty for the network's own ports.
    tensors : tuple of str
        Carried in turn.
    lanes : tuple of int
        From source to target: one number, or those of the adapters between.
    entry_queue, queue : int
        Words of the queues in front of the adapters and behind them; 0 where there is none.
    """

    name: str
    source: str
    target: str
    tensors: tuple[str, ...]
    lanes: tuple[int, ...]
    entry_queue: int
    queue: int


class Buffer(_Checked, frozen=True):
    """Memory that holds data for a while: cycles of the sample from first write to last read."""

    name: str
    words: int
    bits: int
    lifetime: tuple[int, int]


class JobTime(_Checked, frozen=True):
    """When a job runs: first word taken, first and last word given, and cycles it keeps the
    unit, in cycles after the sample's first word entered an idle network."""

    job: str
    unit: str
    start: int
    first_output: int
    end: int
    busy: int


class WeightPlace(_Checked, frozen=True):
    """Where a constant of the network lives, and the memory that streams it, if there is one."""

    tensors: tuple[str, ...]
    where: Literal["block_rom", "lut_rom", "rom", "logic"]
    memory: str
    bits: int


class Prediction(_Checked, frozen=True):
    """Cycles between two samples in steady state, and from a sample's first word into an
    idle network to its last word out."""

    interval: int
    latency: int


class Estimate(_Checked, frozen=True):
    """What the network takes of its device, before synthesis has seen it.

    Parameters
    ----------
    luts, dsps, block_rams : int
        In the units of the device table.
    error : float
        Share of ``luts`` by which synthesis may differ.
    """

    luts: int
    dsps: int
    block_rams: int
    error: float


class Plan(_Checked, frozen=True):
    """A whole plan; see the module.

    Parameters
    ----------
    network : str
        For people: what ties a plan to a network are the names of its jobs.
    device : str
        What it was made for.
    clock_mhz : float
        Above 0, at most :data:`FASTEST_MHZ`.
    units : tuple of Unit
    dsp : bool
        Whether products may be made of DSP blocks.
    links, buffers, schedule, weights, prediction, estimate
        What follows from the units.
    """

    network: str
    device: str
    clock_mhz: float
    units: tuple[Unit, ...]
    dsp: bool = True
    schema: int = SCHEMA
    links: tuple[LinkPlan, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    schedule: tuple[JobTime, ...] = ()
    weights: tuple[WeightPlace, ...] = ()
    prediction: Prediction | None = None
    estimate: Estimate | None = None

    def __post_init__(self) -> None:
        if not 0 < self.clock_mhz <= FASTEST_MHZ:
            raise ValueError(f"clock_mhz must be above 0 and at most {FASTEST_MHZ}, "
                             f"not {self.clock_mhz:g}")
        names = Counter(unit.name for unit in self.units)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"two units are called {twice[0]!r}")

    def encode(self) -> bytes:
        """The file's bytes."""
        text = msgspec.json.encode(self, order="deterministic")
        return msgspec.json.format(text, indent=1) + b"\n"

    def unit_of(self, node: str) -> Unit:
        """The unit that serves ``node``."""
        return next(unit for unit in self.units if node in unit.jobs)

    @staticmethod
    def load(path: Path) -> Plan:
        """Read a plan.

        Raises
        ------
        InputFault
            If the file is missing or not a plan: file, place, found, allowed.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputFault(f"{path}: cannot be read ({error.strerror})") from error
        try:
            # The version first: of another one nothing else is known.
            version = msgspec.json.decode(data, type=_Version).schema
            plan = msgspec.json.decode(data, type=Plan) if version == SCHEMA else None
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputFault(f"{path}: not a plan: {error}{_known_fields(str(error))}") from error
        if plan is None:
            raise InputFault(f"{path}: schema is {version}, not {SCHEMA}")
        try:
            device(plan.device)
        except InputFault as fault:
            raise InputFault(f"{path}: device: {fault}") from fault
        return plan


class _Version(msgspec.Struct):
    """The version alone, whatever else there is."""

    schema: int = SCHEMA


def _known_fields(error: str) -> str:
    """What may stand where ``error`` says that an unknown field does."""
    found = re.search(r"unknown field.*?(?: - at `\$\.(\w+).*`)?$", error)
    kinds: dict[str | None, type[_Checked]] = {
        None: Plan, "units": Unit, "links": LinkPlan, "buffers": Buffer, "schedule": JobTime,
        "weights": WeightPlace, "prediction": Prediction, "estimate": Estimate}
    if not found or found[1] not in kinds:
        return ""
    return f"; there are {', '.join(kinds[found[1]].__struct_fields__)}"
