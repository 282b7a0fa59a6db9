"""Shifts against rational arithmetic, QONNX's Trunc and average pool, and fixed point's encoder."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, Overflow, Rounding
from sw_model.node import NodeError, Tensor
from sw_model.ops import RescaleMode, ShiftRescale, rescale, shift_rescale
from sw_model.ops.shift import pooled_shift, round_shift, shift_groups, truncation_shift
from sw_model.specs import ShiftSpec
from tests.support.exact import rounded

INT8 = IntFormat(8)
#: QONNX's names.
QONNX = {"ROUND": Rounding.HALF_EVEN, "CEIL": Rounding.CEILING, "FLOOR": Rounding.FLOOR,
         "UP": Rounding.AWAY_FROM_ZERO, "DOWN": Rounding.TOWARD_ZERO,
         "HALF_UP": Rounding.HALF_AWAY, "HALF_DOWN": Rounding.HALF_TOWARD_ZERO}


@pytest.mark.parametrize("rounding", Rounding)
def test_equals_rational_arithmetic(rounding, rng):
    few = np.arange(-300, 301)
    for shift in (0, 1, 2, 3, 5, 9, 40, 62):
        wanted = [rounded(Fraction(int(x), 2**shift), rounding) for x in few]
        assert round_shift(few, shift, rounding).tolist() == wanted
    wide = np.concatenate([[-(2**61), 2**61 - 1, 2**60, -(2**60)],
                           rng.integers(-(2**61), 2**61, 200)])
    for shift in (1, 30, 60, 61, 62):
        wanted = [rounded(Fraction(int(x), 2**shift), rounding) for x in wide]
        assert round_shift(wide, shift, rounding).tolist() == wanted


def truncated(version, x, given, kept, mode, *, signed):
    """QONNX's own functions, scale 1, on integers; what comes out divided by its scale."""
    from qonnx.custom_op.general.trunc import trunc_v1, trunc_v2
    one, zero = np.float32(1), np.float32(0)
    if version == 1:
        return trunc_v1(x.astype(np.float32), one, zero, np.float32(given), np.float32(kept), mode)
    scale = np.float32(2.0 ** (given - kept))
    return trunc_v2(x.astype(np.float32), one, zero, np.float32(given), False, signed, scale,
                    np.float32(kept), mode) / scale


@pytest.mark.parametrize("mode", QONNX)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_equals_qonnx_trunc(mode, version, signed):
    """All codes of 6, 8 and 16 bits; version 2 clamps, version 1 may leave its bits."""
    for given, kept in ((6, 4), (8, 3), (8, 8), (16, 9)):
        source = IntFormat(given, signed)
        shift = truncation_shift(given, kept)
        target = IntFormat(kept if version == 2 else kept + 1, signed)
        spec = ShiftSpec(source=source, target=target, shift_low=shift, shift_high=shift,
                         rounding=QONNX[mode])
        every = np.arange(source.min, source.max + 1)
        np.testing.assert_array_equal(
            shift_rescale(every, np.array([shift]), spec),
            truncated(version, every, given, kept, mode, signed=signed))


def test_equals_qonnx_average_pool(rng):
    """A sum of taps, then the shift."""
    from onnx import TensorProto, helper
    from qonnx.custom_op.general.quantavgpool2d import QuantAvgPool2d
    for bits, size, kept in ((4, 2, 4), (4, 3, 6), (8, 3, 8), (2, 2, 8)):
        node = helper.make_node(
            "QuantAvgPool2d", ["x"], ["y"], domain="qonnx.custom_op.general", stride=size,
            kernel=size, ibits=bits, obits=kept, signed=0, data_layout="NCHW")
        pool = QuantAvgPool2d(node)
        shift = pooled_shift(bits, size * size, kept)
        assert shift == pool.get_shifts()
        x = rng.integers(0, 2**bits, (1, 2, 4 * size, 3 * size))
        x[0, 0, :size, :size] = 2**bits - 1
        graph = helper.make_graph([node], "g", [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)], [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2, 4, 3))])
        context = {"x": x.astype(np.float32), "y": np.zeros((1, 2, 4, 3), np.float32)}
        pool.execute_node(context, graph)
        sums = x.reshape(1, 2, 4, size, 3, size).sum(axis=(3, 5))
        spec = ShiftSpec(source=IntFormat(20), target=INT8 if kept < 8 else IntFormat(9),
                         shift_low=shift, shift_high=shift, rounding=Rounding.FLOOR)
        np.testing.assert_array_equal(shift_rescale(sums, np.array([shift]), spec), context["y"])


def test_casts_equal_the_encoder():
    """QFX's cast: every code, by the reals that both formats stand for."""
    for source, target in ((FixedFormat(10, 6), FixedFormat(6, 3)),
                           (FixedFormat(8, 2), FixedFormat(12, 6)),
                           (FixedFormat(9, 5, signed=False), FixedFormat(5, 3)),
                           (FixedFormat(9, 5), FixedFormat(5, 3, signed=False))):
        every = np.arange(source.min, source.max + 1)
        for rounding in Rounding:
            for overflow in (Overflow.SATURATE, Overflow.WRAP):
                spec = ShiftSpec.cast(source, target, rounding=rounding, overflow=overflow)
                np.testing.assert_array_equal(
                    shift_rescale(every, np.array([spec.shift_low]), spec),
                    target.encode(source.decode(every), rounding=rounding, overflow=overflow))


def test_known_casts():
    """QFX's examples, from reals on a finer grid."""
    fine, target = FixedFormat(16, 10), FixedFormat(8, 4)
    for real, rounding, overflow, wanted in (
            (1.37, Rounding.HALF_EVEN, Overflow.SATURATE, 1.375),
            (9.9, Rounding.HALF_EVEN, Overflow.SATURATE, 7.9375),
            (9.9, Rounding.HALF_EVEN, Overflow.WRAP, -6.125),
            (-1.37, Rounding.FLOOR, Overflow.WRAP, -1.375)):
        spec = ShiftSpec.cast(fine, target, rounding=rounding, overflow=overflow)
        assert shift_rescale(fine.encode([real]), np.array([6]), spec) == wanted * 16


def test_shift_quant():
    """The example: groups, codes by the tensor's scale, and products that count exactly."""
    x = np.array([[8, 0.9, 0.11, 3.1], [-5, -0.7, 0.2, 2.2]])
    groups = shift_groups(abs(x).max(axis=0))
    assert groups.tolist() == [0, 3, 3, 1]
    scale = 8 / 7
    fine = np.rint(x * 100).astype(np.int32)
    multiplier = np.array([round(2**40 / (scale * 100))])
    codes = rescale(fine, multiplier, groups - 40, RescaleMode.EXACT_HALF_EVEN)
    assert codes.tolist() == [[7, 6, 1, 5], [-4, -5, 1, 4]]
    # Each channel's products move so that all count alike.
    up = ShiftSpec(source=IntFormat(4), target=IntFormat(8), shift_low=-3, shift_high=0)
    aligned = shift_rescale(codes.astype(np.int64), -(groups.max() - groups), up)
    weights = np.array([[1, -2], [3, 4], [-5, 6], [7, -8]])
    np.testing.assert_allclose((aligned @ weights) * scale * 2.0**-3,
                               (codes * scale * 2.0**-groups) @ weights, rtol=1e-15)


def test_groups_at_powers_of_two():
    assert shift_groups([8, 4, np.nextafter(4, 5), np.nextafter(4, 0), 1, 0.99]).tolist() == [
        0, 1, 0, 1, 3, 3]
    assert shift_groups([3, 1.5, 0.75, 0.1], groups=2).tolist() == [0, 1, 1, 1]
    assert shift_groups([0, 0]).tolist() == [3, 3]
    assert shift_groups([]).shape == (0,)
    with pytest.raises(ValueError, match="peaks must be a vector of finite numbers"):
        shift_groups([1, -1])


def node_of(**changes):
    spec = ShiftSpec(**{"source": INT8, "target": IntFormat(4), "shift_low": 0, "shift_high": 5,
                        **changes})
    return ShiftRescale(name="s", inputs=("x", "shift"), outputs=("y",), spec=spec)


def test_node():
    tensors = [Tensor("x", (3,), INT8), Tensor("shift", (3,), INT8, value=np.array([0, 2, 5]))]
    node = node_of()
    assert node.infer(tensors) == (((3,), IntFormat(4)),)
    (result,) = node.run(tensors, [np.array([[5, 9, 127], [-99, 2, -16]]), tensors[1].value])
    assert result.dtype == np.int8
    assert result.tolist() == [[5, 2, 4], [-8, 0, 0]]
    for wrong, message in ((Tensor("x", (3,), IntFormat(9)), "input must be int8, not int9"),
                           (Tensor("x", (4,), INT8), "'shift' must be a constant of 1 or 4")):
        with pytest.raises(NodeError, match=message):
            node.infer([wrong, tensors[1]])
    with pytest.raises(NodeError, match="shifts must be 0 to 4"):
        node_of(shift_high=4).infer(tensors)


@pytest.mark.parametrize(("changes", "message"), [
    ({"shift_low": 6}, r"^shifts must be from -62 to 62 in this order, not 6 and 5$"),
    ({"shift_high": 63}, r"^shifts must be from -62 to 62 in this order, not 0 and 63$"),
    ({"shift_low": -55}, r"^source must have at most 7 bits, not 8$"),
    ({"low": -9}, r"^clamp -9 to 7 does not fit int4, which holds -8 to 7$"),
    ({"overflow": Overflow.ERROR}, r"^overflow must be saturate or wrap, not <Overflow.ERROR"),
    ({"overflow": Overflow.WRAP, "low": 0}, r"^what wraps has no other clamp than -8 to 7, "
                                            r"not 0 to 7$"),
])
def test_what_does_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        node_of(**changes)


def test_distances():
    spec = node_of(shift_low=-2).spec
    assert spec.shifts == 8
    assert [spec.distance_of(shift) for shift in (-2, 0, 5)] == [0, 2, 7]
    with pytest.raises(ValueError, match=r"^shift must be -2 to 5, not 6$"):
        spec.distance_of(6)
    with pytest.raises(TypeError, match=r"^rounding must be a Rounding, not 'floor'$"):
        node_of(rounding="floor")
