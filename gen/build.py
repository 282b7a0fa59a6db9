"""From a model to a build folder: import, compile, map, assemble, emit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.devices import device
from sw_model.faults import InputFault
from sw_model.graph import Graph
from sw_model.node import extent
from sw_model.ops import RescaleMode
from sw_model.partition import core_graph, partition
from verif.manifest import Host, Manifest, Model, digest

from .assemble import assemble
from .emit import emit
from .mapping.default import default_plan
from .mapping.plan import Plan
from .names import identifier
from .passes import PassOptions, compile_graph

__all__ = ["BuildOptions", "build_graph", "build_model", "stimulus_for"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class BuildOptions:
    """What a user may choose about a build.

    Parameters
    ----------
    device : str
        A name that :func:`boards.devices.device` knows.
    clock_mhz : float
    rate : float or None
        Inferences a second; None for as many as fit.
    plan : Plan or None
        Units to use instead of the default plan's.
    units : mapping of str to mapping
        Changes to the default plan's units, by job: any of their fields.
    forms : mapping of str to str
        Form of the rescale behind a layer, by layer.
    rounding : RescaleMode or None
        For models that leave the choice (TFLite).
    samples : int
        Random inputs that are kept as stimulus.
    stimulus : mapping of str to array
        Inputs to verify with instead, by name of the core's inputs.
    """

    device: str = "ecp5-85k"
    clock_mhz: float = 50.0
    rate: float | None = None
    plan: Plan | None = None
    units: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    rounding: RescaleMode | None = None
    samples: int = 100
    stimulus: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def _quiet(_: str) -> None:
    """Report nothing."""


def build_model(path: Path, out: Path, options: BuildOptions,
                progress: Progress = _quiet) -> Manifest:
    """Build the model file ``path`` into the folder ``out``.

    Raises
    ------
    InputFault
        If the model, the plan or the folder is wrong.
    Unsupported
        If the model holds what cannot become hardware.
    Verdict
        If the rate cannot be had.
    """
    from .frontends import import_model

    progress("reading the model")
    graph = import_model(path, rounding=options.rounding)
    return build_graph(graph, out, options, progress, Model(file=path.name, sha256=digest(path)))


def build_graph(graph: Graph, out: Path, options: BuildOptions,
                progress: Progress = _quiet, model: Model | None = None) -> Manifest:
    """Build an imported network into the folder ``out``; see :func:`build_model`."""
    progress("compiling to integers")
    compiled = compile_graph(graph, PassOptions(forms=dict(options.forms)))
    core = core_graph(compiled.graph)
    parts = partition(compiled.graph)
    progress("mapping to units")
    plan = _plan(core, options)
    design = assemble(core, plan, identifier(graph.name))
    progress("writing Verilog")
    return emit(design, out, graph=compiled.graph, imported=graph,
                host=Host(head=tuple(n.name for n in parts.head),
                          tail=tuple(n.name for n in parts.tail)),
                proof=compiled.report, model=model,
                stimulus={**stimulus_for(core, options.samples), **options.stimulus})


def _plan(core: Graph, options: BuildOptions) -> Plan:
    if options.plan is not None:
        return options.plan
    plan = default_plan(core, device(options.device), clock_mhz=options.clock_mhz,
                        rate=options.rate)
    if not options.units:
        return plan
    return apply_changes(plan, options.units)


def apply_changes(plan: Plan, changes: Mapping[str, Mapping[str, Any]]) -> Plan:
    """``plan`` with fields of its units changed, by job name.

    Raises
    ------
    InputFault
        If there is no such job or field, or a value is impossible.
    """
    import msgspec

    units = list(plan.units)
    for job, fields in changes.items():
        place = next((k for k, unit in enumerate(units) if job in unit.jobs), None)
        if place is None:
            known = ", ".join(name for unit in units for name in unit.jobs)
            raise InputFault(f"plan: no layer {job!r}; there are {known}")
        try:
            plain = {**msgspec.to_builtins(units[place]), **fields}
            units[place] = msgspec.convert(plain, type(units[place]))
        except msgspec.ValidationError as error:
            raise InputFault(f"plan: layer {job!r}: {error}") from error
    return msgspec.structs.replace(plan, units=tuple(units))


def stimulus_for(core: Graph, samples: int, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Random codes for every input of ``core``: the first samples are the extremes."""
    rng = np.random.default_rng(seed)
    stimulus = {}
    for name in core.inputs:
        tensor = core.tensors[name]
        form, shape = tensor.format, tuple(extent((d,)) for d in tensor.shape)
        codes = rng.integers(form.min, form.max, (samples, *shape), endpoint=True)
        for place, value in enumerate((form.min, form.max)):
            codes[place:place + 1] = value
        stimulus[name] = codes.astype(form.dtype)
    return stimulus
