"""Staircases against QONNX's multi-threshold and against a plain loop."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sw_model.formats import BipolarFormat, FixedFormat, Float32Format, IntFormat, TernaryFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import MultiThreshold, multi_threshold

INT8, INT32 = IntFormat(8), IntFormat(32)


@pytest.fixture(scope="module")
def qonnx_multithreshold():
    """QONNX's own definition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qonnx.custom_op.general.multithreshold import multithreshold
    return multithreshold


def loop(x, thresholds, steps, base):
    """The definition, one element at a time in Python's integers."""
    result = np.empty(x.shape, object)
    for place in np.ndindex(*x.shape):
        row = place[-1] if len(thresholds) > 1 else 0
        total = int(base[place[-1] if len(base) > 1 else 0])
        for threshold, step in zip(thresholds[row], steps[row], strict=True):
            total += int(step) * (int(x[place]) >= int(threshold))
        result[place] = total
    return result


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("count", [1, 3, 15, 255])
def test_equals_qonnx(qonnx_multithreshold, rows, count, rng):
    """Rising staircases: its scale is 1 or 2 (two levels for a bipolar output), its bias any."""
    x = rng.integers(-300, 300, (2500, 4, 5))
    thresholds = np.sort(rng.integers(-310, 310, (rows, count)), axis=1)
    for scale, bias in ((1, 0), (1, -8), (-1, 7)):
        expected = qonnx_multithreshold(x.astype(np.float64), thresholds, scale, bias,
                                        channels_last=True)
        steps = np.full_like(thresholds, scale)
        np.testing.assert_array_equal(
            multi_threshold(x, thresholds, steps, np.array([bias])), expected)


def test_bipolar_activation_equals_qonnx(qonnx_multithreshold):
    """FINN's form of a sign: twice the count, less one. Code 1 stands for +1, 0 for -1."""
    x = np.arange(-5, 6)[:, None]
    expected = qonnx_multithreshold(x.astype(np.float64), np.array([[0]]), 2.0, -1.0,
                                    channels_last=True)
    codes = multi_threshold(x, np.array([[0]]), np.array([[1]]), np.array([0]))
    np.testing.assert_array_equal(BipolarFormat().decode(codes), expected)


@pytest.mark.parametrize("kind", ["rising", "falling", "several pieces", "flat"])
@pytest.mark.parametrize(("rows", "bases"), [(1, 1), (1, 4), (4, 1), (4, 4)])
def test_equals_a_loop(kind, rows, bases, rng):
    choices = {"rising": [1], "falling": [-1], "several pieces": [-1, 0, 1], "flat": [0]}[kind]
    for count in (1, 2, 7, 40):
        x = rng.integers(-50, 50, (6, 3, 4), dtype=np.int8)
        # Thresholds coincide, and lie beyond what x reaches.
        thresholds = np.sort(rng.integers(-70, 70, (rows, count)), axis=1)
        steps = rng.choice(choices, (rows, count))
        base = rng.integers(-1000, 1000, bases)
        np.testing.assert_array_equal(multi_threshold(x, thresholds, steps, base),
                                      loop(x, thresholds, steps, base))


def test_a_threshold_is_reached_at_its_value():
    x = np.array([[4], [5], [6]])
    assert multi_threshold(x, np.array([[5]]), np.array([[1]]), np.array([10])).tolist() \
        == [[10], [11], [11]]
    assert multi_threshold(x, np.array([[5, 5, 5]]), np.array([[1, 1, -1]]),
                           np.array([0])).tolist() == [[0], [1], [1]]


def test_extremes():
    least, most = -(2**63), 2**63 - 1
    x = np.array([[least], [-1], [0], [most]])
    thresholds = np.array([[least, least + 1, 0, most]])
    steps = np.array([[1, 1, 1, 1]], np.int8)
    assert multi_threshold(x, thresholds, steps, np.array([0])).tolist() == [[1], [2], [3], [4]]
    # Codes and thresholds of different types meet in one that holds both.
    for dtype in (np.int8, np.uint8, np.int16, np.uint32):
        x = np.array([[np.iinfo(dtype).min], [np.iinfo(dtype).max]], dtype)
        expected = loop(x, thresholds, steps, [0])
        np.testing.assert_array_equal(multi_threshold(x, thresholds, steps, np.array([0])),
                                      expected)


def test_steps_of_one_sign_in_their_narrow_type():
    """255 steps of int8 sum to more than int8 holds."""
    thresholds = np.arange(255)[None]
    for step in (1, -1):
        steps = np.full((1, 255), step, np.int8)
        x = np.array([[-1], [254]])
        assert multi_threshold(x, thresholds, steps, np.array([5], np.int8)).tolist() \
            == [[5], [5 + 255 * step]]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("bases", [1, 3])
def test_without_thresholds(rows, bases):
    none, base = np.empty((rows, 0), np.int64), np.array([7, 8, 9])[:bases]
    result = multi_threshold(np.zeros((2, 4, 3), np.int8), none, none, base)
    assert result.tolist() == np.broadcast_to(base, (2, 4, 3)).tolist()
    assert multi_threshold(np.zeros((0, 3), np.int8), none, none, base).shape == (0, 3)


def node_and_tensors(thresholds, steps, base, *, format_=INT8, x=None, kinds=None):
    arrays = {"t": np.asarray(thresholds), "s": np.asarray(steps), "b": np.asarray(base)}
    kinds = {"t": INT32, "s": INT8, "b": INT32} | (kinds or {})
    tensors = [x or Tensor("x", (2, 3), INT8),
               *(Tensor(k, a.shape, kinds[k], value=a.astype(kinds[k].dtype))
                 for k, a in arrays.items())]
    return MultiThreshold(name="n", inputs=("x", "t", "s", "b"), outputs=("y",),
                          format=format_), tensors


def test_node(rng):
    thresholds = np.sort(rng.integers(-100, 100, (3, 6)), axis=1)
    steps, base = rng.integers(-1, 2, (3, 6)), np.array([1, 2, 3])
    node, tensors = node_and_tensors(thresholds, steps, base, format_=IntFormat(6))
    assert node.infer(tensors) == (((2, 3), IntFormat(6)),)
    x = rng.integers(-128, 128, (9, 2, 3), dtype=np.int8)
    (result,) = node.run(tensors, [x, *(t.value for t in tensors[1:])])
    assert result.dtype == np.int8
    np.testing.assert_array_equal(result, loop(x, thresholds, steps, base))


def test_node_takes_scalars_and_run_time_lengths():
    node, tensors = node_and_tensors([[0]], [[1]], [5], x=Tensor("x", (), INT8))
    assert node.infer(tensors) == (((), INT8),)
    constants = [t.value for t in tensors[1:]]
    assert node.run(tensors, [np.array([-1, 0, 1], np.int8), *constants])[0].tolist() == [5, 6, 6]
    node, tensors = node_and_tensors(np.empty((1, 0)), np.empty((1, 0)), [5],
                                     x=Tensor("x", (AtMost(4),), INT8))
    assert node.infer(tensors) == (((AtMost(4),), INT8),)
    assert node.run(tensors, [np.zeros((1, 2), np.int8), *(t.value for t in tensors[1:])]
                    )[0].tolist() == [[5, 5]]


def test_node_compares_codes():
    """Of a bipolar input 0 and 1, of fixed point the integers on its grid."""
    node, tensors = node_and_tensors([[1]], [[1]], [0], x=Tensor("x", (1,), BipolarFormat()))
    assert node.run(tensors, [np.array([[0], [1]], np.uint8), *(t.value for t in tensors[1:])]
                    )[0].tolist() == [[0], [1]]
    node, tensors = node_and_tensors([[8]], [[1]], [0], x=Tensor("x", (1,), FixedFormat(8, 3)))
    assert node.infer(tensors) == (((1,), INT8),)
    assert node.run(tensors, [np.array([[7], [8]], np.int8), *(t.value for t in tensors[1:])]
                    )[0].tolist() == [[0], [1]]


ONE = ([[0]], [[1]], [0])


@pytest.mark.parametrize(("arguments", "options", "message"), [
    (([[0, -1]], [[1, 1]], [0]), {}, "thresholds must ascend in every row"),
    (([[2**63 - 1, -(2**63)]], [[1, 1]], [0]), {"kinds": {"t": IntFormat(64)}},
     "thresholds must ascend in every row"),
    (([[0, 1], [1, 0], [0, 1]], [[1, 1]] * 3, [0]), {}, "thresholds must ascend in every row"),
    (([[0]], [[2]], [0]), {}, "steps must be -1, 0 or 1"),
    (([[0]], [[-128]], [0]), {}, "steps must be -1, 0 or 1"),
    (([[0, 1]], [[1]], [0]), {}, r"thresholds \(1, 2\) and steps \(1, 1\) must be matrices of the"),
    (([[0]] * 3, [[1]], [0]), {}, r"thresholds \(3, 1\) and steps \(1, 1\) must be matrices"),
    (([0], [1], [0]), {}, r"thresholds \(1,\) and steps \(1,\) must be matrices"),
    (([[0]] * 2, [[1]] * 2, [0]), {}, "'t' must be a constant with 1 or 3 rows"),
    (([[0]], [[1]], [0, 1]), {}, "'b' must be a constant with 1 or 3 rows"),
    (([[0]], [[1]], [[0]]), {}, r"base must be a vector, not \(1, 1\)"),
    (ONE, {"x": Tensor("x", (2,), Float32Format())}, "'x' must hold integers, not float32"),
    (ONE, {"format_": Float32Format()}, "the output must hold integers, not float32"),
    (ONE, {"kinds": {"t": Float32Format()}}, "'t' must hold integers, not float32"),
    (ONE, {"kinds": {"s": BipolarFormat()}}, "'s' must hold integers, not bipolar"),
    (ONE, {"kinds": {"b": FixedFormat(8, 1)}}, "'b' must hold integers, not fixed<8,1>"),
    (([[0, 1]], [[1, 1]], [2**63 - 2]), {"kinds": {"b": IntFormat(64)}}, "sums can leave 64 bits"),
    (([[0]], [[1]], [-(2**63)]), {"kinds": {"b": IntFormat(64)}}, "sums can leave 64 bits"),
])
def test_node_refuses(arguments, options, message):
    node, tensors = node_and_tensors(*arguments, **options)
    with pytest.raises(NodeError, match=rf"^node 'n' \(MultiThreshold\): {message}"):
        node.infer(tensors)


def test_node_refuses_what_varies_and_what_is_missing():
    node, tensors = node_and_tensors(*ONE)
    with pytest.raises(NodeError, match=r"needs 4 inputs, not 3$"):
        node.infer(tensors[:3])
    for place, name in enumerate("tsb", 1):
        varying = [*tensors]
        varying[place] = Tensor(name, tensors[place].shape, INT8)
        with pytest.raises(NodeError, match=f"'{name}' must be a constant with 1 or 3 rows$"):
            node.infer(varying)


def test_thresholds_whose_distance_leaves_64_bits():
    node, tensors = node_and_tensors([[-(2**63), 2**63 - 1]], [[1, 1]], [0],
                                     kinds={"t": IntFormat(64)})
    assert node.infer(tensors) == (((2, 3), INT8),)


def test_node_refuses_a_result_outside_its_format():
    node, tensors = node_and_tensors([[0, 1]], [[1, 1]], [0], format_=TernaryFormat())
    constants = [t.value for t in tensors[1:]]
    assert node.run(tensors, [np.array([[-1], [0]], np.int8), *constants])[0].tolist() == [[0], [1]]
    with pytest.raises(NodeError, match=r"^node 'n' \(MultiThreshold\): output\[1, 0\] is 2, but "
                                        r"ternary holds -1 to 1$"):
        node.run(tensors, [np.array([[0], [1]], np.int8), *constants])
