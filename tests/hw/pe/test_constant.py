# amaranth: UnusedElaboratable=no
"""Constant matrices of every form against NumPy's products."""

from __future__ import annotations

import itertools
import re
from functools import partial

import numpy as np
import pytest
from amaranth import Module, ResetInserter, Signal, signed, unsigned
from amaranth.sim import Simulator

from boards.component import resources
from hw.pe import CONSTANT_KINDS
from hw.pe.constant import ConstantSpec
from hw.pe.constant_adders import AdderMatrix
from hw.pe.constant_distributed import DistributedMatrix
from hw.pe.constant_grouped import GroupedMatrix
from hw.verilog import to_verilog
from sw_model.formats import parse_format
from tests.support.matrices import MatrixCase, check_matrices, vectors_of

FORMS = {
    "adders": AdderMatrix,
    "adders, two levels": partial(AdderMatrix, levels=2),
    "adders, combinational": partial(AdderMatrix, levels=0),
    "adders, more depth": partial(AdderMatrix, levels=3, depth=6),
    "distributed": DistributedMatrix,
    "distributed, two levels": partial(DistributedMatrix, levels=2),
    "distributed, serial": partial(DistributedMatrix, serial=True),
    "grouped": GroupedMatrix,
    "grouped, three levels": partial(GroupedMatrix, levels=3),
}

ACTIVATIONS = ["int8", "uint4", "int1", "uint1", "fixed<5,2>", "bipolar", "ternary"]

MATRICES = {
    "one": [[1]],
    "minus": [[-1]],
    "zero": [[0, 0], [0, 0]],
    "identity": np.eye(3, dtype=int),
    "zero row and column": [[3, 0, -5], [0, 0, 0], [1, 0, 1]],
    "all negative": [[-1, -2, -3], [-7, -1, -1]],
    "powers of two": [[8, -4, 2], [0, 16, -1]],
    "equal and opposite": [[3, -5, 7], [-3, 5, -7], [3, -5, 7], [6, -10, 14]],
    "five columns": [[1, 2, 3, 4, 5], [-5, 4, -3, 2, -1]],
}


def case_of(form, activations, weights, rng, count=100):
    spec = ConstantSpec(parse_format(activations), weights)
    return MatrixCase(FORMS[form](spec), vectors_of(spec.activations, spec.matrix, rng, count))


def test_every_form_of_small_matrices(need, tmp_path, rng):
    """All vectors of up to three columns."""
    need("verilator")
    check_matrices([case_of(form, "int3", weights, rng, 512)
                    for form, weights in itertools.product(FORMS, MATRICES.values())],
                   tmp_path / "build")


def test_random_matrices(need, tmp_path, rng):
    """Every kind of activations, weights of few bits, of many, of most, half of them zero."""
    need("verilator")
    cases = []
    for activations in ACTIVATIONS:
        cases += [case_of(form, activations, [[-2**31, 2**31 - 1]], rng) for form in FORMS
                  if form != "adders, more depth"]
        reach, shape = int(2 ** rng.integers(1, 12)), rng.integers(2, 10, 2)
        weights = rng.integers(-reach, reach, shape) * rng.integers(0, 2, shape)
        cases += [case_of(form, activations, weights, rng)
                  for form in ("adders", "distributed", "distributed, serial", "grouped")]
    check_matrices(cases, tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("activations", ACTIVATIONS)
def test_all_activations(activations, need, tmp_path, rng):
    need("verilator")
    cases = [case_of(form, activations, weights, rng, 600)
             for form, weights in itertools.product(FORMS, MATRICES.values())]
    for form in set(FORMS) - {"adders, more depth"}:
        for weights in (rng.integers(-32, 32, (6, 20)), rng.integers(-2**31, 2**31, (2, 3)),
                        rng.integers(-1, 2, (5, 33))):
            cases.append(case_of(form, activations, weights, rng, 600))
    check_matrices(cases, tmp_path / "build")


def test_latency_and_interval():
    """A row of six digits needs three levels."""
    spec = ConstantSpec(parse_format("int8"), [[1, 2, 4, 8, 16, 32, 0, 0, 0]])
    found = {name: (unit.latency, unit.interval) for name, unit in (
        (name, make(spec)) for name, make in FORMS.items())}
    deep = AdderMatrix(spec, depth=6).graph.depth
    assert 3 <= deep <= 6
    assert found == {
        "adders": (3, 1), "adders, two levels": (2, 1),
        "adders, combinational": (0, 1), "adders, more depth": (-(-deep // 3), 1),
        # A register behind the tables; two groups of eight places are 16 terms.
        "distributed": (5, 1), "distributed, two levels": (3, 1),
        "distributed, serial": (2 + 8, 8),
        # Counts of one bit need no register.
        "grouped": (3 + 8, 8), "grouped, three levels": (1 + 8, 8)}
    assert AdderMatrix(ConstantSpec(parse_format("int8"), [[4, 0], [0, 1]])).latency == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_reset_in_mid_stream(form, rng):
    """Activations after a reset are those of a fresh element, whatever came before."""
    case = case_of(form, "int4", [[3, -5, 1], [0, 7, 2]], rng, 40)
    unit, wanted = case.matrix, case.expected()
    reset = Signal()

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for turn, (vector, products) in enumerate(zip(case.a, wanted, strict=True)):
            ctx.set(unit.start, 1)
            ctx.set(unit.a, vector.tolist())
            stop = turn % (unit.latency + 1)
            for _ in range(stop):
                await ctx.tick()
                ctx.set(unit.start, 0)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            ctx.set(unit.start, 1)
            for _ in range(unit.latency):
                await ctx.tick()
                ctx.set(unit.start, 0)
            await ctx.delay(1e-9)
            assert list(ctx.get(unit.o)) == products.tolist(), (turn, stop)

    m = Module()
    m.submodules.unit = ResetInserter(reset)(unit)
    # There is a clock though nothing may be registered.
    m.d.sync += Signal().eq(1)
    sim = Simulator(m)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize("kind", CONSTANT_KINDS)
def test_cells(kind, rng):
    """Counted without synthesis, and within 15 % of what that makes of it."""
    spec = ConstantSpec(parse_format("int8"), rng.integers(-8, 8, (8, 16)))
    unit = CONSTANT_KINDS[kind](spec)
    area = resources(CONSTANT_KINDS[kind](spec), ["ecp5"], dsp=False)["ecp5"].area
    assert abs(unit.cells / area - 1) <= 0.15, (unit.cells, area)


def test_ranges_are_exact():
    spec = ConstantSpec(parse_format("int8"), [[3, -5], [0, 0], [-1, 0]])
    assert spec.ranges == [(-384 - 635, 381 + 640), (0, 0), (-127, 128)]
    assert spec.result == signed(11)
    assert (spec.rows, spec.columns) == (3, 2)
    assert ConstantSpec(parse_format("uint8"), [[1, 2]]).result == unsigned(10)
    graph = AdderMatrix(spec).graph
    assert graph.output_ranges == spec.ranges


def test_equal_rows_share_everything_but_accumulators():
    int8 = parse_format("int8")
    one, four = (ConstantSpec(int8, [[1, 2, 3, 4, 5]] * rows) for rows in (1, 4))
    for form, make in FORMS.items():
        registers = [len(re.findall(r"^ +always @\(posedge", to_verilog(make(spec), "unit"),
                                    re.MULTILINE)) for spec in (one, four)]
        accumulators = 3 if make(four).interval > 1 else 0
        assert registers[1] == registers[0] + accumulators, form
        assert registers[0] or "combinational" in form, form


@pytest.mark.parametrize(("activations", "weights", "words"), [
    ("e4m3fn", [[1]], "activations of a constant matrix must be integers, fixed point, bipolar or "
                      "ternary, not e4m3fn"),
    ("int8", [1, 2], "weights must be a matrix of a row and a column at least, not of shape (2,)"),
    ("int8", np.zeros((0, 3), int), "weights must be a matrix of a row and a column at least, "
                                    "not of shape (0, 3)"),
    ("int8", [[2**31]], "weights must have 32 bits at most, not be from 2147483648 to 2147483648"),
])
def test_what_a_spec_refuses(activations, weights, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        ConstantSpec(parse_format(activations), weights)


def test_what_else_is_refused():
    int8 = parse_format("int8")
    with pytest.raises(TypeError, match=r"^activations must be a Format, not 'int8'$"):
        ConstantSpec("int8", [[1]])
    with pytest.raises(TypeError, match=r"^weights must be integers, not float64$"):
        ConstantSpec(int8, [[1.0]])
    with pytest.raises(TypeError, match=r"^spec must be a ConstantSpec, not 5$"):
        AdderMatrix(5)
    spec = ConstantSpec(int8, [[1, 1, 1]])
    with pytest.raises(ValueError, match=r"^levels must be at least 1, not 0$"):
        GroupedMatrix(spec, levels=0)
    with pytest.raises(ValueError, match=r"^levels must be at least 0, not -1$"):
        AdderMatrix(spec, levels=-1)
    with pytest.raises(TypeError, match=r"^levels must be an integer, not 1\.5$"):
        DistributedMatrix(spec, levels=1.5)
    with pytest.raises(ValueError, match=r"^depth must be at least 2 for these weights, not 1$"):
        AdderMatrix(spec, depth=1)


def test_a_graph_that_is_given_is_checked():
    spec = ConstantSpec(parse_format("int8"), [[3, -5], [0, 1]])
    graph = AdderMatrix(spec).graph
    assert AdderMatrix(spec, graph=graph).graph is graph
    with pytest.raises(ValueError, match=r"^the graph multiplies by another matrix than the "
                                         r"weights$"):
        AdderMatrix(ConstantSpec(parse_format("int8"), [[3, -5], [1, 0]]), graph=graph)
    for activations, weights in (("uint8", [[3, -5], [0, 1]]), ("int8", [[3, -5, 0], [0, 1, 0]])):
        with pytest.raises(ValueError, match=r"^inputs of the graph must be [23] of the range "):
            AdderMatrix(ConstantSpec(parse_format(activations), weights), graph=graph)
