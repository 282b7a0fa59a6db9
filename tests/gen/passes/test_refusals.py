"""Networks and choices that cannot become hardware: each is told why."""

from __future__ import annotations

import numpy as np
import pytest

from gen.passes import PassOptions, compile_graph
from sw_model.faults import InputFault, Unsupported
from sw_model.ops import (
    Arithmetic,
    Operator,
)
from sw_model.partition import partition
from tests.support.graphs import sweep_network

CHANNELS = 5


def test_a_function_without_form_between_layers_is_refused_with_its_reason():
    b, acc, _ = sweep_network(CHANNELS, 10)
    real = b.arithmetic("root", Operator.POW, b.dequantise("d", acc, 1.0), 0.5)
    again = b.matmul("fc2", b.quantise("q", real, 1.0), np.ones((2, CHANNELS)))
    with pytest.raises(Unsupported) as error:
        compile_graph(b.build(again))
    assert [o.node for o in error.value.obstacles] == ["d", "root", "q"]
    assert all("'root' (Arithmetic) yields NaN or an infinity" in o.reason
               for o in error.value.obstacles)
    # The same function behind the last layer runs on the host.
    assert [n.name for n in partition(compile_graph(b.build("q.out")).graph).tail] == [
        "d", "root", "q"]


def test_two_operands_between_layers_are_refused():
    b, acc, _ = sweep_network(CHANNELS, 10)
    real = b.dequantise("d", acc, 1.0)
    total = b.node(Arithmetic, "sum", real, b.relu("relu", real), operator=Operator.ADD)
    again = b.matmul("fc2", b.quantise("q", total, 1.0), np.ones((2, CHANNELS)))
    with pytest.raises(Unsupported, match="sum: Arithmetic runs on the host"):
        compile_graph(b.build(again))


@pytest.mark.parametrize(("forms", "reason"), [
    ({"fc": "framework"}, "layer 'fc': form 'framework' is not possible: it is not one rounding"),
    ({"fc": "table"}, "codes of int11 are too wide for a table"),
    ({"fc": "multiply"}, "no multiply-add-shift equals it"),
    ({"fc9": "multiply"}, "no layer 'fc9' whose form could be chosen; did you mean 'fc'"),
    ({"fc": "half_even"}, "no multiplication rounded to even equals it"),
    ({"fc": "fast"}, "form must be one of auto, multiply, .*, framework, not 'fast'"),
])
def test_choices_that_cannot_be_met(forms, reason):
    b, acc, _ = sweep_network(CHANNELS, 10)
    real = b.arithmetic("p", Operator.POW, b.dequantise("d", acc, 1.0), 2.0)
    graph = b.build(b.quantise("q", real, 1.0))
    with pytest.raises(InputFault, match=reason):
        compile_graph(graph, PassOptions(forms))
