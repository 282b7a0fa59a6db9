"""The static schedule against a simulation of the netlist's handshakes, cycle by cycle."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gen.assemble import assemble
from gen.mapping.plan import Unit
from sw_model.formats import IntFormat
from tests.support.cores import layer, plan_of, random_core, random_plan
from tests.support.dataflow import Stuck, flow
from tests.support.graphs import NetworkBuilder

DESIGNS = 30


def dense(*jobs, rows=1, lanes=1, name=""):
    return Unit(name=name or f"{jobs[0]}_unit", kind="dense", jobs=jobs, rows=rows, lanes=lanes)


def rescale(*jobs, lanes=1):
    return Unit(name=f"{jobs[0]}_unit", kind="framework_rescale", jobs=jobs, lanes=lanes)


def chain(*widths):
    """Layers of these widths, one behind the other, ending in accumulators."""
    builder = NetworkBuilder("chain")
    here = builder.input("x", widths[:1], IntFormat(8))
    for k, rows in enumerate(widths[1:]):
        here = layer(builder, f"fc{k}", here, rows, rescaled=k < len(widths) - 2)
    return builder.build(here)


@pytest.fixture(scope="module")
def designs():
    """Networks of any topology on units shared and folded in any way."""
    made = []
    for seed in range(DESIGNS):
        rng = np.random.default_rng(seed)
        core = random_core(rng)
        made.append(assemble(core, random_plan(rng, core), "top"))
    return made


def test_interval_and_latency_are_reached(designs):
    """The prediction is whole; where samples take turns in two rhythms it is rounded up."""
    for seed, design in enumerate(designs):
        predicted = design.plan.prediction
        seen = flow(design, 14)
        assert predicted.interval - 1 < seen.interval(6) <= predicted.interval, seed
        assert seen.latency == predicted.latency, seed


@pytest.mark.parametrize(("idle", "stall"), [(0.4, 0.0), (0.0, 0.6), (0.3, 0.3)])
def test_no_stall_leads_to_a_deadlock(designs, idle, stall):
    for seed, design in enumerate(designs):
        flow(design, 5, idle=idle, stall=stall, seed=seed)


def test_designs_are_of_every_kind(designs):
    """The property tests mean something: forks, queues, shared units, several ports."""
    plans = [design.plan for design in designs]
    parts = [name for design in designs for name in design.component.parts]
    for ending in ("_fork", "_route", "_select", "_up", "_down", "_queue"):
        assert sum(name.endswith(ending) for name in parts) >= 5, ending
    assert sum(len(plan.units) < len(plan.schedule) for plan in plans) >= 10
    for direction in ("in", "out"):
        counts = [sum(s.direction == direction for s in design.streams) for design in designs]
        assert max(counts) > 1


def test_ready_runs_in_no_circle(designs):
    """From a queue of two words on ``ready`` comes out of a register; every circle needs one."""
    for design in designs:
        onward = {}
        for link in design.plan.links:
            if max(link.queue, link.entry_queue) < 2 and link.source and link.target:
                onward.setdefault(link.source, set()).add(link.target)
        while leaves := set().union(*onward.values(), ()) - set(onward):
            onward = {unit: rest for unit, after in onward.items() if (rest := after - leaves)}
        assert not onward, onward


def test_a_unit_that_follows_itself_has_registers_in_between():
    """One table after another on the same unit: the word in between waits for no turn."""
    builder = NetworkBuilder("loop")
    here = builder.input("x", (1,), IntFormat(4))
    for name in ("first", "second"):
        here = builder.table(name, here, [np.arange(16) - 8], IntFormat(4))
    core = builder.build(here)
    unit = Unit(name="both", kind="table", jobs=("first", "second"), lanes=1)
    design = assemble(core, plan_of(unit), "top")
    (link,) = (each for each in design.plan.links if each.source == each.target)
    assert link.queue == 2
    assert flow(design, 8).interval(4) == design.plan.prediction.interval


@pytest.mark.parametrize(("rows", "lanes"), [(1, 1), (7, 12), (3, 5), (7, 1), (1, 12), (9, 20)])
def test_a_layer_takes_its_folds(rows, lanes):
    design = assemble(chain(12, 7), plan_of(dense("fc0", rows=rows, lanes=lanes)), "top")
    assert design.plan.prediction.interval == math.ceil(7 / rows) * math.ceil(12 / lanes)


def test_a_pipeline_takes_its_slowest_unit():
    core = chain(12, 8, 6, 4)
    design = assemble(core, plan_of(
        dense("fc0", rows=4, lanes=4), rescale("fc0_rescale"), dense("fc1", rows=2, lanes=2),
        rescale("fc1_rescale"), dense("fc2", rows=1, lanes=3)), "top")
    assert design.plan.prediction.interval == 12
    busy = {job.job: job.busy for job in design.plan.schedule}
    assert busy["fc0"] == 6
    assert busy["fc1"] >= 12  # it may wait within a vector


def test_the_slower_of_two_branches_counts_even_if_it_ends_first():
    """One branch is slow and short, the other quick, but long on its way."""
    builder = NetworkBuilder("branches")
    slow = layer(builder, "slow", builder.input("x", (6,), IntFormat(8)), 5, rescaled=False)
    here = builder.input("y", (8,), IntFormat(8))
    for k in range(5):
        here = layer(builder, f"quick{k}", here, 8)
    units = [dense("slow")]
    for k in range(5):
        units += [dense(f"quick{k}", rows=4, lanes=2), rescale(f"quick{k}_rescale", lanes=4)]
    design = assemble(builder.build(slow, here), plan_of(*units), "top")
    assert design.plan.prediction.interval == 30
    assert design.plan.prediction.latency > 60
    assert flow(design, 10).interval(4) == 30


def test_words_wait_for_many_samples():
    """A shared unit serves first what takes long to come, so that the other words pile up."""
    builder = NetworkBuilder("late")
    x = builder.input("x", (2,), IntFormat(8))
    here = x
    for k in range(6):
        here = layer(builder, f"step{k}", here, 2)
    late = layer(builder, "late", here, 2, rescaled=False)
    early = layer(builder, "early", x, 2, rescaled=False)
    units = [dense("late", "early", rows=2, lanes=2, name="both")]
    for k in range(6):
        units += [dense(f"step{k}", rows=2, lanes=2), rescale(f"step{k}_rescale", lanes=2)]
    design = assemble(builder.build(late, early), plan_of(*units), "top")
    plan = design.plan
    assert plan.prediction.interval == 2
    (queue,) = (link.queue for link in plan.links
                if link.tensors == ("x",) and link.target == "both")
    start = next(job.start for job in plan.schedule if job.job == "early")
    assert queue >= start // 2 > 20
    seen = flow(design, 3 * queue)
    assert seen.interval(queue) == 2
    name = next(name for name in design.component.parts if name.endswith("both_queue"))
    assert flow(design, 3 * queue, depths={name: queue - 4}).interval(queue) > 2


def test_depths_are_needed(designs):
    """Queues of half their words: slower or stuck, in many a design; faster in none."""
    slower = 0
    for design in designs[:15]:
        halves = {buffer.name: buffer.words // 2 for buffer in design.plan.buffers
                  if buffer.name.endswith("_queue") and buffer.words > 2}
        if not halves:
            continue
        try:
            seen = flow(design, 14, depths=halves).interval(6)
        except Stuck:
            slower += 1
            continue
        assert seen >= flow(design, 14).interval(6)
        slower += seen > design.plan.prediction.interval
    assert slower >= 3
