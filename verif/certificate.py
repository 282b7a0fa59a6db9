"""``certificate.json``: what was verified, how, on which bytes, and with what result."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import InputFault

from .compare import Difference
from .manifest import FILE as MANIFEST
from .manifest import Host, Manifest, Model, changed_files, digest

__all__ = ["Certificate", "LayerRecord", "RunRecord", "SCHEMA", "Timing", "file_digests", "stale"]

#: Version of ``certificate.json``.
SCHEMA = 1

#: Its name in the build folder.
FILE = "certificate.json"


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value object of the certificate."""


class RunRecord(_Record, frozen=True):
    """One simulation: by what, of how many samples, under which stalls, for how long."""

    engine: str
    samples: int
    idle: float
    stall: float
    seed: int
    cycles: int | None = None
    passed: bool = True


class LayerRecord(_Record, frozen=True):
    """One tensor of the hardware, in the network's order.

    Parameters
    ----------
    layer, operation, tensor : str
        The tensor, and the node that makes it.
    observed : bool
        Whether simulation could see it; if not, only what it led to was compared.
    elements, differing : int
        Compared in all runs of the emulator, and how many were not as expected.
    """

    layer: str
    operation: str
    tensor: str
    observed: bool
    elements: int = 0
    differing: int = 0


class Timing(_Record, frozen=True):
    """Clock cycles, measured by the emulator and predicted by the schedule; None: unknown."""

    interval: float | None = None
    latency: int | None = None
    predicted_interval: int | None = None
    predicted_latency: int | None = None


class Certificate(_Record, frozen=True):
    """The result of verifying a build folder.

    Everything but ``measured`` is the same for the same folder, options and tools.

    Parameters
    ----------
    passed : bool
        No file changed, no difference, no fault.
    name, gatemill : str
        Of the design; version of the compiler.
    model : Model or None
    changed : tuple of str
        Files that were not what the manifest says.
    faults : tuple of str
        What else went wrong, one line each.
    difference : Difference or None
        The first one.
    waveform : str or None
        Of the failing sample, in the folder.
    seed, samples : int
        Of the random inputs and stalls; samples in all.
    given : int
        How many of the samples are the folder's own stimulus.
    runs : tuple of RunRecord
    layers : tuple of LayerRecord
    timing : Timing
    proof : list
        Records of what was proven when the folder was built, layer by layer.
    host : Host
        Nodes that run on the host: no hardware was verified for them.
    files : mapping of str to str
        SHA-256 of every file as it was verified.
    tools : mapping of str to str
        Versions.
    measured : mapping of str to float
        Rates on the machine at hand.
    """

    passed: bool
    name: str
    gatemill: str
    seed: int
    samples: int
    given: int
    model: Model | None = None
    changed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    difference: Difference | None = None
    waveform: str | None = None
    runs: tuple[RunRecord, ...] = ()
    layers: tuple[LayerRecord, ...] = ()
    timing: Timing = Timing()
    proof: Sequence[Any] = ()
    host: Host = Host()
    files: Mapping[str, str] = msgspec.field(default_factory=dict)
    tools: Mapping[str, str] = msgspec.field(default_factory=dict)
    measured: Mapping[str, float] = msgspec.field(default_factory=dict)
    schema: int = SCHEMA

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as in the file."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def encode(self) -> str:
        """The text of the file: sorted keys."""
        return json.dumps(self.as_dict(), indent=1, sort_keys=True) + "\n"

    def save(self, folder: Path) -> Path:
        """Write ``certificate.json`` into ``folder``.

        Raises
        ------
        InputFault
            If it cannot be written.
        """
        path = folder / FILE
        try:
            path.write_text(self.encode(), encoding="utf-8")
        except OSError as error:
            raise InputFault(f"{path}: cannot be written ({error.strerror})") from error
        return path

    @staticmethod
    def load(folder: Path) -> Certificate | None:
        """The certificate in ``folder``; None if there is none.

        Raises
        ------
        InputFault
            If it is broken or of another schema.
        """
        path = folder / FILE
        if not path.exists():
            return None
        try:
            plain = msgspec.json.decode(path.read_bytes())
            found = plain.get("schema") if isinstance(plain, dict) else None
            if found != SCHEMA:
                raise InputFault(f"{path}: schema is {found!r}, but must be {SCHEMA}; "
                                 "verify the folder again")
            return msgspec.convert(plain, Certificate)
        except OSError as error:
            raise InputFault(f"{path}: cannot be read ({error.strerror})") from error
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise InputFault(f"{path}: {error}; verify the folder again") from error

    def summary(self) -> str:
        """The result for people, the verdict last."""
        lines = [f"{name}: differs from the manifest" for name in self.changed]
        for run in self.runs:
            pauses = f"idle {run.idle}, stall {run.stall}" if run.idle or run.stall else "no stalls"
            cycles = f", {run.cycles} cycles" if run.cycles is not None else ""
            lines.append(f"{run.engine}: {run.samples} samples, {pauses}{cycles}: "
                         f"{'equal' if run.passed else 'FAILED'}")
        lines += self._timing()
        if nodes := [*self.host.head, *self.host.tail]:
            lines.append(f"on the host, not in hardware: {', '.join(nodes)}")
        if self.difference is not None:
            lines.append(f"first difference: {self.difference}")
        lines += self.faults
        if self.waveform is not None:
            lines.append(f"waveform: {self.waveform}")
        observed = sum(layer.observed for layer in self.layers)
        lines.append(f"{self.name}: verified bit for bit, {observed} tensors, {self.samples} "
                     "samples" if self.passed else f"{self.name}: NOT verified")
        return "\n".join(lines)

    def _timing(self) -> list[str]:
        timing, lines = self.timing, []
        if timing.interval is not None:
            lines.append(f"interval: {timing.interval:g} cycles "
                         f"(predicted {timing.predicted_interval})")
        if timing.latency is not None:
            lines.append(f"latency: {timing.latency} cycles "
                         f"(predicted {timing.predicted_latency})")
        return lines


def stale(folder: Path) -> list[str] | None:
    """Files that have changed, come or gone since ``folder`` was verified.

    Returns
    -------
    list of str, or None if there is no certificate; an empty list if it is up to date.

    Raises
    ------
    InputFault
        If certificate or manifest cannot be read.
    """
    certificate = Certificate.load(folder)
    if certificate is None:
        return None
    now = file_digests(folder)
    names = {*certificate.files, *now}
    return sorted(name for name in names if certificate.files.get(name) != now.get(name))


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the manifest, the files that it names, and all under ``rtl/``."""
    manifest = Manifest.load(folder)
    names = {MANIFEST, *manifest.files, *changed_files(folder, manifest)}
    found = {}
    for name in sorted(names):
        # What cannot be read is as good as missing.
        with contextlib.suppress(OSError):
            found[name] = digest(folder / name)
    return found
