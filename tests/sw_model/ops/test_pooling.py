"""Pooling and means against TFLite Micro."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import AveragePool, MaxPool, Mean, average_pool, max_pool, mean
from sw_model.specs import MeanSpec, PoolSpec, WindowAxis
from tests.support.tflite_operators import Quantised, micro, options

INT8, INT16 = IntFormat(8), IntFormat(16)
HOW = Quantised(0.05, 3)

#: Height, width, kernel and stride of both axes.
SHAPES = [((6, 7), (2, 2), (2, 2)), ((5, 5), (3, 3), (1, 1)), ((5, 6), (3, 2), (2, 3)),
          ((4, 9), (1, 5), (1, 1)), ((3, 3), (3, 3), (1, 1)), ((8, 8), (5, 4), (3, 2)),
          ((2, 2), (4, 5), (1, 2)), ((7, 1), (2, 1), (4, 1))]


def axes_of(sizes, kernels, strides, padding):
    make = WindowAxis.same if padding == "SAME" else WindowAxis
    return [make(*each) for each in zip(sizes, kernels, strides, strict=True)]


def expected(kind, codes, kernels, strides, padding, shape, fused=0, how=HOW):
    choices = options("Pool2D", padding=0 if padding == "SAME" else 1, strideH=strides[0],
                      strideW=strides[1], filterHeight=kernels[0], filterWidth=kernels[1],
                      fusedActivationFunction=fused)
    return micro(kind, [(codes, how)], how, shape, choices)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("sizes", "kernels", "strides"), SHAPES, ids=str)
def test_windows(sizes, kernels, strides, padding, rng):
    if padding == "VALID" and any(k > n for k, n in zip(kernels, sizes, strict=True)):
        return
    axes = axes_of(sizes, kernels, strides, padding)
    for format_, kind in ((INT8, np.int8), (INT16, np.int16)):
        spec = PoolSpec.of(format_, *axes)
        codes = rng.integers(format_.min, format_.max, (1, *sizes, 6), dtype=kind, endpoint=True)
        codes[..., 0], codes[..., 1] = format_.min, format_.max
        codes[..., 2] = rng.integers(-2, 3, codes.shape[:-1])
        how = HOW if format_ is INT8 else Quantised(0.05)
        for operator, golden in (("AVERAGE_POOL_2D", average_pool), ("MAX_POOL_2D", max_pool)):
            wanted = expected(operator, codes, kernels, strides, padding,
                              (1, *spec.outputs, 6), how=how)
            np.testing.assert_array_equal(golden(codes, spec), wanted, operator)


def test_every_pair_and_its_ties():
    """Windows of two hold all 65,536 pairs of int8 codes; half of the sums are odd."""
    a = np.arange(-128, 128, dtype=np.int8)
    codes = np.stack([np.repeat(a, 256), np.tile(a, 256)]).reshape(1, 2, 256, 256)
    spec = PoolSpec.of(INT8, WindowAxis(2, 2), WindowAxis(256, 1))
    for operator, golden in (("AVERAGE_POOL_2D", average_pool), ("MAX_POOL_2D", max_pool)):
        wanted = expected(operator, codes, (2, 1), (1, 1), "VALID", (1, 1, 256, 256))
        np.testing.assert_array_equal(golden(codes, spec), wanted)


@pytest.mark.parametrize("form", [INT8, INT16], ids=str)
@pytest.mark.parametrize(("kernels", "padding"), [((3, 3), "SAME"), ((2, 5), "VALID")])
def test_50_000_windows(form, kernels, padding, rng):
    codes = rng.integers(form.min, form.max, (1, 100, 110, 5), dtype=form.dtype, endpoint=True)
    spec = PoolSpec.of(form, *axes_of((100, 110), kernels, (1, 1), padding))
    shape = (1, *spec.outputs, 5)
    assert np.prod(shape) >= 50_000
    for operator, golden in (("AVERAGE_POOL_2D", average_pool), ("MAX_POOL_2D", max_pool)):
        wanted = expected(operator, codes, kernels, (1, 1), padding, shape,
                          how=HOW if form is INT8 else Quantised(0.05))
        np.testing.assert_array_equal(golden(codes, spec), wanted)


@pytest.mark.parametrize("size", [255, 257])
def test_windows_whose_sums_nearly_overflow(size):
    """Whole images of the least and of the greatest code of 16 bits: 65,535 and 65,025 of them."""
    codes = np.full((1, size, 255, 2), -2**15, np.int16)
    codes[..., 1] = 2**15 - 1
    spec = PoolSpec.of(INT16, WindowAxis(size, size), WindowAxis(255, 255))
    wanted = expected("AVERAGE_POOL_2D", codes, (size, 255), (1, 1), "VALID", (1, 1, 1, 2),
                      how=Quantised(0.05))
    np.testing.assert_array_equal(average_pool(codes, spec), wanted)
    assert wanted.ravel().tolist() == [-2**15, 2**15 - 1]


@pytest.mark.parametrize(("fused", "activation"), [(1, "relu"), (3, "relu6")])
def test_fused_activations(fused, activation, rng):
    codes = rng.integers(-128, 128, (1, 6, 6, 5), dtype=np.int8)
    spec = PoolSpec.of(INT8, *[WindowAxis.same(6, 3, 2)] * 2, activation=activation, scale=0.05,
                       zero_point=3)
    for operator, golden in (("AVERAGE_POOL_2D", average_pool), ("MAX_POOL_2D", max_pool)):
        wanted = expected(operator, codes, (3, 3), (2, 2), "SAME", (1, 3, 3, 5), fused)
        np.testing.assert_array_equal(golden(codes, spec), wanted)


def test_padding_that_counts(rng):
    """Against windows of the padded image, rounded half away from zero."""
    codes = rng.integers(-128, 128, (4, 5, 3))
    axes = (WindowAxis(4, 3, 1, 1, 2), WindowAxis(5, 2, 2, 0, 1))
    result = average_pool(codes, PoolSpec.of(INT8, *axes, count_padding=True))
    padded = np.pad(codes, ((1, 2), (0, 1), (0, 0)))
    for place in np.ndindex(*result.shape):
        y, x, channel = place
        total = int(padded[y:y + 3, 2 * x:2 * x + 2, channel].sum())
        assert result[place] == np.sign(total) * ((abs(total) + 3) // 6)


def test_ties_go_away_from_zero():
    for window, wanted in (([1, 2, 2, 2], 2), ([-1, -2, -2, -1], -2), ([1, 2], 2), ([-1, -2], -2),
                           ([0, -1], -1), ([0, 0, -1], 0)):
        spec = PoolSpec.of(INT8, WindowAxis(len(window), len(window)))
        assert average_pool(np.array(window)[:, None], spec).tolist() == [[wanted]]


def test_one_and_three_axes(rng):
    codes = rng.integers(-128, 128, (5, 4, 6, 2), dtype=np.int8)
    spec = PoolSpec.of(INT8, WindowAxis(5, 2), WindowAxis(4, 3), WindowAxis(6, 2, 2))
    result = max_pool(codes, spec)
    for a, b, c in np.ndindex(4, 2, 3):
        window = codes[a:a + 2, b:b + 3, 2 * c:2 * c + 2]
        np.testing.assert_array_equal(result[a, b, c], window.max(axis=(0, 1, 2)))
    line = max_pool(codes[0, 0], PoolSpec.of(INT8, WindowAxis(6, 6)))
    np.testing.assert_array_equal(line[0], codes[0, 0].max(axis=0))


@pytest.mark.parametrize("axes", [(1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)], ids=str)
def test_means(axes, rng):
    for shape in ((1, 4, 5, 6), (1, 8, 8, 3), (1, 1, 37, 2)):
        codes = rng.integers(-128, 128, shape, dtype=np.int8)
        codes[..., 0] = rng.integers(-128, 128)
        count = int(np.prod([shape[axis] for axis in axes]))
        for scale_in, zero_in, scale_out, zero_out in (
                (0.05, 3, 0.05, 3), (0.5, -128, 0.25, 127), (0.1, 0, 0.013, -7),
                (0.02, 9, 1.0, 0), (1.0, 1, 0.125, -128)):
            for keep in (True, False):
                left = [1 if axis in axes else size for axis, size in enumerate(shape)
                        if keep or axis not in axes]
                wanted = micro("MEAN", [(codes, Quantised(scale_in, zero_in))],
                               Quantised(scale_out, zero_out), left,
                               options("Reducer", keepDims=keep), constants=[list(axes)])
                spec = MeanSpec.of(INT8, INT8, count, scale_in=scale_in, zero_in=zero_in,
                                   scale_out=scale_out, zero_out=zero_out)
                np.testing.assert_array_equal(mean(codes, spec, axes).reshape(left), wanted,
                                              f"{spec}")


def test_50_000_means(rng):
    for count, scales in ((5, (0.05, 3, 0.05, 3)), (7, (0.5, -128, 0.25, 127))):
        codes = rng.integers(-128, 128, (1, count, 50_000), dtype=np.int8)
        scale_in, zero_in, scale_out, zero_out = scales
        wanted = micro("MEAN", [(codes, Quantised(scale_in, zero_in))],
                       Quantised(scale_out, zero_out), (1, 50_000),
                       options("Reducer", keepDims=False), constants=[[1]])
        spec = MeanSpec.of(INT8, INT8, count, scale_in=scale_in, zero_in=zero_in,
                           scale_out=scale_out, zero_out=zero_out)
        np.testing.assert_array_equal(mean(codes, spec, (1,)), wanted)


def test_50_000_means_of_int16(rng):
    for count, scale_in, scale_out in ((5, 0.05, 0.05), (7, 0.5, 0.3)):
        codes = rng.integers(-2**15, 2**15, (1, count, 50_000), dtype=np.int16)
        wanted = micro("MEAN", [(codes, Quantised(scale_in))], Quantised(scale_out), (1, 50_000),
                       options("Reducer", keepDims=False), constants=[[1]])
        spec = MeanSpec.of(INT16, INT16, count, scale_in=scale_in, scale_out=scale_out)
        np.testing.assert_array_equal(mean(codes, spec, (1,)), wanted)


def test_means_of_int16(rng):
    codes = rng.integers(-2**15, 2**15, (1, 7, 9, 4), dtype=np.int16)
    for scale_in, scale_out in ((0.001, 0.001), (0.5, 0.25), (0.01, 0.003)):
        wanted = micro("MEAN", [(codes, Quantised(scale_in))], Quantised(scale_out), (1, 1, 1, 4),
                       options("Reducer", keepDims=True), constants=[[1, 2]])
        spec = MeanSpec.of(INT16, INT16, 63, scale_in=scale_in, scale_out=scale_out)
        np.testing.assert_array_equal(mean(codes, spec, (1, 2)), wanted[:, 0, 0])


def test_pool_nodes(rng):
    codes = rng.integers(-128, 128, (3, 4, 5, 2), dtype=np.int8)
    spec = PoolSpec.of(INT8, WindowAxis(4, 2, 2), WindowAxis.same(5, 3))
    x = Tensor("x", (4, 5, 2), INT8)
    for make, golden in ((AveragePool, average_pool), (MaxPool, max_pool)):
        node = make(name="p", inputs=("x",), outputs=("y",), spec=spec)
        assert node.infer([x]) == (((2, 5, 2), INT8),)
        (result,) = node.run([x], [codes])
        assert result.dtype == np.int8
        np.testing.assert_array_equal(result, golden(codes, spec))
        assert node.from_json(node.as_json()) == node
        with pytest.raises(NodeError, match=r"input must be \[4, 5\] and channels, not \[5, 2\]"):
            node.infer([Tensor("x", (5, 2), INT8)])
        with pytest.raises(NodeError, match="input must be int8, not int9"):
            node.infer([Tensor("x", (4, 5, 2), IntFormat(9))])


def test_mean_node(rng):
    codes = rng.integers(-128, 128, (3, 4, 5, 2), dtype=np.int8)
    x = Tensor("x", (4, 5, 2), INT8)
    for axes, keep, shape in (((0, 1), False, (2,)), ((1,), True, (4, 1, 2)),
                              ((0, 1, 2), False, (1,))):
        count = int(np.prod([x.shape[axis] for axis in axes]))
        spec = MeanSpec.of(INT8, INT8, count, scale_in=0.1, scale_out=0.05)
        node = Mean(name="m", inputs=("x",), outputs=("y",), spec=spec, axes=axes, keep=keep)
        assert node.infer([x]) == ((shape, INT8),)
        (result,) = node.run([x], [codes])
        assert result.dtype == np.int8
        over = tuple(axis + 1 for axis in axes)
        np.testing.assert_array_equal(result, mean(codes, spec, over).reshape(3, *shape))
        assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="the mean is over 20 elements, not 40"):
        Mean(name="m", inputs=("x",), outputs=("y",), spec=spec, axes=(0, 1)).infer([x])
    with pytest.raises(NodeError, match="the mean is over a run-time dimension"):
        node.infer([Tensor("x", (AtMost(4), 5, 2), INT8)])
    for axes in ((), (0, 0), (3,)):
        with pytest.raises(NodeError, match="axes must be some of the 3 of the input"):
            Mean(name="m", inputs=("x",), outputs=("y",), spec=spec, axes=axes).infer([x])


@pytest.mark.parametrize(("make", "message"), [
    (lambda: WindowAxis(5, 3, 1, 3), "padding must be less than the kernel of 3, not 3 and 0"),
    (lambda: WindowAxis(2, 5, 1, 1, 1), "a kernel of 5 does not fit an axis of 2"),
    (lambda: WindowAxis(4, 3, 4, 0, 4), "padding must be less than the kernel"),
    (lambda: WindowAxis(0, 1), "size must be at least 1, not 0"),
    (lambda: PoolSpec.of(IntFormat(17), WindowAxis(1, 1)), "format must have at most 16 bits"),
    (lambda: PoolSpec.of(INT16, WindowAxis(300, 256), WindowAxis(300, 256)),
     r"^windows of int16 must have at most 65535 elements, so that sums stay within 32 bits, not "
     "65536$"),
    (lambda: PoolSpec.of(INT8, WindowAxis(2**24, 2**24)), "int8 must have at most 16711935 "),
    (lambda: MeanSpec.of(INT8, INT8, 2**24, scale_in=2.0, scale_out=1.0),
     "sums up to 2147483648 leave 32 bits")])
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_no_window_is_padding_alone():
    """Every axis up to 7 with every padding that is allowed."""
    for size, kernel, stride in np.ndindex(7, 5, 4):
        for before, after in np.ndindex(kernel + 1, kernel + 1):
            if size + 1 + before + after < kernel + 1:
                continue
            axis = WindowAxis(size + 1, kernel + 1, stride + 1, before, after)
            assert all(1 <= axis.taps(k) <= kernel + 1 for k in range(axis.outputs))


def test_types():
    with pytest.raises(TypeError, match=r"axes must be WindowAxes, not \(1,\)"):
        PoolSpec(format=INT8, axes=(1,), low=0, high=1)
    with pytest.raises(TypeError, match="count_padding must be a bool, not 1"):
        PoolSpec(format=INT8, axes=(WindowAxis(1, 1),), low=0, high=1, count_padding=1)
