"""Random small dense networks, and many of them in one emulated top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import msgspec
import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from boards.devices import device
from gen.assemble import assemble
from gen.build import stimulus_for
from gen.mapping.default import default_plan
from gen.mapping.plan import Plan, Unit
from gen.passes import compile_graph
from sw_model.formats import BipolarFormat, Format, IntFormat, TernaryFormat
from sw_model.graph import Graph
from sw_model.ops import ArgMax, MatMul, Operator, RescaleMode
from sw_model.partition import core_graph

from .graphs import NetworkBuilder
from .many_designs import emulate

__all__ = ["Drawn", "check_networks", "draw_networks"]

ACTIVATIONS: tuple[Format, ...] = (
    IntFormat(8), IntFormat(4), IntFormat(3, signed=False), IntFormat(8, signed=False),
    BipolarFormat(), TernaryFormat())
WEIGHTS: tuple[Format, ...] = (
    IntFormat(8), IntFormat(4), IntFormat(2), BipolarFormat(), TernaryFormat())


@dataclass(frozen=True)
class Drawn:
    """A random network by its numbers: enough to make it again."""

    seed: int
    widths: tuple[int, ...]
    vectors: int
    activations: tuple[Format, ...]
    weights: tuple[Format, ...]
    biased: tuple[bool, ...]
    steps: tuple[str, ...]
    ends_in_argmax: bool
    foldings: tuple[tuple[int, int], ...]
    lanes: tuple[int, ...]
    shares: bool


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    """Widths, formats, scales' kinds, activations, foldings and sharing."""
    layers = draw(st.sampled_from([1, 1, 1, 2, 2, 3]))
    each = {"min_size": layers, "max_size": layers}
    steps = st.sampled_from([*(mode.value for mode in RescaleMode), "real", "normalised", "relu"])
    return Drawn(
        seed=draw(st.integers(0, 2**32 - 1)),
        widths=tuple(draw(st.lists(st.integers(1, 8), min_size=layers + 1, max_size=layers + 1))),
        vectors=draw(st.sampled_from([1, 1, 1, 2])),
        activations=tuple(draw(st.lists(st.sampled_from(ACTIVATIONS), **each))),
        weights=tuple(draw(st.lists(st.sampled_from(WEIGHTS), **each))),
        biased=tuple(draw(st.lists(st.booleans(), **each))),
        steps=tuple(draw(st.lists(steps, **each))),
        ends_in_argmax=draw(st.booleans()),
        foldings=tuple(draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), **each))),
        lanes=tuple(draw(st.lists(st.integers(1, 3), min_size=2 * layers, max_size=2 * layers))),
        shares=draw(st.booleans()))


def draw_networks(count: int) -> list[Drawn]:
    """``count`` networks, the same ones every time; no two are alike but for their seeds.

    There are fewer if Hypothesis repeats itself more than it does: now one in twenty.
    """
    found: dict[Drawn, Drawn] = {}

    # A failure names its network; shrinking would compile for hours.
    @settings(derandomize=True, deadline=None, database=None, phases=[Phase.generate],
              max_examples=count + count // 4)
    @given(networks())
    def collect(one: Drawn) -> None:
        found.setdefault(replace(one, seed=0), one)
    collect()
    return list(found.values())[:count]


def imported(drawn: Drawn) -> Graph:
    """The network as a frontend would import it."""
    rng = np.random.default_rng(drawn.seed)
    builder = NetworkBuilder(f"n{drawn.seed}")
    shape = (drawn.widths[0],) if drawn.vectors == 1 else (drawn.vectors, drawn.widths[0])
    form = drawn.activations[0]
    here = builder.input("x", shape, form)
    for k, (rows, cols) in enumerate(zip(drawn.widths[1:], drawn.widths, strict=False)):
        weights = drawn.weights[k]
        matrix = rng.integers(weights.min, weights.max, (rows, cols), endpoint=True)
        bias = rng.integers(-300, 301, rows) if drawn.biased[k] else None
        zero = int(rng.integers(form.min, form.max + 1)) if isinstance(form, IntFormat) else 0
        here = builder.matmul(f"fc{k}", here, matrix, bias, format_=weights, zero_point=zero)
        last = k == len(drawn.widths) - 2
        if last and drawn.steps[k] == "real":
            break
        form = drawn.activations[(k + 1) % len(drawn.activations)]
        here = _activation(builder, rng, drawn.steps[k], k, here, form, rows, cols)
    if drawn.ends_in_argmax and not isinstance(builder.tensors[here].format, BipolarFormat):
        here = builder.node(ArgMax, "best", here)
    return builder.build(here)


def _activation(builder: NetworkBuilder, rng: np.random.Generator, step: str, k: int, acc: str,
                form: Format, rows: int, cols: int) -> str:
    """One way from accumulators to codes of ``form``."""
    spread = 4.0 * cols * 16
    scales = (rng.uniform(0.3, 3.0, int(rng.choice([1, rows]))) * form.fixed_max / spread)
    modes = {mode.value: mode for mode in RescaleMode}
    if step in modes and isinstance(form, IntFormat):
        zero = int(rng.integers(form.min, form.max + 1))
        return builder.rescale(f"act{k}", acc, scales.tolist(), modes[step], format_=form,
                               zero_point=zero, low=form.min, high=form.max)
    real = builder.dequantise(f"real{k}", acc, scales.astype(np.float32))
    if step == "normalised":
        real = builder.batch_normalisation(
            f"norm{k}", real, *(rng.normal(0, 1, rows).astype(np.float32) for _ in range(3)),
            rng.uniform(0.1, 2, rows).astype(np.float32))
    if step == "relu":
        real = builder.relu(f"relu{k}", real)
    if step == "real":
        real = builder.arithmetic(f"add{k}", Operator.ADD, real, np.float32(rng.normal()))
    return builder.quantise(f"act{k}", real, np.float32(rng.uniform(0.5, 2)), form)


def planned(core: Graph, drawn: Drawn, prefix: str) -> Plan:
    """The default plan with drawn foldings; perhaps one unit for layers that can share.

    Names are short: those of wires are made of them, and Verilator's output of those.
    """
    plan = default_plan(core, device("ecp5-85k"), clock_mhz=50)
    lanes = iter(drawn.lanes * 2)
    foldings = iter(drawn.foldings)
    units = []
    for letter, unit in zip(ascii_lowercase, plan.units, strict=False):
        rows, width = next(foldings) if unit.kind == "dense" else (1, next(lanes))
        units.append(msgspec.structs.replace(unit, name=f"{prefix}{letter}", rows=rows,
                                             lanes=width))
    if drawn.shares:
        units = _shared(core, units)
    return msgspec.structs.replace(plan, units=tuple(units))


def _shared(core: Graph, units: Sequence[Unit]) -> list[Unit]:
    """Dense units of like formats as one."""
    nodes = {node.name: node for node in core.nodes}
    groups: dict[Any, list[Unit]] = {}
    for unit in units:
        node = nodes[unit.jobs[0]]
        key: Any = unit.name
        if isinstance(node, MatMul):
            key = tuple(str(t.format) if isinstance(t.format, BipolarFormat) else "values"
                        for t in core.input_tensors(node)[:2])
        groups.setdefault(key, []).append(unit)
    return [msgspec.structs.replace(group[0], jobs=tuple(j for unit in group for j in unit.jobs))
            for group in groups.values()]


def check_networks(drawn: Sequence[Drawn], folder: Path, *, samples: int = 12) -> None:
    """Build all networks into one top; golden and emulated outputs must be equal.

    The imported network's own arithmetic is the reference, the compiled one is held to it.
    """
    designs, inputs, expected = [], {}, {}
    for k, one in enumerate(drawn):
        graph = imported(one)
        compiled = compile_graph(graph).graph
        core = core_graph(compiled)
        stimulus = stimulus_for(core, samples, seed=one.seed)
        assert list(core.inputs) == ["x"]
        reference = graph.trace(stimulus)
        trace = core.trace(stimulus)
        for name in core.outputs:
            np.testing.assert_array_equal(trace[name], reference[name], f"{one}")
            expected[f"n{k}_{name}"] = (one, trace[name])
        inputs[f"n{k}_x"] = stimulus["x"]
        designs.append(assemble(core, planned(core, one, f"n{k}"), f"n{k}"))
    emulator = emulate(designs, folder)
    for idle, stall in ((0.0, 0.0), (0.3, 0.3)):
        run = emulator.run(inputs, idle=idle, stall=stall, seed=1)
        for name, (one, values) in expected.items():
            np.testing.assert_array_equal(run.outputs[name].reshape(values.shape), values,
                                          f"{one}, stalls {stall}")
    fed = emulator.run(inputs)
    for k, design in enumerate(designs):
        predicted = design.plan.prediction
        assert predicted is not None
        cycles = fed.delivered[f"u{k}__o"]
        half = samples // 2
        measured = (int(cycles[-1]) - int(cycles[half - 1])) / (samples - half)
        assert measured <= predicted.interval, f"{drawn[k]}: {measured} > {predicted}"
