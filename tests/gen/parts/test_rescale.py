"""Units with parameters: what their memories say gives what their nodes compute."""

from __future__ import annotations

import numpy as np
import pytest

from gen.assemble import assemble
from gen.mapping.plan import Unit
from hw.rescale.binary_search import BinarySearchThreshold
from hw.rescale.framework import FrameworkRescale
from hw.rescale.multiply_add_shift import MultiplyAddShift
from hw.rescale.threshold import ParallelThreshold
from sw_model.faults import InputFault
from sw_model.formats import IntFormat, TernaryFormat
from sw_model.ops import MultiplyAddShift as MultiplyAddShiftNode
from sw_model.ops import MultiThreshold, RescaleMode
from sw_model.ops.rescale import PLAIN
from tests.support.cores import plan_of
from tests.support.graphs import NetworkBuilder

INT8 = IntFormat(8)
#: Channels of the two jobs, the second of two vectors.
CHANNELS = (5, 3)


def network(make):
    """Two functions side by side, ``make(builder, name, x, number)``, of their own inputs."""
    builder = NetworkBuilder("two")
    outputs = []
    for number, channels in enumerate(CHANNELS):
        shape = (channels,) if number == 0 else (2, channels)
        x = builder.input(f"x{number}", shape, IntFormat(14 + number))
        outputs.append(make(builder, f"f{number}", x, number))
    return builder.build(*outputs)


def unit_on(core, kind, lanes=2, device="ecp5-85k"):
    """Both functions on one unit: the component, and its words of parameters by job."""
    plan = plan_of(Unit(name="u", kind=kind, jobs=("f0", "f1"), lanes=lanes), device=device)
    design = assemble(core, plan, "top")
    component = design.component.parts["u"]
    if not design.memories:
        return component, None
    (image,) = design.memories
    layout = type(component).parameter_layout(component.spec, lanes)
    words = [layout.from_bits(word) for word in image.words]
    jobs, start = [], 0
    for job in design.component.parts["u_parameters"].jobs:
        jobs.append((words[start:start + job.words], job.repeats))
        start += job.words
    return component, jobs


def fields_of(jobs, number, lanes, channel):
    """The parameters of one channel of a job."""
    words, _ = jobs[number]
    return words[channel // lanes % len(words)][channel % lanes]


def given(core, number, rng):
    form = core.tensors[f"x{number}"].format
    codes = rng.integers(form.min, form.max, (200, CHANNELS[number]), endpoint=True)
    codes[:2] = [[form.min], [form.max]]
    return codes


def expected(core, number, codes):
    """Of the node by itself."""
    node = next(node for node in core.nodes if node.name == f"f{number}")
    tensors = core.input_tensors(node)
    return node.run(tensors, [codes, *(t.value for t in tensors[1:])])[0]


def check(core, component, jobs, compute, rng, lanes=2):
    """``compute(component, fields, acc)`` for every channel is what the nodes compute."""
    for number, channels in enumerate(CHANNELS):
        codes = given(core, number, rng)
        right = expected(core, number, codes)
        for channel in range(channels):
            fields = fields_of(jobs, number, lanes, channel)
            assert [compute(component, fields, int(acc)) for acc in codes[:, channel]] == \
                right[:, channel].tolist(), (number, channel)
        words, repeats = jobs[number]
        assert len(words) * repeats == -(-channels // lanes) * (1, 2)[number]


def line(builder, name, x, number, *, shifts=(9, 11), clamps=((-128, 127), (0, 127)),
         shared=False, signs=(1, 2), factors=(40, 400)):
    rng = np.random.default_rng(number)
    channels = 1 if shared else CHANNELS[number]
    most = factors[number]
    return builder.node(
        MultiplyAddShiftNode, name, x,
        builder.constant(f"{name}.m", rng.integers(-most, most, channels), IntFormat(50)),
        builder.constant(f"{name}.b", rng.integers(-9000, 9000, (channels, signs[number])),
                         IntFormat(20)),
        format=INT8, shift=shifts[number], low=clamps[number][0], high=clamps[number][1])


def of_line(component, fields, acc):
    spec = component.spec
    offsets = [fields[f"offset_{k}"] for k in range(spec.signs)]
    return spec.result(acc, fields.multiplier, offsets,
                       fields.shift if spec.extra_shift else 0,
                       fields.clamp if spec.clamps else 0)


@pytest.mark.parametrize(("options", "extra", "clamps"), [
    ({}, 0, 2), ({"clamps": ((-5, 9), (-5, 9))}, 0, 0), ({"shared": True}, 0, 2),
    # A multiplier that would take a block more is shifted at run time instead.
    ({"shifts": (9, 30), "factors": (400, 100_000)}, 21, 2),
    ({"signs": (2, 1), "shifts": (12, 3)}, 0, 2)])
def test_lines_of_several_shifts_signs_and_clamps(rng, options, extra, clamps):
    core = network(lambda *arguments: line(*arguments, **options))
    component, jobs = unit_on(core, "multiply_add_shift")
    assert isinstance(component, MultiplyAddShift)
    assert (component.spec.extra_shift, len(component.spec.clamps)) == (extra, clamps)
    check(core, component, jobs, of_line, rng)


def test_lines_without_multipliers_shift_at_run_time(rng):
    """A multiplier of logic grows with every bit."""
    core = network(lambda *arguments: line(*arguments, shifts=(9, 14), factors=(400, 400)))
    for device, extra in (("ecp5-85k", 0), ("ice40-hx8k", 5)):
        component, jobs = unit_on(core, "multiply_add_shift", lanes=3, device=device)
        assert component.spec.extra_shift == extra
        check(core, component, jobs, of_line, rng, lanes=3)


def test_equal_lines_become_constants():
    def same(builder, name, x, number):
        return builder.node(
            MultiplyAddShiftNode, name, x, builder.constant(f"{name}.m", [77], IntFormat(8)),
            builder.constant(f"{name}.b", [[900]], IntFormat(12)),
            format=INT8, shift=8, low=-128, high=127)
    component, jobs = unit_on(network(same), "multiply_add_shift")
    assert jobs is None
    assert "parameters" not in component.signature.members


def rounding(builder, name, x, number, *, mode=RescaleMode.EXACT_HALF_EVEN, zeros=(3, -7),
             clamps=((-128, 127), (-7, 100)), shared=False):
    rng = np.random.default_rng(10 + number)
    scales = rng.uniform(0.001, 0.02, 1 if shared else CHANNELS[number]).tolist()
    return builder.rescale(name, x, scales, mode, zero_point=zeros[number],
                           low=clamps[number][0], high=clamps[number][1])


def of_rounding(component, fields, acc):
    spec = component.spec
    shift = fields.shift if spec.shifts > 1 else 0
    zero = fields.zero_point if spec.zero_point is None else spec.zero_point
    low, high = spec.clamps[fields.clamp] if spec.clamps else (spec.low, spec.high)
    result = PLAIN[RescaleMode(spec.mode)](*(np.array([v], np.int64) for v in (
        acc, fields.multiplier, spec.exponent_high - shift)))
    return int(np.clip(result + zero, low, high)[0])


@pytest.mark.parametrize("options", [
    {}, {"zeros": (4, 4)}, {"clamps": ((0, 9), (0, 9))}, {"shared": True},
    {"zeros": (0, 0), "clamps": ((-128, 127),) * 2}, {"mode": RescaleMode.TFLITE_DOUBLE}])
def test_roundings_of_several_scales_zero_points_and_clamps(rng, options):
    core = network(lambda *arguments: rounding(*arguments, **options))
    component, jobs = unit_on(core, "framework_rescale")
    assert isinstance(component, FrameworkRescale)
    assert (component.spec.zero_point is None) == ("zeros" not in options)
    check(core, component, jobs, of_rounding, rng)


def test_different_roundings_do_not_share():
    modes = (RescaleMode.FLOOR, RescaleMode.EXACT_HALF_EVEN)
    core = network(lambda b, name, x, k: rounding(b, name, x, k, mode=modes[k]))
    with pytest.raises(InputFault) as caught:
        unit_on(core, "framework_rescale")
    assert str(caught.value) == ("plan: the jobs of unit 'u' differ in rounding (floor, "
                                 "exact_half_even); give them units of their own")


def staircase(builder, name, x, number, *, counts=(4, 2), falls=(False, True), alike=False):
    rng = np.random.default_rng(20 + number)
    rows = 1 if alike else CHANNELS[number]
    thresholds = np.sort(rng.integers(-9000, 9000, (rows, counts[number])), axis=1)
    steps = np.full(thresholds.shape, -1 if falls[number] else 1)
    return builder.node(
        MultiThreshold, name, x, builder.constant(f"{name}.t", thresholds, IntFormat(20)),
        builder.constant(f"{name}.s", steps, TernaryFormat()),
        builder.constant(f"{name}.b", rng.integers(-3, 4, rows), IntFormat(4)), format=INT8)


def of_staircase(component, fields, acc):
    result = fields.base
    for k in range(component.spec.count):
        step = fields.steps[k] if component.spec.signed_steps else 1
        result += step * (acc >= fields.thresholds[k])
    return result


@pytest.mark.parametrize("options", [{}, {"falls": (False, False)}, {"alike": True},
                                     {"counts": (0, 3)}])
def test_staircases_of_several_lengths(rng, options):
    core = network(lambda *arguments: staircase(*arguments, **options))
    component, jobs = unit_on(core, "threshold")
    assert isinstance(component, ParallelThreshold)
    assert component.spec.signed_steps == ("falls" not in options)
    check(core, component, jobs, of_staircase, rng)


@pytest.mark.parametrize("counts", [(4, 2), (2, 5), (3, 0)])
def test_staircases_to_search(rng, counts):
    """Steps that fill up a falling row fall as well: nothing else could be searched."""
    core = network(lambda *arguments: staircase(*arguments, counts=counts))
    component, _ = unit_on(core, "binary_threshold")
    assert isinstance(component, BinarySearchThreshold)
    first = 0
    for number, channels in enumerate(CHANNELS):
        codes = given(core, number, rng)
        right = expected(core, number, codes)
        for channel in range(channels):
            thresholds, base, falls = component.rows[first + channel]
            count = sum(codes[:, channel] >= threshold for threshold in thresholds)
            assert (base + (-count if falls else count)).tolist() == right[:, channel].tolist()
        first += channels


def test_a_staircase_of_several_pieces_has_no_search():
    def both_ways(builder, name, x, number):
        return builder.node(
            MultiThreshold, name, x, builder.constant(f"{name}.t", [[-5, 5]], IntFormat(20)),
            builder.constant(f"{name}.s", [[1, -1]], TernaryFormat()),
            builder.constant(f"{name}.b", [0], IntFormat(4)), format=INT8)
    with pytest.raises(InputFault, match="a staircase that rises and falls has no binary search; "
                                         "use a threshold unit"):
        unit_on(network(both_ways), "binary_threshold")
