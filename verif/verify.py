"""Prove a build folder: its hardware against the golden model, tensor by tensor, bit for bit."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.graph import Graph

from .bench import Bench
from .certificate import Certificate, LayerRecord, file_digests
from .compare import network_order
from .core import load_core
from .emulation import emulate
from .findings import Findings
from .manifest import Manifest, changed_files
from .proof import FILE as PROOF
from .proof import load_proof
from .stimulus import further_samples, stored_samples
from .tools import SIMULATORS, find_tool, require_simulator

__all__ = ["verify"]

#: Samples where the folder's own cannot be had and no number is asked for.
SAMPLES = 100

#: What is wrong with a certificate that rests on nothing.
NOTHING = "nothing was simulated"

_with = msgspec.structs.replace


def verify(
    folder: Path,
    *,
    simulators: Sequence[str] = ("verilator",),
    samples: int | None = None,
    seed: int = 1,
    emulator: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Certificate:
    """Simulate the hardware of ``folder``, compare every tensor, write ``certificate.json``.

    Files that differ from the manifest are named first; the folder is simulated all the
    same, as far as it can be, and has failed whatever comes of it: without its stimulus on
    new samples, without its network not at all. A failing sample leaves ``failure.vcd`` or
    ``failure.fst``.

    Parameters
    ----------
    folder : Path
        A build folder.
    simulators : sequence of str
        Of the cocotb suite (few samples, reset in mid-stream): "verilator", "icarus".
    samples : int, optional
        For the emulator: so many of the folder's own and random ones if they do not
        suffice; all of the folder's own by default. A few more are always added.
    seed : int
        Of random samples and stalls.
    emulator : bool
        Whether to run the emulator, over all samples, without stalls and with them.
    progress : callable, optional
        Told what is being done.

    Raises
    ------
    InputFault
        If the manifest cannot be read, or the certificate cannot be written.
    ToolMissing
        If a tool is not there; says what to type.
    ValueError
        If a simulator is unknown, or ``samples`` is less than one.
    """
    if samples is not None and samples < 1:
        raise ValueError(f"samples must be at least 1, not {samples}")
    tools = _tools(simulators, emulator)
    report = progress or (lambda _: None)
    manifest = Manifest.load(folder)
    files = file_digests(folder)
    changed = changed_files(folder, manifest)
    for name in changed:
        report(f"{name}: differs from the manifest")
    for stale in folder.glob("failure.*"):
        # Where files cannot be removed, the certificate cannot be written either.
        with contextlib.suppress(OSError):
            stale.unlink()
    certificate = Certificate(
        passed=False, name=manifest.name, gatemill=manifest.gatemill, model=manifest.model,
        changed=tuple(changed), seed=seed, samples=0, given=0, proof=[], host=manifest.host,
        files=files, tools=tools)
    certificate = _with_proof(certificate, folder, manifest)
    try:
        core = load_core(folder, manifest)
    except InputFault as fault:
        certificate = _with(certificate, faults=(*certificate.faults, str(fault), NOTHING))
        certificate.save(folder)
        return certificate
    findings = Findings(folder=folder, manifest=manifest, core=core, seed=seed, report=report,
                        faults=list(certificate.faults))
    inputs, given = _samples(findings, samples)
    if emulator:
        emulate(findings, inputs)
    for simulator in simulators:
        Bench(findings, simulator).run(inputs)
    if not findings.runs:
        findings.faults.append(NOTHING)
    certificate = _with(
        certificate, passed=not changed and not findings.faults and findings.difference is None,
        faults=tuple(findings.faults), difference=findings.difference,
        waveform=findings.waveform, given=given, samples=len(next(iter(inputs.values()))),
        runs=tuple(findings.runs), layers=_layers(core, manifest, findings),
        timing=findings.timing, measured=findings.measured)
    certificate.save(folder)
    return certificate


def _tools(simulators: Sequence[str], emulator: bool) -> dict[str, str]:
    found = {"python": platform.python_version(), "numpy": np.__version__}
    programs = {"verilator", "c++"} if emulator else set()
    for simulator in simulators:
        require_simulator(simulator)
        programs |= set(SIMULATORS[simulator]) & {"verilator", "iverilog", "c++"}
        found["cocotb"] = importlib.metadata.version("cocotb")
    return found | {name: find_tool(name).version for name in programs}


def _with_proof(certificate: Certificate, folder: Path, manifest: Manifest) -> Certificate:
    """``certificate`` with the proof's records, or with what is wrong with them."""
    if PROOF not in manifest.files and not (folder / PROOF).exists():
        return certificate
    try:
        return _with(certificate, proof=load_proof(folder))
    except InputFault as fault:
        return _with(certificate, faults=(*certificate.faults, str(fault)))


def _samples(findings: Findings, samples: int | None) -> tuple[dict[str, NDArray[Any]], int]:
    """All inputs, and how many samples of them are the folder's own."""
    core, rng = findings.core, np.random.default_rng(findings.seed)
    try:
        stored = stored_samples(findings.folder, core)
    except InputFault as fault:
        findings.faults.append(str(fault))
        return dict(further_samples(core, samples or SAMPLES, rng)), 0
    given = min(len(codes) for codes in stored.values())
    if samples is not None:
        given = min(given, samples)
    missing = 0 if samples is None else samples - given
    more = further_samples(core, missing, rng)
    return {name: np.concatenate([stored[name][:given], more[name]])
            for name in core.inputs}, given


def _layers(core: Graph, manifest: Manifest, findings: Findings) -> tuple[LayerRecord, ...]:
    visible = {stream.tensor for stream in manifest.streams}
    visible |= {item.tensor for tap in manifest.taps for item in tap.sequence}
    records = []
    for name, (layer, operation) in network_order(core).items():
        elements, differing = findings.counts.get(name, (0, 0))
        records.append(LayerRecord(layer=layer, operation=operation, tensor=name,
                                   observed=name in visible, elements=elements,
                                   differing=differing))
    return tuple(records)
