"""``plan.json``: which unit does what when, as typed values that check themselves.

``units`` is what a plan decides, and what a user may edit; the rest (links, buffers,
schedule, prediction) follows from it and is computed anew whenever a plan is taken back.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from sw_model.faults import InputFault

__all__ = ["Buffer", "JobTime", "LinkPlan", "Plan", "Prediction", "Unit", "WeightPlace"]

#: Version of ``plan.json``.
SCHEMA = 1

#: Kinds of unit, by the node that each serves.
KINDS = {
    "MatMul": ("dense",),
    "MultiplyAddShift": ("multiply_add_shift",),
    "Rescale": ("framework_rescale",),
    "MultiThreshold": ("threshold", "binary_threshold"),
    "Table": ("table",),
    "ArgMax": ("argmax",),
}


class _Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value object of the plan; unknown keys are errors."""


class Unit(_Checked, frozen=True):
    """One unit of the hardware and the jobs that it serves in turn, cyclically.

    Parameters
    ----------
    name : str
        Of the instance.
    kind : str
        One of :data:`KINDS`.
    jobs : tuple of str
        Names of the nodes it serves, in the network's order.
    rows, lanes : int
        PE rows and SIMD lanes of a dense unit; other kinds have lanes alone.
    pe : str
        Kind of processing element of a dense unit.
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
    memory: Literal["auto", "block", "distributed"] = "auto"

    def __post_init__(self) -> None:
        known = sorted(kind for kinds in KINDS.values() for kind in kinds)
        if self.kind not in known:
            raise ValueError(f"kind must be one of {', '.join(known)}, not {self.kind!r}")
        if not self.jobs:
            raise ValueError(f"unit {self.name!r} has no jobs")
        for field in ("lanes", "rows"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} of unit {self.name!r} must be at least 1, "
                                 f"not {getattr(self, field)}")
        if self.rows > 1 and self.kind != "dense":
            raise ValueError(f"unit {self.name!r}: a {self.kind} unit has lanes, but no rows")


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
    """Where a constant of the network lives, and the memory that streams it."""

    tensors: tuple[str, ...]
    where: Literal["block_rom", "lut_rom", "rom", "logic"]
    memory: str
    bits: int


class Prediction(_Checked, frozen=True):
    """Cycles between two samples in steady state, and from a sample's first word into an
    idle network to its last word out."""

    interval: int
    latency: int


class Plan(_Checked, frozen=True):
    """A whole plan; see the module."""

    network: str
    device: str
    clock_mhz: float
    units: tuple[Unit, ...]
    schema: int = SCHEMA
    links: tuple[LinkPlan, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    schedule: tuple[JobTime, ...] = ()
    weights: tuple[WeightPlace, ...] = ()
    prediction: Prediction | None = None

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
            plan = msgspec.json.decode(path.read_bytes(), type=Plan)
        except OSError as error:
            raise InputFault(f"{path}: cannot be read ({error.strerror})") from error
        except msgspec.DecodeError as error:
            raise InputFault(f"{path}: not a plan: {error}") from error
        if plan.schema != SCHEMA:
            raise InputFault(f"{path}: schema is {plan.schema}, not {SCHEMA}")
        names = Counter(unit.name for unit in plan.units)
        if twice := [name for name, count in names.items() if count > 1]:
            raise InputFault(f"{path}: two units are called {twice[0]!r}")
        return plan
