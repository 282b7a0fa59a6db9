# amaranth: UnusedElaboratable=no
"""Units, adapters, forks and queues as parts of one netlist; results are tested end to end."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from gen.assemble import assemble
from gen.mapping.plan import Unit
from sw_model.faults import InputFault
from sw_model.formats import IntFormat
from tests.support.cores import layer, plan_of
from tests.support.graphs import NetworkBuilder

INT8 = IntFormat(8)


def dense(*jobs, name, rows=1, lanes=1):
    return Unit(name=name, kind="dense", jobs=jobs, rows=rows, lanes=lanes)


def rescale(*jobs, name, lanes=1):
    return Unit(name=name, kind="framework_rescale", jobs=jobs, lanes=lanes)


def two_readers():
    """x goes to a and to b; both results leave."""
    builder = NetworkBuilder("readers")
    x = builder.input("x", (6,), INT8)
    return builder.build(builder.matmul("a", x, np.ones((4, 6))),
                         builder.matmul("b", x, np.ones((2, 6))))


def chain():
    builder = NetworkBuilder("chain")
    here = layer(builder, "a", builder.input("x", (6,), INT8), 6)
    return builder.build(layer(builder, "b", here, 6, rescaled=False))


def kinds(design):
    return Counter(type(part).__name__ for part in design.component.parts.values())


def test_a_tensor_that_two_read_is_forked():
    design = assemble(two_readers(), plan_of(dense("a", name="p", lanes=2),
                                             dense("b", name="q", lanes=6)), "readers")
    assert kinds(design)["Fork"] == 1
    assert [stream.name for stream in design.streams if stream.direction == "in"] == ["i"]
    assert sorted(stream.name for stream in design.streams if stream.direction == "out") == [
        "o_a_out", "o_b_out"]
    # The input is as wide as its widest reader; the other one gets narrower words.
    assert next(s.lanes for s in design.streams if s.name == "i") == 6
    assert kinds(design)["WidthDown"] >= 1


def test_a_unit_of_several_jobs_selects_and_routes():
    design = assemble(chain(), plan_of(dense("a", "b", name="all", rows=2, lanes=3),
                                       rescale("a_rescale", name="scale", lanes=2)), "chain")
    found = kinds(design)
    assert (found["DenseLayer"], found["Select"], found["Route"]) == (1, 1, 1)
    (tap,) = [tap for tap in design.taps if tap.signal.startswith("all")]
    assert [item.tensor for item in tap.sequence] == ["a.out", "b.out"]


def test_every_unit_has_a_tap_on_a_wire():
    design = assemble(chain(), plan_of(dense("a", name="p"), rescale("a_rescale", name="r"),
                                       dense("b", name="q")), "chain")
    wires = {wire.name for wire in design.component.wires}
    assert {tap.signal for tap in design.taps} == {"p_out", "r_out", "q_out"} <= wires
    assert [stream.name for stream in design.streams] == ["i", "o"]


def test_the_plan_is_completed():
    design = assemble(chain(), plan_of(dense("a", name="p"), rescale("a_rescale", name="r"),
                                       dense("b", name="q")), "chain")
    plan = design.plan
    assert plan.prediction.interval == 36
    assert {job.job for job in plan.schedule} == {"a", "a_rescale", "b"}
    assert {link.name for link in plan.links} == {"x_to_p", "p_to_r", "r_to_q", "q_to_b_out"}
    assert {place.memory for place in plan.weights} >= {"p_weights", "q_weights"}
    assert all(buffer.lifetime[0] <= buffer.lifetime[1] for buffer in plan.buffers)


def test_names_that_meet():
    """A unit may be called what a part of another is called."""
    units = (dense("a", name="p"), rescale("a_rescale", name="p_weights"), dense("b", name="q"))
    with pytest.raises(InputFault, match=r"two things would be called 'p_weights'; give one"):
        assemble(chain(), plan_of(*units), "chain")
