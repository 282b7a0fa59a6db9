"""From a model to a build folder: import, compile, map, assemble, emit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from boards.devices import device
from sw_model.faults import Verdict
from sw_model.graph import Graph
from sw_model.node import extent
from sw_model.ops import RescaleMode
from sw_model.partition import core_graph, partition
from verif.manifest import Host, Manifest, Model, digest

from .assemble import assemble
from .design import Design
from .earlier import refuse_strangers
from .emit import emit
from .mapping.changes import apply_changes, changes_by_job
from .mapping.default import Folding, default_plan
from .mapping.plan import Plan
from .names import identifier
from .passes import Compiled, PassOptions, compile_graph

__all__ = ["Budget", "BuildOptions", "Built", "Designed", "build_graph", "build_model",
           "design_graph", "stimulus_for"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Budget:
    """Shares of a device's lookup tables, multipliers and block RAM, each up to 1; without a
    share of the multipliers none is used."""

    lut: float = 1.0
    dsp: float = 1.0
    bram: float = 1.0


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
        Fields of the default plan's units that are given, by job; ``*`` stands for every
        layer that does not say a field itself, with as many rows and lanes as it has.
    forms : mapping of str to str
        Form of the rescale behind a layer, by layer.
    rounding : RescaleMode or None
        For models that leave the choice (TFLite).
    samples : int
        Random inputs that are kept as stimulus.
    stimulus : mapping of str to array
        Inputs to verify with instead, by name of the core's inputs.
    budget : Budget or None
        Shares of the device that may be taken; None for a network that may also be too
        large for it.
    simulators : tuple of str
        That ``gatemill verify`` takes by default.
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
    budget: Budget | None = None
    simulators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Built:
    """A design that was built.

    Parameters
    ----------
    folder : Path
        Of the build.
    manifest : Manifest
    sweep : bool
        Whether it is one of several that were asked for at once.
    """

    folder: Path
    manifest: Manifest
    sweep: bool = False


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


@dataclass(frozen=True)
class Designed:
    """A network on its way to Verilog.

    Parameters
    ----------
    imported : Graph
        As the frontend made it.
    compiled : Compiled
        The integer network, and what was proven about it.
    core : Graph
        What becomes hardware.
    design : Design
        The hardware, its plan and its memories.
    """

    imported: Graph
    compiled: Compiled
    core: Graph
    design: Design


def design_graph(graph: Graph, options: BuildOptions, progress: Progress = _quiet) -> Designed:
    """Compile, map and assemble an imported network; see :func:`build_model` for what is raised."""
    progress("compiling to integers")
    compiled = compile_graph(graph, PassOptions(forms=dict(options.forms)))
    core = core_graph(compiled.graph)
    progress("mapping to units")
    design = assemble(core, _plan(core, options), identifier(graph.name))
    _check_memory(design, options)
    _check_rate(design, options)
    return Designed(graph, compiled, core, design)


def build_graph(graph: Graph, out: Path, options: BuildOptions,
                progress: Progress = _quiet, model: Model | None = None) -> Manifest:
    """Build an imported network into the folder ``out``; see :func:`build_model`."""
    refuse_strangers(out)
    made = design_graph(graph, options, progress)
    parts = partition(made.compiled.graph)
    progress("writing Verilog")
    return emit(made.design, out, graph=made.compiled.graph, imported=graph,
                host=Host(head=tuple(n.name for n in parts.head),
                          tail=tuple(n.name for n in parts.tail)),
                proof=made.compiled.report, model=model, simulators=options.simulators,
                stimulus={**stimulus_for(made.core, options.samples), **options.stimulus})


def _plan(core: Graph, options: BuildOptions) -> Plan:
    if options.plan is not None:
        return options.plan
    target, budget = device(options.device), options.budget
    if budget is not None:
        rams = replace(target.block_rams, count=int(target.block_rams.count * budget.bram))
        target = replace(target, luts=int(target.luts * budget.lut),
                         dsps=int(target.dsps * budget.dsp), block_rams=rams)
    changes = changes_by_job(core, options.units)
    foldings = {job: Folding(fields.get("rows"), fields.get("lanes"),
                             fields.get("memory", "auto"), fields.get("pe", "parallel"))
                for job, fields in changes.items()}
    dsp = target.dsps > 0 or device(options.device).dsps == 0
    plan = default_plan(core, target, clock_mhz=options.clock_mhz, rate=options.rate,
                        foldings=foldings, must_fit=budget is not None)
    return apply_changes(msgspec.structs.replace(plan, dsp=dsp), changes)


def _check_rate(design: Design, options: BuildOptions) -> None:
    """Raise Verdict if the schedule is slower than the rate that was asked for."""
    prediction = design.plan.prediction
    if options.rate is None or prediction is None:
        return
    reached = options.clock_mhz * 1e6 / prediction.interval
    if reached < options.rate:
        raise Verdict(f"the plan gives {reached:,.0f} inferences a second at "
                      f"{options.clock_mhz:g} MHz, but {options.rate:,.0f} were asked for")


def _check_memory(design: Design, options: BuildOptions) -> None:
    """Raise Verdict if read-only memories exceed the budget's block RAM."""
    if options.budget is None:
        return
    bits = sum(image.width * len(image.words) for image in design.memories
               if image.where != "lut_rom")
    there = int(device(options.device).block_rams.total_bits * options.budget.bram)
    if bits > there:
        raise Verdict(f"weights and tables of {bits} bits are more than the {there} bits of block "
                      f"RAM that the budget gives of {options.device}")


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
