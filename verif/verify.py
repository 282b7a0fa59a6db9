"""Prove a build folder: its hardware against the golden model, tensor by tensor, bit for bit."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.graph import Graph, GraphError
from sw_model.partition import core_graph

from .bench import Bench
from .certificate import Certificate, LayerRecord, file_digests
from .compare import network_order
from .emulation import emulate
from .findings import Findings
from .manifest import FILE, Manifest, changed_files
from .stimulus import further_samples, stored_samples
from .tools import SIMULATORS, find_tool, require_simulator

__all__ = ["verify"]


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
    same, and has failed whatever comes of it. A failing sample leaves ``failure.vcd`` or
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
        If manifest, network or stimulus cannot be read or do not belong together.
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
    core = _core(folder, manifest, changed)
    inputs, given = _samples(folder, core, samples, seed)
    for stale in folder.glob("failure.*"):
        stale.unlink()

    findings = Findings(folder=folder, manifest=manifest, core=core, seed=seed, report=report)
    if emulator:
        emulate(findings, inputs)
    for simulator in simulators:
        Bench(findings, simulator).run(inputs)
    if not findings.runs:
        findings.faults.append("nothing was simulated")
    certificate = Certificate(
        passed=not changed and not findings.faults and findings.difference is None,
        name=manifest.name, gatemill=manifest.gatemill, model=manifest.model,
        changed=tuple(changed), faults=tuple(findings.faults), difference=findings.difference,
        waveform=findings.waveform, seed=seed, given=given,
        samples=len(next(iter(inputs.values()))), runs=tuple(findings.runs),
        layers=_layers(core, manifest, findings), timing=findings.timing,
        proof=_proof(folder), host=manifest.host, files=files, tools=tools,
        measured=findings.measured)
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


def _core(folder: Path, manifest: Manifest, changed: Sequence[str]) -> Graph:
    """The network that the hardware is to equal."""
    try:
        core = core_graph(Graph.load(folder))
    except (GraphError, OSError) as error:
        also = f"; differs from the manifest: {', '.join(changed)}" if changed else ""
        raise InputFault(f"{error}{also}") from error
    for what, streams, tensors in (("inputs", manifest.inputs, core.inputs),
                                   ("outputs", manifest.outputs, core.outputs)):
        carried = {stream.tensor for stream in streams}
        if carried != set(tensors):
            raise InputFault(f"{folder / FILE}: {what} carry {', '.join(sorted(carried))}, but "
                             f"the network has {', '.join(tensors)}; build the folder again")
    return core


def _samples(folder: Path, core: Graph, samples: int | None, seed: int,
             ) -> tuple[dict[str, NDArray[Any]], int]:
    """All inputs, and how many samples of them are the folder's own."""
    stored = stored_samples(folder, core)
    given = min(len(codes) for codes in stored.values())
    if samples is not None:
        given = min(given, samples)
    missing = 0 if samples is None else samples - given
    more = further_samples(core, missing, np.random.default_rng(seed))
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


def _proof(folder: Path) -> list[Mapping[str, Any]]:
    path = folder / "proof.json"
    if not path.is_file():
        return []
    try:
        found: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputFault(f"{path}: {error}; build the folder again") from error
    return found
