"""The proof passes exactly where the compiled function is right."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from gen.passes import proof as module
from gen.passes.chain import LaneFunction
from gen.passes.forms import Site, choose_form
from gen.passes.proof import ProofError, crossings, prove
from sw_model.formats import IntFormat
from sw_model.node import Tensor
from sw_model.ops import RescaleMode
from tests.support.graphs import NetworkBuilder

CHANNELS = 3


@pytest.fixture(params=[True, False], ids=["everywhere", "at steps"])
def exhaustive(request):
    with mock.patch.object(module, "EXHAUSTIVE_SPAN", 2**16 if request.param else 0):
        yield request.param


def site(mode: RescaleMode, reach: int) -> Site:
    b = NetworkBuilder()
    acc = b.input("acc", (CHANNELS,), IntFormat(32))
    b.rescale("r", acc, [0.011, 0.0301, 0.002], mode, low=-100)
    (node,) = b.nodes
    function = LaneFunction.of_node(node, [b.tensors[name] for name in node.inputs])
    ends = np.array([reach, reach // 2, reach // 3])
    return Site("fc", b.tensors[acc], Tensor("y", (CHANNELS,), IntFormat(8)), function, -ends, ends)


def proven(at: Site, node, constants) -> module.Evidence:
    return prove("fc", at.function, LaneFunction.of_node(node, [at.source, *constants]),
                 at.low, at.high)


@pytest.mark.parametrize(("mode", "form"), [
    (RescaleMode.TFLITE_DOUBLE, "multiply"), (RescaleMode.TFLITE_DOUBLE, "thresholds"),
    (RescaleMode.EXACT_HALF_EVEN, "multiply"), (RescaleMode.EXACT_HALF_EVEN, "thresholds"),
    (RescaleMode.EXACT_HALF_EVEN, "half_even")])
def test_right_forms_pass(exhaustive, form, mode):
    at = site(mode, 20_000)
    evidence = proven(at, *choose_form(at, form)[1:])
    assert evidence.exhaustive == exhaustive
    whole = int((at.high - at.low + 1).sum())
    assert evidence.points == whole if exhaustive else evidence.points < whole / 4


@pytest.mark.parametrize(("mode", "form"), [
    (RescaleMode.TFLITE_DOUBLE, "multiply"), (RescaleMode.EXACT_HALF_EVEN, "multiply"),
    (RescaleMode.EXACT_HALF_EVEN, "half_even")])
def test_perturbed_constants_fail_exactly_where_the_function_changes(exhaustive, mode, form):
    at = site(mode, 20_000)
    _, node, (multiplier, offset) = choose_form(at, form)
    x = np.minimum(at.low + np.arange(int((at.high - at.low).max()) + 1)[:, None], at.high)
    expected = at.function(x)
    failed = 0
    for which, tensor in enumerate((multiplier, offset)):
        for place in np.ndindex(tensor.shape):
            for change in (-1, 1, 64):
                value = tensor.value.astype(np.int64)
                value[place] += change
                constants = [multiplier, offset]
                constants[which] = replace(tensor, format=IntFormat(63), value=value)
                compiled = LaneFunction.of_node(node, [at.source, *constants])
                if (compiled(x) == expected).all():
                    proven(at, node, constants)
                else:
                    failed += 1
                    with pytest.raises(ProofError, match="layer 'fc', channel"):
                        proven(at, node, constants)
    assert failed >= 10


def test_a_displaced_threshold_fails(exhaustive):
    at = site(RescaleMode.FLOOR, 3000)
    _, node, constants = choose_form(at, "thresholds")
    value = constants[0].value.astype(np.int64)
    for row, column in ((0, 40), (2, 5), (1, -1)):
        changed = value.copy()
        changed[row, column] += 1 if column >= 0 else -1
        if (np.diff(changed, axis=1) < 0).any() or changed[row, column] > at.high[row] + 1:
            continue
        with pytest.raises(ProofError, match=f"channel {row}: code "):
            proven(at, node, [replace(constants[0], format=IntFormat(32), value=changed),
                              *constants[1:]])


def test_a_step_that_no_position_shows_is_not_taken_on_trust():
    at = site(RescaleMode.FLOOR, 20_000)
    _, node, constants = choose_form(at, "multiply")
    empty = crossings.dispatch(object)
    with mock.patch.object(module, "EXHAUSTIVE_SPAN", 0), \
            mock.patch.object(module, "crossings", empty), \
            pytest.raises(ProofError, match=r"a step between .* is not accounted for"):
        proven(at, node, constants)


def test_the_frameworks_own_rounding_is_equal_to_itself(exhaustive):
    at = site(RescaleMode.TFLITE_DOUBLE, 20_000)
    _, node, constants = choose_form(at, "framework")
    assert proven(at, node, constants).exhaustive == exhaustive
    wrong = [replace(constants[0], value=constants[0].value + 10**6), constants[1]]
    with pytest.raises(ProofError):
        proven(at, node, wrong)
