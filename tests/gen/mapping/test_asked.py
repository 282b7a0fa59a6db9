"""What is asked of a plan is had or refused: kinds of processing element, rates."""

from __future__ import annotations

import json

import pytest

from gen.build import BuildOptions, build_graph
from gen.mapping.plan import Plan
from sw_model.faults import InputFault, Verdict
from sw_model.formats import IntFormat
from tests.support.graphs import NetworkBuilder


@pytest.fixture
def network(rng):
    builder = NetworkBuilder("small")
    x = builder.input("x", (6,), IntFormat(8))
    return builder.build(builder.matmul("fc", x, rng.integers(-9, 9, (4, 6))))


def test_unknown_processing_element(network, tmp_path):
    build_graph(network, tmp_path / "build", BuildOptions())
    plan = json.loads((tmp_path / "build/plan.json").read_text())
    plan["units"][0]["pe"] = "none"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(InputFault, match=r"pe must be one of parallel, binary.*, not 'none'"):
        Plan.load(tmp_path / "plan.json")


def test_rate_that_a_plan_misses(network, tmp_path):
    build_graph(network, tmp_path / "build", BuildOptions())
    plan = Plan.load(tmp_path / "build/plan.json")
    assert plan.prediction is not None
    reached = plan.clock_mhz * 1e6 / plan.prediction.interval
    build_graph(network, tmp_path / "again", BuildOptions(plan=plan, rate=reached))
    with pytest.raises(Verdict, match="were asked for"):
        build_graph(network, tmp_path / "none", BuildOptions(plan=plan, rate=reached * 1.01))
    assert not (tmp_path / "none").exists()
