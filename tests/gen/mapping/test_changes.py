"""Choices by layer, put into a plan."""

from __future__ import annotations

import numpy as np
import pytest

from gen.mapping.changes import apply_changes, changes_by_job
from gen.mapping.plan import Plan, Unit
from sw_model.faults import LayerFault
from sw_model.formats import IntFormat
from sw_model.graph import Graph, build
from sw_model.node import Tensor
from sw_model.ops import ArgMax, MatMul, Reshape

INT4, INT16 = IntFormat(4), IntFormat(16)


@pytest.fixture
def graph() -> Graph:
    """4 inputs, 6 rows, 3 rows, largest; a reshape between the layers."""
    tensors = [Tensor("x", (4,), INT4), Tensor("a", (6, 4), INT4, value=np.ones((6, 4), int)),
               Tensor("u", (6,), INT16), Tensor("v", (2, 3), INT16),
               Tensor("b", (3, 3), INT4, value=np.ones((3, 3), int)),
               Tensor("w", (2, 3), INT16), Tensor("y", (2, 1), IntFormat(2, False))]
    nodes = [MatMul(name="first", inputs=("x", "a"), outputs=("u",), format=INT16),
             Reshape(name="fold", inputs=("u",), outputs=("v",), shape=(2, 3)),
             MatMul(name="second", inputs=("v", "b"), outputs=("w",), format=INT16),
             ArgMax(name="best", inputs=("w",), outputs=("y",))]
    return build("net", tensors, nodes, ["x"], ["y"])


def test_the_star_says_what_a_layer_does_not_say_itself(graph: Graph) -> None:
    found = changes_by_job(graph, {"*": {"rows": 5, "lanes": 4, "memory": "block"},
                                   "first": {"rows": 6}, "best": {"lanes": 3}})
    assert found == {"first": {"rows": 6, "lanes": 4, "memory": "block"}, "best": {"lanes": 3},
                     "second": {"rows": 3, "lanes": 3, "memory": "block"}}


@pytest.mark.parametrize(("job", "fields", "message"), [
    ("third", {}, "no layer 'third'; there are first, second, best"),
    ("fold", {}, "no layer 'fold'; there are first, second, best"),
    ("first", {"rows": 7}, "layer 'first': rows must be at most 6, not 7"),
    ("first", {"lanes": 5}, "layer 'first': lanes must be at most 4, not 5"),
    ("best", {"lanes": 4}, "layer 'best': lanes must be at most 3, not 4"),
    ("best", {"rows": 1}, "layer 'best' is no matrix product and has no rows"),
    ("best", {"pe": "parallel"}, "layer 'best' is no matrix product and has no pe"),
])
def test_choices_that_make_no_sense(graph: Graph, job: str, fields: dict[str, object],
                                    message: str) -> None:
    with pytest.raises(LayerFault) as caught:
        changes_by_job(graph, {job: fields})
    assert (str(caught.value), caught.value.layer) == (message, job)


def test_fields_of_the_plan_s_units() -> None:
    plan = Plan(network="net", device="ecp5-85k", clock_mhz=50.0, units=(
        Unit(name="a", kind="dense", jobs=("first", "second"), lanes=2, rows=2),
        Unit(name="b", kind="argmax", jobs=("best",), lanes=1)))
    changed = apply_changes(plan, {"second": {"rows": 3}, "best": {"lanes": 3}})
    assert changed.units == (
        Unit(name="a", kind="dense", jobs=("first", "second"), lanes=2, rows=3),
        Unit(name="b", kind="argmax", jobs=("best",), lanes=3))
    with pytest.raises(LayerFault, match=r"layer 'best': .*memory"):
        apply_changes(plan, {"best": {"memory": "flash"}})
