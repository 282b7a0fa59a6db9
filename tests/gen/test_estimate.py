"""Estimates of whole designs: those of default plans, shared units, and what does not fit."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from boards.devices import MemoryBlocks, device
from gen.assemble import assemble
from gen.build import Budget, BuildOptions, design_graph
from gen.estimate import misfit, uses
from gen.mapping.default import default_plan
from gen.mapping.plan import Plan, Unit
from gen.mapping.prices import choices_for
from sw_model.formats import IntFormat
from sw_model.ops import RescaleMode
from tests.support.graphs import NetworkBuilder

ECP5 = device("ecp5-25k")


def chain(*sizes):
    """A core of dense layers, each with a rescale."""
    rng, builder = np.random.default_rng(1), NetworkBuilder("chain")
    here = builder.input("x", (sizes[0],), IntFormat(8))
    for k, (cols, rows) in enumerate(pairwise(sizes)):
        here = builder.matmul(f"fc{k}", here, rng.integers(-90, 90, (rows, cols)))
        here = builder.rescale(f"fc{k}_scaled", here, [0.004] * rows,
                               RescaleMode.EXACT_HALF_EVEN)
    return design_graph(builder.build(here), BuildOptions()).core


def test_a_default_plan_is_estimated_as_it_was_priced():
    core = chain(24, 20, 8)
    plan = default_plan(core, ECP5, clock_mhz=50, rate=1e5)
    prices = [next(choice.price for choice in choices_for(core, node, ECP5, unit.rows, unit.lanes)
                   if choice.rows == unit.rows) for node in core.nodes
              for unit in [plan.unit_of(node.name)]]
    found = assemble(core, plan, "top").plan.estimate
    assert found.dsps == sum(price.multipliers for price in prices) > 0
    assert found.block_rams == sum(price.block_rams for price in prices) > 0
    assert found.luts == math.ceil(sum(price.luts for price in prices))


def test_a_shared_unit_counts_once():
    core = chain(24, 20, 20)
    rescales = [node.name for node in core.nodes if not node.name[-1].isdigit()]
    units = [Unit(name=f"u{k}", kind="multiply_add_shift", jobs=(job,), lanes=1)
             for k, job in enumerate(rescales)]
    apart = [Unit(name=name, kind="dense", jobs=(name,), rows=4, lanes=4) for name in
             ("fc0", "fc1")]
    both = [Unit(name="fc", kind="dense", jobs=("fc0", "fc1"), rows=4, lanes=4)]
    one, two = (assemble(core, Plan(network="chain", device="ecp5-25k", clock_mhz=50,
                                    units=(*dense, *units)), "top").plan.estimate
                for dense in (both, apart))
    assert two.dsps - one.dsps == 16
    assert one.luts < two.luts


def test_kinds_have_prices_of_their_own():
    """Without multipliers those take more lookup tables that would have multiplied."""
    core = chain(24, 20, 8)
    found = {}
    for pe in ("parallel", "exact", "bit_weight", "weight_serial", "mixed"):
        options = BuildOptions(device="ecp5-25k", units={"*": {"pe": pe, "rows": 2, "lanes": 4}})
        plan = design_graph(core, options).design.plan
        found[pe] = plan.estimate
    scaling = found["bit_weight"].dsps  # of rescales alone
    assert found["parallel"].dsps == found["exact"].dsps == scaling + 16
    assert found["weight_serial"].dsps == scaling
    assert found["mixed"].dsps == scaling + 8
    assert found["bit_weight"].luts > found["parallel"].luts
    assert found["bit_weight"].luts > found["weight_serial"].luts


@pytest.mark.parametrize(("chip", "said"), [
    ({}, None),
    ({"dsps": 1}, "estimated 4 of 1 DSPs: does not fit ecp5-25k"),
    ({"luts": 1, "block_rams": MemoryBlocks(0, 0)},
     "estimated 500 of 1 lookup tables, 3 of 0 block RAMs: does not fit ecp5-25k")])
def test_what_does_not_fit(monkeypatch, chip, said):
    monkeypatch.setattr("gen.estimate.device", lambda _: replace(ECP5, **chip))
    plan = msgspec.json.decode(msgspec.json.encode({
        "network": "n", "device": "ecp5-25k", "clock_mhz": 50, "units": [],
        "estimate": {"luts": 500, "dsps": 4, "block_rams": 3, "error": 0.2}}), type=Plan)
    assert misfit(plan) == said
    assert uses(plan)["dsps"] == {"used": 4, "available": chip.get("dsps", 28)}


def test_nothing_is_said_where_nothing_was_estimated():
    plan = Plan(network="n", device="ecp5-25k", clock_mhz=50, units=())
    assert (uses(plan), misfit(plan)) == ({}, None)


@pytest.mark.parametrize("share", [0, 0.01])
def test_a_budget_without_dsp_blocks(share):
    """Also where the share of a small device is less than one of them."""
    graph = chain(12, 6)
    options = BuildOptions(device="ecp5-25k", budget=Budget(dsp=share))
    plan = design_graph(graph, options).design.plan
    assert not plan.dsp
    assert plan.estimate.dsps == 0
    assert uses(plan)["dsps"] == {"used": 0, "available": 0}
    whole = design_graph(graph, BuildOptions(device="ecp5-25k", budget=Budget())).design.plan
    assert whole.dsp
    assert whole.estimate.dsps > 0
