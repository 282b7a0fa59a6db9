"""Units of the library in networks: rows, parameters of channels, shared units, two operands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gen.assemble import assemble
from gen.build import BuildOptions, build_graph
from gen.mapping.kinds import UNIT_KINDS
from gen.mapping.library_prices import fits
from gen.mapping.plan import Unit
from gen.parts import MAKERS
from sw_model import ops
from sw_model.faults import InputFault
from sw_model.formats import FixedFormat, IntFormat
from sw_model.specs import (
    AbsMaxSpec,
    AddSpec,
    BlockQuantiseSpec,
    ExtendedExponentialSpec,
    MultiplySpec,
    OnlineSoftmaxSpec,
    RmsNormSpec,
    SamplerSpec,
    ShiftmaxSpec,
    StochasticShiftSpec,
    TopKSpec,
)
from tests.support.cores import plan_of
from tests.support.graphs import NetworkBuilder
from verif.verify import verify

INT8 = IntFormat(8)


def assert_exact(folder: Path, **settings: Any) -> None:
    """Verified bit for bit, in the time that was predicted."""
    certificate = verify(folder, samples=40, **settings)
    assert certificate.passed
    timing = certificate.timing
    assert (timing.interval, timing.latency) == (timing.predicted_interval,
                                                 timing.predicted_latency)


def norm_spec(longest: int) -> RmsNormSpec:
    return RmsNormSpec(source=INT8, target=FixedFormat(16, 12), longest=longest,
                       gain=IntFormat(16))


def online(tile: int) -> OnlineSoftmaxSpec:
    power = ExtendedExponentialSpec.from_scale(FixedFormat(16, 12), 1.0)
    return OnlineSoftmaxSpec(power=power, target=IntFormat(8, signed=False), tile=tile)


def test_rows_behind_each_other(tmp_path: Path, need, rng) -> None:
    """A norm with a gain for each channel, then softmax, on other lanes."""
    need("verilator")
    builder = NetworkBuilder("rows")
    x = builder.input("x", (3, 10), INT8)
    gain = builder.constant("gain", rng.integers(-2**14, 2**14, 10), IntFormat(16))
    normed = builder.node(ops.RmsNorm, "norm", x, gain, spec=norm_spec(10))
    graph = builder.build(builder.node(ops.OnlineSoftmax, "softmax", normed, spec=online(2)))
    options = BuildOptions(units={"norm": {"lanes": 3}, "softmax": {"lanes": 2}}, samples=40)
    build_graph(graph, tmp_path / "out", options, lambda _: None)
    assert_exact(tmp_path / "out", simulators=())


def test_rows_of_several_lengths_share_a_unit(tmp_path: Path, need) -> None:
    need("verilator")
    builder = NetworkBuilder("shared")
    spec = ShiftmaxSpec.published(INT8, 1 / 16)
    outputs = [builder.node(ops.Shiftmax, f"s{k}", builder.input(f"x{k}", shape, INT8), spec=spec)
               for k, shape in enumerate([(2, 9), (4,), (3, 1)])]
    graph = builder.build(*outputs)
    unit = Unit(name="u", kind="shiftmax", jobs=("s0", "s1", "s2"), lanes=2)
    build_graph(graph, tmp_path / "out", BuildOptions(plan=plan_of(unit), samples=40),
                lambda _: None)
    assert_exact(tmp_path / "out", simulators=())
    other = ShiftmaxSpec.published(INT8, 1 / 8)
    builder = NetworkBuilder("differ")
    outputs = [builder.node(ops.Shiftmax, f"s{k}", builder.input(f"x{k}", (4,), INT8), spec=each)
               for k, each in enumerate((spec, other))]
    unit = Unit(name="u", kind="shiftmax", jobs=("s0", "s1"), lanes=2)
    with pytest.raises(InputFault, match=r"^plan: the jobs of unit 'u' differ in their param"):
        assemble(builder.build(*outputs), plan_of(unit), "top")


def test_a_residual_sum(tmp_path: Path, need) -> None:
    """What a tensor becomes, and the tensor: two ways of unlike delay meet again."""
    need("verilator")
    builder = NetworkBuilder("residual")
    x = builder.input("x", (2, 6), INT8)
    spec = ShiftmaxSpec.published(INT8, 1 / 16)
    softmax = builder.node(ops.Shiftmax, "softmax", x, spec=spec)
    total = builder.node(ops.Add, "sum", x, softmax, spec=AddSpec.of(
        INT8, scale_0=0.5, scale_1=1 / 128, scale_out=0.5))
    graph = builder.build(builder.node(ops.Multiply, "square", total, total, spec=MultiplySpec.of(
        INT8, scale_0=0.5, scale_1=0.5, scale_out=8.0)))
    options = BuildOptions(units={"softmax": {"lanes": 2}, "sum": {"lanes": 3},
                                  "square": {"lanes": 2}}, samples=40)
    build_graph(graph, tmp_path / "out", options, lambda _: None)
    assert_exact(tmp_path / "out", simulators=("icarus",))


def test_results_beside_results(tmp_path: Path, need) -> None:
    """Codes of quantised rows go on, their peaks go nowhere; places of the largest leave with
    them, behind a unit that both results feed."""
    need("verilator")
    builder = NetworkBuilder("results")
    x = builder.input("x", (2, 6), IntFormat(12))
    codes, _ = builder.nodes_of(ops.AbsMaxQuantise, "codes", x,
                                spec=AbsMaxSpec(IntFormat(12), INT8))
    most, places = builder.nodes_of(ops.TopK, "most", codes, k=3)
    total = builder.node(ops.Add, "sum", most, most, spec=AddSpec.of(
        INT8, scale_0=0.5, scale_1=0.5, scale_out=1.0))
    graph = builder.build(total, places)
    options = BuildOptions(units={"codes": {"lanes": 2}, "most": {"lanes": 3}}, samples=40)
    build_graph(graph, tmp_path / "out", options, lambda _: None)
    assert_exact(tmp_path / "out", simulators=("icarus",))


def test_blocks_of_several_tensors_share_a_unit(tmp_path: Path, need) -> None:
    """Tokens are drawn from the codes of one of them."""
    need("verilator")
    builder = NetworkBuilder("blocks")
    spec = BlockQuantiseSpec(INT8, "nvint4<ue5m3>")
    outputs = [builder.nodes_of(ops.BlockQuantise, f"q{k}", builder.input(f"x{k}", shape, INT8),
                                spec=spec) for k, shape in enumerate([(2, 32), (3, 16)])]
    sampler = SamplerSpec(top=TopKSpec(source=IntFormat(4), k=3, longest=32))
    tokens = builder.node(ops.SeededSample, "tokens", outputs[0][0], spec=sampler,
                          multiplier=sampler.multiplier(0.3), seed=3)
    graph = builder.build(tokens, outputs[0][1], *outputs[1])
    units = (Unit(name="u", kind="block_quantise", jobs=("q0", "q1"), lanes=2),
             Unit(name="t", kind="sampler", jobs=("tokens",), lanes=3))
    build_graph(graph, tmp_path / "out", BuildOptions(plan=plan_of(*units), samples=40),
                lambda _: None)
    assert verify(tmp_path / "out", simulators=("icarus",), samples=40).passed
    wide = (Unit(name="u", kind="block_quantise", jobs=("q0", "q1"), lanes=3), units[1])
    with pytest.raises(InputFault, match=r"^plan: lanes of unit 'u' must divide 16, the elements "
                                         r"of a block, not be 3$"):
        assemble(graph, plan_of(*wide), "top")


def test_what_draws_at_random_serves_one_job() -> None:
    """Another job would go on where the first one's draws ended."""
    spec = StochasticShiftSpec(source=INT8, target=INT8, shift_low=2, shift_high=2, seeds=(5,),
                               bits=3)
    top = SamplerSpec(top=TopKSpec(source=INT8, k=2, longest=4))
    for kind, operation, constants, parameters in (
            ("stochastic_shift", ops.StochasticShift, ("shift",), {"spec": spec}),
            ("sampler", ops.SeededSample, (), {"spec": top, "multiplier": 99})):
        builder = NetworkBuilder("random")
        builder.constant("shift", [2], INT8)
        outputs = [builder.node(operation, f"r{k}", builder.input(f"x{k}", (4,), INT8),
                                *constants, **parameters) for k in range(2)]
        if not constants:
            del builder.tensors["shift"]
        unit = Unit(name="u", kind=kind, jobs=("r0", "r1"), lanes=1)
        with pytest.raises(InputFault, match=r"^plan: unit 'u' draws at random, for one job alone; "
                                             r"give r0, r1 units of their own$"):
            assemble(builder.build(*outputs), plan_of(unit), "top")


def test_every_kind_has_a_maker() -> None:
    assert set(MAKERS) == set(UNIT_KINDS)
    assert set(fits()) <= {kind.node for kind in UNIT_KINDS.values()}
