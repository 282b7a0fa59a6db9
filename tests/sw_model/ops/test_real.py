"""The host's float32 operations against ONNX Runtime, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sw_model.formats import Float32Format, IntFormat
from sw_model.graph import NodeError, Tensor
from sw_model.ops import Arithmetic, BatchNormalisation, Operator, Relu, batch_normalisation
from sw_model.ops.real import arithmetic, power
from tests.support.onnx_models import model_of, node, run_onnxruntime

NAMES = {Operator.ADD: "Add", Operator.SUB: "Sub", Operator.MUL: "Mul", Operator.DIV: "Div",
         Operator.POW: "Pow"}


def ulps(a: NDArray[np.float32], b: NDArray[np.float32]) -> int:
    """Largest distance in units of the last place; both of one sign."""
    return int(np.abs(a.view(np.int32).astype(np.int64) - b.view(np.int32)).max())


def reals(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """float32 of many magnitudes."""
    return (rng.standard_normal(shape) * 10.0 ** rng.uniform(-6, 6, shape)).astype(np.float32)


@pytest.mark.parametrize("operator", [Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV])
@pytest.mark.parametrize("shape", [(), (7,), (300, 7)])
def test_arithmetic_equals_onnxruntime(rng: np.random.Generator, operator: Operator,
                                       shape: tuple[int, ...]) -> None:
    a, b = reals(rng, 300, 7), reals(rng, *shape)
    model = model_of([node(NAMES[operator], ["x", "b"], ["y"])], {"b": b}, inputs={"x": ("N", 7)})
    (want,) = run_onnxruntime(model, {"x": a})
    np.testing.assert_array_equal(arithmetic(operator, a, b), want)


@pytest.mark.parametrize(("exponent", "distance"), [
    (1.0, 0), (2.0, 0), (3.0, 0), (0.0, 0), (0.5, 1), (-1.0, 1), (-0.5, 1), (1.7, 1)])
def test_power_equals_onnxruntime_to_the_last_place(rng: np.random.Generator, exponent: float,
                                                    distance: int) -> None:
    x = np.clip(np.abs(reals(rng, 5000, 4)), 1e-4, 1e4)
    model = model_of([node("Pow", ["x", "e"], ["y"])], {"e": np.float32(exponent)},
                     inputs={"x": ("N", 4)})
    (want,) = run_onnxruntime(model, {"x": x})
    mine = power(x, np.array([exponent], np.float32))
    assert ulps(mine, want) <= distance
    assert (mine != want).mean() <= 0.002


def test_half_power_is_the_rounded_root(rng: np.random.Generator) -> None:
    x = np.abs(reals(rng, 1000))
    want = np.sqrt(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(power(x, np.float32([0.5])), want)


def test_power_of_negative_numbers_by_whole_exponents() -> None:
    x = np.array([-3.0, -0.5], np.float32)
    np.testing.assert_array_equal(power(x, np.array([2.0], np.float32)), np.float32([9, 0.25]))
    np.testing.assert_array_equal(power(x, np.array([3.0], np.float32)), np.float32([-27, -0.125]))
    np.testing.assert_array_equal(power(x, np.array([2.0, -1.0], np.float32)), np.float32([9, -2]))


@pytest.mark.parametrize("channels", [1, 13, 64])
@pytest.mark.parametrize("epsilon", [1e-5, 9.999999747378752e-06, 1e-3])
def test_batch_normalisation_equals_onnxruntime(rng: np.random.Generator, channels: int,
                                                epsilon: float) -> None:
    x = (rng.standard_normal((200, channels)) * 50).astype(np.float32)
    gamma, beta, mean = (rng.standard_normal((3, channels)) * 3).astype(np.float32)
    variance = rng.uniform(1e-3, 300, channels).astype(np.float32)
    for opset in (9, 14, 15):
        model = model_of(
            [node("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"], epsilon=epsilon)],
            {"g": gamma, "b": beta, "m": mean, "v": variance}, inputs={"x": ("N", channels)},
            opset=opset)
        # Alone, as qonnx runs it: no other operator to fuse with.
        (want,) = run_onnxruntime(model, {"x": x})
        np.testing.assert_array_equal(
            batch_normalisation(x, gamma, beta, mean, variance, epsilon), want)


def test_batch_normalisation_may_overflow() -> None:
    x, one = np.array([[3e38]], np.float32), np.ones(1, np.float32)
    y = batch_normalisation(x, np.float32([10]), one, one, one, 1e-5)
    np.testing.assert_array_equal(y, [[np.inf]])


def test_relu_equals_onnxruntime(rng: np.random.Generator) -> None:
    x = reals(rng, 50, 4)
    x[0] = [0.0, -0.0, np.inf, -np.inf]
    (want,) = run_onnxruntime(model_of([node("Relu", ["x"], ["y"])], {}, inputs={"x": ("N", 4)}),
                              {"x": x})
    (mine,) = Relu(name="r", inputs=("x",), outputs=("y",)).run(
        [Tensor("x", (4,), Float32Format())], [x])
    np.testing.assert_array_equal(mine, want)


def real(name: str, *shape: int, value: NDArray[np.float32] | None = None) -> Tensor:
    return Tensor(name, shape, Float32Format(), value=value)


def test_arithmetic_node_broadcasts_and_keeps_the_order_of_operands() -> None:
    constant = np.array([1, 2, 4], np.float32)
    x = np.array([[8, 8, 8]], np.float32)
    for inputs, want in ((("x", "c"), [[8, 4, 2]]), (("c", "x"), [[0.125, 0.25, 0.5]])):
        one = Arithmetic(name="d", inputs=inputs, outputs=("y",), operator=Operator.DIV)
        by_name = {"x": real("x", 3), "c": real("c", 3, value=constant)}
        sources = [by_name[i] for i in inputs]
        assert one.infer(sources) == (((3,), Float32Format()),)
        (y,) = one.run(sources, [constant if i == "c" else x for i in inputs])
        np.testing.assert_array_equal(y, np.float32(want))


@pytest.mark.parametrize(("sources", "message"), [
    ([real("x", 3), Tensor("i", (3,), IntFormat(8))], "'i' must be float32, not int8"),
    ([real("x", 3), real("c", 2, value=np.ones(2, np.float32))], "do not broadcast"),
    ([real("x", 3), real("c", 2, 3, value=np.ones((2, 3), np.float32))], "would grow"),
    ([real("x", 3)], "needs 2 inputs, not 1"),
    ([real("c", 1, value=np.ones(1, np.float32))] * 2, "both operands are constant")])
def test_arithmetic_node_refuses(sources: list[Tensor], message: str) -> None:
    one = Arithmetic(name="a", inputs=tuple(t.name for t in sources), outputs=("y",),
                     operator=Operator.ADD)
    with pytest.raises(NodeError, match=message):
        one.infer(sources)


@pytest.mark.parametrize(("length", "variance", "message"), [
    (2, [1.0, 1.0, 1.0], "must be a constant of shape"), (3, [1.0, -1.0, 1.0], "must be positive"),
    (3, [1.0, 0.0, 1.0], "")])
def test_batch_normalisation_node_checks_its_parameters(length: int, variance: list[float],
                                                        message: str) -> None:
    ones = np.ones(length, np.float32)
    sources = [real("x", 3), *(real(name, length, value=ones) for name in "gbm"),
               real("v", 3, value=np.float32(variance))]
    one = BatchNormalisation(name="b", inputs=("x", "g", "b", "m", "v"), outputs=("y",),
                             epsilon=1e-5)
    if message:
        with pytest.raises(NodeError, match=message):
            one.infer(sources)
    else:
        assert one.infer(sources) == (((3,), Float32Format()),)
