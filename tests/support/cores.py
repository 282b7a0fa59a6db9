"""Integer cores of any topology, and random plans for them: what a schedule must cope with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gen.mapping.kinds import kinds_of
from gen.mapping.plan import Plan, Unit
from sw_model.formats import IntFormat
from sw_model.graph import Graph
from sw_model.ops import RescaleMode, Reshape

from .graphs import NetworkBuilder

__all__ = ["layer", "plan_of", "random_core", "random_plan"]


def layer(builder: NetworkBuilder, name: str, x: str, rows: int, *, rescaled: bool = True) -> str:
    """A matrix product of ones and, unless it ends the network, the rescale behind it."""
    cols = builder.tensors[x].shape[-1]
    here = builder.matmul(name, x, np.ones((rows, cols)))
    return builder.rescale(f"{name}_rescale", here, [0.01], RescaleMode.TFLITE_DOUBLE) \
        if rescaled else here


def random_core(rng: np.random.Generator) -> Graph:
    """A few layers, each behind any earlier one; several inputs, outputs and framings."""
    builder = NetworkBuilder("random")
    pool = []
    for k in range(int(rng.choice([1, 1, 2]))):
        shape = (int(rng.integers(1, 10)),)
        shape = (int(rng.integers(2, 4)), *shape) if rng.random() < 0.3 else shape
        pool.append(builder.input(f"x{k}", shape, IntFormat(8)))
    fresh = list(pool)
    outputs = []
    for k in range(int(rng.integers(len(pool), 6))):
        x = fresh.pop(0) if fresh else str(rng.choice(pool[-3:]))
        shape = builder.tensors[x].shape
        if len(shape) == 2 and rng.random() < 0.5:
            x = builder.reshape(f"flat{k}", x, (shape[0] * shape[1],))
        elif len(shape) == 1 and shape[0] % 2 == 0 and rng.random() < 0.3:
            x = builder.reshape(f"cut{k}", x, (2, shape[0] // 2))
        ends = rng.random() < 0.2
        here = layer(builder, f"fc{k}", x, int(rng.integers(1, 12)), rescaled=not ends)
        if ends:
            outputs.append(builder.argmax(f"best{k}", here) if rng.random() < 0.5 else here)
        else:
            pool.append(here)
    read = {name for node in builder.nodes for name in node.inputs}
    outputs += [name for name in pool if name not in read | set(builder.inputs)]
    made = [name for name in pool if name in read and name not in builder.inputs]
    outputs += [name for name in made if rng.random() < 0.2]
    return builder.build(*outputs)


def plan_of(*units: Unit, device: str = "ecp5-85k") -> Plan:
    """A plan of ``units`` alone."""
    return Plan(network="random", device=device, clock_mhz=50.0, units=tuple(units))


def random_plan(rng: np.random.Generator, core: Graph, most: int = 6) -> Plan:
    """Any rows and lanes, and any sharing, of layers that follow one another or not."""
    groups: dict[str, list[list[str]]] = {}
    for node in core.nodes:
        if isinstance(node, Reshape):
            continue
        kind = kinds_of(type(node).__name__)[0]
        there = groups.setdefault(kind, [])
        if there and rng.random() < 0.5:
            there[int(rng.integers(len(there)))].append(node.name)
        else:
            there.append([node.name])
    return plan_of(*(_unit(rng, kind, jobs, most) for kind, each in groups.items()
                     for jobs in each))


def _unit(rng: np.random.Generator, kind: str, jobs: Sequence[str], most: int) -> Unit:
    rows = int(rng.integers(1, most)) if kind == "dense" else 1
    return Unit(name=f"{jobs[0]}_unit", kind=kind, jobs=tuple(jobs), rows=rows,
                lanes=int(rng.integers(1, most)))
