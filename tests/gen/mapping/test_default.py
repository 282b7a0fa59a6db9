"""The default plan: within the budget, as quick as it allows, no link slower than its units."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from boards.devices import MemoryBlocks, device
from gen.assemble import assemble
from gen.frontends import import_model
from gen.mapping.default import LUT_SHARE, Folding, default_plan
from gen.mapping.prices import ERROR, Price, choices_for
from gen.passes import compile_graph
from hw.pe import PE_KINDS, DotSpec
from sw_model.faults import Unsupported, Verdict
from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat
from sw_model.ops import MatMul, MultiThreshold, RescaleMode
from sw_model.partition import core_graph
from tests.conftest import ROOT
from tests.support.cores import layer, random_core
from tests.support.graphs import NetworkBuilder

ECP5 = device("ecp5-25k")
INT8 = IntFormat(8)


def chain(*widths, activations=INT8, weights=INT8, vectors=1):
    """Dense layers; between them a line with factors for every channel."""
    rng = np.random.default_rng(sum(widths))
    builder = NetworkBuilder("chain")
    shape = widths[:1] if vectors == 1 else (vectors, widths[0])
    here = builder.input("x", shape, activations)
    for k, (rows, cols) in enumerate(zip(widths[1:], widths, strict=False)):
        matrix = rng.integers(weights.min, weights.max, (rows, cols), endpoint=True)
        here = builder.matmul(f"fc{k}", here, matrix, format_=weights, accumulator=IntFormat(24))
        if k < len(widths) - 2:
            here = builder.rescale(f"act{k}", here, rng.uniform(0.001, 0.01, rows).tolist(),
                                   RescaleMode.EXACT_HALF_EVEN)
    return core_graph(compile_graph(builder.build(here)).graph)


def cycles_of(core, unit):
    """Cycles for which a sample keeps a unit."""
    node = next(node for node in core.nodes if node.name in unit.jobs)
    shape = core.tensors[node.inputs[0]].shape
    vectors = math.prod(shape[:-1])
    if isinstance(node, MatMul):
        rows, cols = core.tensors[node.inputs[1]].shape
        step = PE_KINDS[unit.pe].interval_of(DotSpec(*(
            core.tensors[name].format for name in node.inputs[:2]), unit.lanes))
        return vectors * math.ceil(rows / unit.rows) * math.ceil(cols / unit.lanes) * step
    return vectors * math.ceil(shape[-1] / unit.lanes)


def interval_of(core, plan):
    """Of the slowest unit."""
    return max(cycles_of(core, unit) for unit in plan.units)


def price_of(core, plan, target):
    """Of all units together, by estimate."""
    total = Price()
    for unit in plan.units:
        node = next(node for node in core.nodes if node.name in unit.jobs)
        rows = unit.rows if unit.kind == "dense" else None
        (choice,) = choices_for(core, node, target, rows, unit.lanes, pe=unit.pe)
        total = total.plus(choice.price)
    return total


CORES = {
    "int8": chain(24, 20, 10), "narrow": chain(30, 18, 8, weights=IntFormat(3)),
    "bipolar": chain(40, 12, activations=BipolarFormat(), weights=BipolarFormat()),
    "ternary": chain(33, 16, 7, weights=TernaryFormat()), "vectors": chain(9, 12, 5, vectors=3)}


@pytest.mark.parametrize("name", CORES)
@pytest.mark.parametrize("target", ["ecp5-12k", "ice40-up5k", "xilinx-xc7a35t"])
def test_fits_and_is_as_quick_as_its_units(name, target):
    core, target = CORES[name], device(target)
    plan = default_plan(core, target, clock_mhz=50)
    assert (plan.device, plan.clock_mhz) == (target.name, 50)
    taken = price_of(core, plan, target)
    assert taken.multipliers <= target.dsps
    assert taken.luts <= LUT_SHARE * target.luts
    assert taken.block_rams <= target.block_rams.count
    multipliers = sum(unit.rows * unit.lanes for unit in plan.units if unit.kind == "dense")
    if name in ("int8", "vectors"):
        assert not target.dsps or multipliers <= target.dsps
    else:
        assert taken.multipliers <= multipliers / 2  # of rescale units alone
    full = assemble(core, plan, "top").plan
    assert full.prediction.interval == interval_of(core, plan)


@pytest.mark.parametrize("pe", ["exact", "table", "lut", "serial_lut", "packed", "mixed",
                                "bit_weight", "carry_save_tree", "weight_serial", "booth", "csd"])
def test_any_kind_fits_and_is_as_quick_as_its_units(pe):
    """Those that take several cycles for a word are counted so."""
    core = CORES["narrow"]
    foldings = {node.name: Folding(pe=pe) for node in core.nodes if isinstance(node, MatMul)}
    plan = default_plan(core, ECP5, clock_mhz=50, foldings=foldings)
    assert {unit.pe for unit in plan.units if unit.kind == "dense"} == {pe}
    taken = price_of(core, plan, ECP5)
    assert taken.multipliers <= ECP5.dsps
    assert taken.luts <= LUT_SHARE * ECP5.luts
    full = assemble(core, plan, "top").plan
    assert full.prediction.interval == interval_of(core, plan)
    assert full.estimate.luts == pytest.approx(taken.luts, rel=0.02)


def test_rate_of_a_kind_that_takes_several_cycles():
    core = CORES["narrow"]
    plans = [default_plan(core, ECP5, clock_mhz=50, rate=5e5, foldings={
        node.name: Folding(pe=pe) for node in core.nodes if isinstance(node, MatMul)})
        for pe in ("parallel", "weight_serial")]
    plain, serial = (sum(unit.rows * unit.lanes for unit in plan.units if unit.kind == "dense")
                     for plan in plans)
    assert serial > 2 * plain
    assert all(interval_of(core, plan) <= 100 for plan in plans)


def test_no_detour_is_slower_than_the_units():
    """Of any topology: neither lanes that do not divide nor reshapes nor forks cost time."""
    for seed in range(25):
        core = random_core(np.random.default_rng(seed))
        plan = default_plan(core, ECP5, clock_mhz=50)
        full = assemble(core, plan, "top").plan
        assert full.prediction.interval == interval_of(core, plan), seed


def test_a_layer_of_primes_behind_another():
    """7 rows would go on in 11 lanes by single elements, 77 a sample: too slow, so not chosen."""
    core = chain(77, 77, 77)
    plan = default_plan(core, replace(ECP5, dsps=200), clock_mhz=50)
    full = assemble(core, plan, "top").plan
    assert full.prediction.interval == interval_of(core, plan) < 77 * 77 / 80


@pytest.mark.parametrize("name", CORES)
def test_more_resources_are_never_slower(name):
    core, before = CORES[name], math.inf
    for scale in (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8, 1, 1.6, 3, 9):
        target = replace(ECP5, luts=int(24_000 * scale), dsps=int(28 * scale) + 1,
                         block_rams=MemoryBlocks(int(56 * scale), ECP5.block_rams.bits))
        interval = interval_of(core, default_plan(core, target, clock_mhz=50))
        assert interval <= before
        before = interval
    assert before < 40


def test_more_of_one_resource_is_never_slower(rng):
    core = CORES["int8"]
    for _ in range(30):
        target = replace(ECP5, luts=int(rng.integers(500, 20_000)), dsps=int(rng.integers(1, 90)))
        more = replace(target, luts=target.luts + int(rng.integers(0, 3000)),
                       dsps=target.dsps + int(rng.integers(0, 9)))
        slow, quick = (interval_of(core, default_plan(core, each, clock_mhz=50))
                       for each in (target, more))
        assert quick <= slow


def test_no_quicker_interval_fits(rng):
    """Against every folding of a single layer."""
    core = chain(14, 9)
    (node,) = core.nodes
    for dsps in (1, 2, 5, 8, 13, 30, 70, 126):
        plan = default_plan(core, replace(ECP5, dsps=dsps), clock_mhz=50)
        best = min(math.ceil(9 / rows) * math.ceil(14 / lanes) for rows in range(1, 10)
                   for lanes in range(1, 15) if rows * lanes <= dsps)
        assert interval_of(core, plan) == best
        (unit,) = plan.units
        least = min(rows * lanes for rows in range(1, 10) for lanes in range(1, 15)
                    if math.ceil(9 / rows) * math.ceil(14 / lanes) <= best)
        assert unit.rows * unit.lanes == least
    assert node.name in unit.jobs


def test_rate():
    core = CORES["int8"]
    quickest = default_plan(core, ECP5, clock_mhz=50)
    for rate in (1e3, 1e5, 5e5, 50e6 / interval_of(core, quickest)):
        plan = default_plan(core, ECP5, clock_mhz=50, rate=rate)
        assert 50e6 / assemble(core, plan, "top").plan.prediction.interval >= rate
        assert price_of(core, plan, ECP5).rank <= price_of(core, quickest, ECP5).rank
    slow = default_plan(core, ECP5, clock_mhz=50, rate=1e3)
    assert all(unit.rows == unit.lanes == 1 for unit in slow.units)
    assert default_plan(core, ECP5, clock_mhz=100, rate=1e6).units == \
        default_plan(core, ECP5, clock_mhz=50, rate=5e5).units


@pytest.mark.parametrize(("clock", "rate", "message"), [
    (50, 49e6, "4.9e+07 inferences a second need an interval of 1 cycles at 50 MHz, but ecp5-25k "
               "allows 30"),
    (1, 2e6, "2e+06 inferences a second need an interval of 0 cycles at 1 MHz, but ecp5-25k "
             "allows 30")])
def test_impossible_rates(clock, rate, message):
    with pytest.raises(Verdict) as caught:
        default_plan(CORES["int8"], ECP5, clock_mhz=clock, rate=rate)
    assert str(caught.value) == message


def test_what_is_too_large_is_planned_at_its_slowest_or_refused():
    core = CORES["int8"]
    tiny = replace(ECP5, luts=200, dsps=1)
    plan = default_plan(core, tiny, clock_mhz=50)
    assert [(unit.rows, unit.lanes) for unit in plan.units] == [(1, 1)] * 3
    with pytest.raises(Verdict, match=r"^the network needs 6 multipliers, about \d+ lookup tables "
                                      r"and 1 block RAMs, but the budget has 1, 167 and 56$"):
        default_plan(core, tiny, clock_mhz=50, must_fit=True)
    with pytest.raises(Verdict, match=r"1000 inferences a second need an interval of 50000 cycles "
                                      r"at 50 MHz, but the network does not fit ecp5-25k$"):
        default_plan(core, tiny, clock_mhz=50, rate=1000)


def test_a_budget_may_be_taken_up_whole():
    core = CORES["narrow"]
    half = replace(ECP5, luts=int(ECP5.luts / 4))
    careful = default_plan(core, half, clock_mhz=50)
    whole = default_plan(core, half, clock_mhz=50, must_fit=True)
    assert interval_of(core, whole) < interval_of(core, careful)
    assert price_of(core, whole, half).luts * (1 + ERROR) <= half.luts


def test_what_is_given_is_kept_and_the_others_keep_pace():
    core = CORES["int8"]
    plan = default_plan(core, ECP5, clock_mhz=50,
                        foldings={"fc0": Folding(rows=7, lanes=5), "fc1": Folding(lanes=3)})
    first, second = (plan.unit_of(name) for name in ("fc0", "fc1"))
    assert (first.rows, first.lanes, second.lanes) == (7, 5, 3)
    assert cycles_of(core, second) <= 70
    single = default_plan(core, ECP5, clock_mhz=50, foldings={"fc0": Folding(1, 1)})
    assert interval_of(core, single) == 480
    assert single.unit_of("fc1").rows * single.unit_of("fc1").lanes == 1


def test_memories_count():
    """A device with little block RAM, or weights that shall not take any."""
    core = chain(64, 64)
    few = replace(ECP5, block_rams=MemoryBlocks(3, ECP5.block_rams.bits))
    plan = default_plan(core, few, clock_mhz=50, rate=50e6 / 4096)
    assert price_of(core, plan, few).block_rams <= 3
    (node,) = core.nodes
    # Two for weights, none for the vector, which is small and no matter of choice.
    for memory, blocks, tables in (("auto", 2, False), ("block", 2, False),
                                   ("distributed", 0, True)):
        (choice,) = choices_for(core, node, ECP5, 1, 1, memory)
        assert choice.price.block_rams == blocks
        assert (choice.price.luts > 2000) == tables


def test_long_staircases_are_searched():
    def core(steps):
        builder = NetworkBuilder("stairs")
        x = builder.input("x", (4,), IntFormat(12))
        count = len(steps)
        return builder.build(builder.node(
            MultiThreshold, "t", x,
            builder.constant("t.t", [np.arange(count) * 3 - 40], IntFormat(12)),
            builder.constant("t.s", [steps], TernaryFormat()),
            builder.constant("t.b", [0], IntFormat(3)), format=INT8))
    kinds = {"few": [1] * 15, "many": [1] * 40, "falling": [-1] * 40, "both": [1] * 20 + [-1] * 20}
    found = {name: default_plan(core(steps), ECP5, clock_mhz=50).units[0].kind
             for name, steps in kinds.items()}
    assert found == {"few": "threshold", "many": "binary_threshold",
                     "falling": "binary_threshold", "both": "threshold"}


def test_networks_without_a_layer():
    empty = replace(CORES["int8"], nodes=(), inputs=(), outputs=(), tensors={})
    with pytest.raises(Unsupported, match="the network has no layer"):
        default_plan(empty, ECP5, clock_mhz=50)


def test_inputs_with_several_readers():
    """The port is as wide as the widest reader; no other is held up by its adapter."""
    builder = NetworkBuilder("heads")
    x = builder.input("x", (35,), INT8)
    core = builder.build(*(layer(builder, f"head{k}", x, rows, rescaled=False)
                           for k, rows in enumerate((3, 16, 5))))
    plan = default_plan(core, ECP5, clock_mhz=50)
    assert assemble(core, plan, "top").plan.prediction.interval == interval_of(core, plan)


def bundled():
    """The digits network of the examples."""
    graph = import_model(ROOT / "examples" / "digits" / "digits.onnx")
    return core_graph(compile_graph(graph).graph)


@pytest.mark.parametrize(("target", "recorded"), [("ecp5-25k", 11_089), ("ecp5-85k", 28_212)])
def test_estimates_beside_recorded_figures(target, recorded):
    """What Yosys 0.70 said of these plans; :func:`test_estimates_beside_synthesis` asks again."""
    core, chip = bundled(), device(target)
    estimate = price_of(core, default_plan(core, chip, clock_mhz=50), chip).luts
    assert recorded / (1 + ERROR) < estimate < recorded * (1 + ERROR)
    assert recorded < 0.6 * chip.luts


@pytest.mark.full
@pytest.mark.parametrize("target", ["ecp5-25k", "ice40-up5k"])
def test_estimates_beside_synthesis(target, tmp_path):
    from boards.synth import synth
    from gen.build import BuildOptions, build_graph

    graph = import_model(ROOT / "examples" / "digits" / "digits.onnx")
    build_graph(graph, tmp_path / "build", BuildOptions(device=target))
    used = synth(tmp_path / "build", device=target)["uses"]["luts"]["used"]
    core, chip = bundled(), device(target)
    estimate = price_of(core, default_plan(core, chip, clock_mhz=50), chip).luts
    assert used / (1 + ERROR) < estimate < used * (1 + ERROR)
    assert used < 0.6 * chip.luts
