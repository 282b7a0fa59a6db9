"""Constant matrices beside da4ml's: both right, on small matrices; and the table."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench import adder_graphs, constant_matrices
from bench.da4ml_verilog import OwnMatrix, own_stages
from bench.matrices import emulated
from hw.arith.adder_graph import Operand
from hw.arith.constant_matrix import least_depth


def test_weights_have_six_bits_and_half_of_them_are_zero() -> None:
    for shape in constant_matrices.SHAPES:
        several = [constant_matrices.matrix(shape, seed) for seed in range(constant_matrices.SEEDS)]
        for weights in several:
            assert weights.shape == shape
            assert (weights.min(), weights.max()) == (-32, 31)
            assert 0.45 < (weights == 0).mean() < 0.55
        assert len({weights.tobytes() for weights in several}) == constant_matrices.SEEDS


def test_graphs_of_da4ml_are_translated(rng: np.random.Generator) -> None:
    pytest.importorskip("da4ml", reason="da4ml comes with `pip install 'gatemill[bench]'`")
    for _ in range(8):
        shape = rng.integers(1, 7, 2)
        weights = rng.integers(-30, 31, shape) * rng.integers(0, 2, shape)
        if rng.random() < 0.3:
            weights = -abs(weights)
        inputs = [(-8, 7)] * shape[1]
        solutions = list(adder_graphs.da4ml_solutions(weights, inputs))
        for solution in solutions:
            for turned in (False, True):
                graph = adder_graphs._graph(solution, inputs, turned=turned)
                np.testing.assert_array_equal(graph.matrix, weights)
        depth = least_depth(weights) + 2
        best = adder_graphs.da4ml_graph(solutions, inputs, depth)
        np.testing.assert_array_equal(best.matrix, weights)
        assert best.depth <= depth


def test_own_verilog_multiplies(need: Any, tmp_path: Path) -> None:
    """With weights that leave an input unused and an output zero, even or negated; and it is no
    deeper than it may be."""
    pytest.importorskip("da4ml", reason="da4ml comes with `pip install 'gatemill[bench]'`")
    need("verilator")
    from hw.pe import ConstantSpec

    weights = np.array([[3, 0, -5, 7], [0, 0, 0, 0], [-4, 0, 0, 0], [-2, 0, -6, 12]])
    spec = ConstantSpec(constant_matrices.ACTIVATIONS, weights)
    depth = least_depth(weights) + 1
    solutions = list(adder_graphs.da4ml_solutions(weights, [spec.input_range] * spec.columns))
    stages = own_stages(solutions, depth)
    assert len(stages.solutions) <= depth
    element = OwnMatrix(spec, stages)
    vectors = constant_matrices.vectors_of(weights, 1)
    found = emulated(element, vectors, tmp_path / "build", more=element.verilog)
    np.testing.assert_array_equal(found, vectors @ weights.T)


def stage(ops: list[tuple[int, int, int, int]], outputs: list[tuple[int, int, bool]]) -> Any:
    """A stage of a solution, made by hand."""
    index, shifts, signs = zip(*outputs, strict=True)
    return SimpleNamespace(
        ops=[SimpleNamespace(id0=a, id1=b, opcode=code, data=shift) for a, b, code, shift in ops],
        inp_shifts=[0] * 9, out_idxs=index, out_shifts=shifts, out_negs=signs)


def test_differences_are_turned_where_that_saves_cells() -> None:
    """y0 = 4 x0 - x1 + x1, y1 = -(4 x0 - x1), over two stages, and an output of zero."""
    copies = [(0, -1, -1, 0), (1, -1, -1, 0)]
    solution = SimpleNamespace(solutions=[
        stage([*copies, (0, 1, 1, -2), (2, 1, 0, -2)],
              [(3, 2, False), (2, 2, True), (-1, 0, False)]),
        stage([*copies, (2, -1, -1, 0)], [(0, 0, False), (1, 0, False), (2, 0, False)])])
    for turned in (False, True):
        graph = adder_graphs._graph(solution, [(-8, 7)] * 2, turned=turned)
        assert graph.matrix.tolist() == [[4, 0], [-4, 1], [0, 0]]
        assert graph.outputs[2] == Operand(None)
    assert graph.adders[0].left == Operand(1, 0)


def test_an_operation_that_is_not_known() -> None:
    solution = SimpleNamespace(solutions=[stage([(0, -1, -1, 0), (0, 0, 7, 0)], [(1, 0, False)])])
    with pytest.raises(ValueError, match="an operation of da4ml is not known here"):
        adder_graphs._graph(solution, [(-8, 7)], turned=False)


def test_a_small_matrix(need: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("da4ml", reason="da4ml comes with `pip install 'gatemill[bench]'`")
    need("verilator")
    monkeypatch.setattr(constant_matrices, "SHAPES", ((3, 5),))
    monkeypatch.setattr(constant_matrices, "SPARE", (1,))
    monkeypatch.setattr(constant_matrices, "SEEDS", 1)
    result = constant_matrices.measure()
    (row,), (mean,) = result["rows"], result["means"]
    assert mean["ratio"] == row["ratio"] == row["gatemill"]["area"] / row["da4ml"]["area"]
    for name in ("gatemill", "da4ml"):
        found = row[name]
        translated = found.get("translated", found["area"])
        assert translated == found["luts"] + 2 * found["carry"]
        assert found["area"] == min(translated, found.get("own", translated))
        assert found["ffs"] > found["area"] > 0
        assert found["latency"] <= row["depth"]
    assert 0 < row["da4ml"]["own"] < 2 * row["da4ml"]["translated"]
    assert "da4ml" in result["versions"]
    head, line, last = constant_matrices.lines(result)
    assert head.split()[:4] == ["constant", "matrix", "seed", "levels"]
    assert line.split()[:4] == ["3", "outputs", "of", "5"]
    assert last.split()[-1] == f"{mean['ratio']:.3f}"


def test_wrong_products_end_the_bench(need: Any) -> None:
    need("verilator")
    from hw.pe import AdderMatrix, ConstantSpec

    weights = np.array([[3, -5], [1, 7]])
    element = AdderMatrix(ConstantSpec(constant_matrices.ACTIVATIONS, weights))
    with pytest.raises(AssertionError, match=r"^a constant matrix of seed 1 gives wrong products$"):
        constant_matrices._test(element, weights + np.eye(2, dtype=int), 1)
