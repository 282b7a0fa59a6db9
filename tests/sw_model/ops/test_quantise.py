"""Quantise and Dequantise against qonnx's function and against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sw_model.formats import BipolarFormat, Float32Format, IntFormat, Rounding
from sw_model.graph import NodeError, Tensor
from sw_model.ops import Dequantise, Quantise, dequantise, quantise
from tests.support.onnx_models import int_quant, model_of, node, run_onnxruntime

ROUNDINGS = {"ROUND": Rounding.HALF_EVEN, "CEIL": Rounding.CEILING, "FLOOR": Rounding.FLOOR,
             "UP": Rounding.AWAY_FROM_ZERO, "DOWN": Rounding.TOWARD_ZERO,
             "HALF_UP": Rounding.HALF_AWAY, "HALF_DOWN": Rounding.HALF_TOWARD_ZERO}

#: Ties, their neighbours in float32, zeros of both signs, the largest and smallest numbers.
EDGES = np.concatenate([
    [0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, np.inf, -np.inf, 8388607.5, 8388609.0, -8388609.0],
    *([t, -t, np.nextafter(t, np.float32(0)), -np.nextafter(t, np.float32(0)),
       np.nextafter(t, np.float32(999)), -np.nextafter(t, np.float32(999))]
      for t in np.arange(0.5, 140, 1.0, dtype=np.float32))]).astype(np.float32)


def limits(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """Ends of QONNX's range, from its definition."""
    if signed:
        return -(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1
    return 0, 2**bits - 1 - narrow


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("signed", "narrow"), [(True, False), (True, True), (False, False),
                                                (False, True)])
def test_equals_qonnx(rng: np.random.Generator, rounding: str, signed: bool, narrow: bool) -> None:
    # From 2**24 on, QONNX's HALF_UP leaves its own range by a unit of float32; Quantise does not.
    for bits in (2, 3, 4, 8, 16, *((25, 32) if rounding != "HALF_UP" else ())):
        low, high = limits(bits, signed, narrow)
        for scale, zero_point in ((1.0, 0), (0.37, 0), (2.0**-120, 1), (1e-40, 0), (0.013, high)):
            x = np.concatenate([EDGES * np.float32(scale), EDGES,
                                (rng.standard_normal(500) * scale * high).astype(np.float32)])
            with np.errstate(over="ignore"):
                want = int_quant(x, scale, zero_point, bits, signed=signed, narrow=narrow,
                                 rounding=rounding)
            codes = quantise(x, np.array([scale], np.float32), zero_point=zero_point, low=low,
                             high=high, rounding=ROUNDINGS[rounding], inside=True)
            assert low <= codes.min() <= codes.max() <= high
            # One rounding of the code itself where it has more than 24 bits.
            shifted = codes.astype(np.float32) - np.float32(zero_point)
            np.testing.assert_array_equal(shifted * np.float32(scale), want,
                                          f"{bits} bits, scale {scale}, zero point {zero_point}")
            if bits <= 24:
                np.testing.assert_array_equal(
                    dequantise(codes, np.array([scale], np.float32), zero_point), want)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_50_000_floats_equal_qonnx(rng: np.random.Generator, rounding: str) -> None:
    for bits, signed, scale, zero_point in ((8, True, 0.37, 0), (4, False, 0.013, 7)):
        low, high = limits(bits, signed, narrow=False)
        x = (rng.standard_normal(50_000) * scale * high).astype(np.float32)
        want = int_quant(x, scale, zero_point, bits, signed=signed, narrow=False,
                         rounding=rounding)
        codes = quantise(x, np.array([scale], np.float32), zero_point=zero_point, low=low,
                         high=high, rounding=ROUNDINGS[rounding], inside=True)
        np.testing.assert_array_equal(
            dequantise(codes, np.array([scale], np.float32), zero_point), want)


def tensors(x: NDArray[np.float32], scale: NDArray[np.float32]) -> list[Tensor]:
    return [Tensor("x", x.shape[1:], Float32Format()),
            Tensor("scale", scale.shape, Float32Format(), value=scale)]


def test_one_signed_bit_equals_qonnx() -> None:
    x = EDGES[None]
    for scale in (1.0, 0.25, 3.0):
        quantiser = Quantise(name="q", inputs=("x", "scale"), outputs=("y",),
                             format=BipolarFormat(), low=-1, high=1, zero_point_inside=True)
        scales = np.array([scale], np.float32)
        (codes,) = quantiser.run(tensors(x, scales), [x, scales])
        with np.errstate(over="ignore"):
            want = int_quant(x, scale, 0, 1, signed=True, narrow=False, rounding="ROUND")
        np.testing.assert_array_equal((codes.astype(np.float32) * 2 - 1) * np.float32(scale), want)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("channels", [1, 5])
def test_equals_onnxruntime(rng: np.random.Generator, dtype: type, channels: int) -> None:
    info = np.iinfo(dtype)
    format_ = IntFormat(8, signed=info.min < 0)
    for zero_point in (0, 3, info.min, info.max):
        scale = rng.uniform(0.01, 0.5, channels).astype(np.float32)
        scale[0] = 1.0
        x = np.concatenate([EDGES, (rng.standard_normal(50_003) * 40).astype(np.float32)])
        x = np.resize(x, (len(x) // 5, 5))
        model = model_of(
            [node("QuantizeLinear", ["x", "s", "z"], ["q"], axis=1),
             node("DequantizeLinear", ["q", "s", "z"], ["y"], axis=1)],
            {"s": scale if channels > 1 else scale[0],
             "z": np.full(channels, zero_point, dtype) if channels > 1 else dtype(zero_point)},
            inputs={"x": ("N", 5)}, outputs=("y", "q"), types={"q": {"b": 3, "B": 2}[
                np.dtype(dtype).char]})
        real, codes = run_onnxruntime(model, {"x": x})
        quantiser = Quantise(name="q", inputs=("x", "s"), outputs=("q",), format=format_,
                             zero_point=zero_point, low=info.min, high=info.max)
        (mine,) = quantiser.run(tensors(x, scale), [x, scale])
        assert mine.dtype == codes.dtype
        np.testing.assert_array_equal(mine, codes)
        back = Dequantise(name="d", inputs=("q", "s"), outputs=("y",), zero_point=zero_point)
        (again,) = back.run([Tensor("q", (5,), format_), tensors(x, scale)[1]], [mine, scale])
        np.testing.assert_array_equal(again, real)


def test_dequantise_of_wide_codes_equals_onnxruntime(rng: np.random.Generator) -> None:
    codes = rng.integers(-(2**31), 2**31, (10_000, 7), dtype=np.int32)
    model = model_of([node("DequantizeLinear", ["x", "s"], ["y"])], {"s": np.float32(0.0173)},
                     inputs={"x": ("N", 7)}, types={"x": 6})
    (want,) = run_onnxruntime(model, {"x": codes})
    np.testing.assert_array_equal(dequantise(codes, np.array([0.0173], np.float32), 0), want)


def test_dequantise_may_overflow() -> None:
    """To infinity, as in ONNX Runtime."""
    codes = np.array([[-128, 0, 127]], np.int8)
    model = model_of([node("DequantizeLinear", ["x", "s"], ["y"])], {"s": np.float32(3e38)},
                     inputs={"x": ("N", 3)}, types={"x": 3})
    (want,) = run_onnxruntime(model, {"x": codes})
    assert np.isinf(want).any()
    np.testing.assert_array_equal(dequantise(codes, np.array([3e38], np.float32), 0), want)


def test_nan_has_no_code() -> None:
    x, scale = np.array([[np.nan]], np.float32), np.ones(1, np.float32)
    quantiser = Quantise(name="q", inputs=("x", "s"), outputs=("y",), format=IntFormat(8),
                         low=-128, high=127)
    with pytest.raises(NodeError, match=r"^node 'q' \(Quantise\): input 'x' holds NaN$"):
        quantiser.run(tensors(x, scale), [x, scale])


@pytest.mark.parametrize(("scale", "message"), [
    ([0.0], "must be positive and finite"), ([-1.0], "must be positive and finite"),
    ([np.inf], "must be positive and finite"), ([1.0, 1.0], "must have 1 or 3 elements")])
def test_scale_is_checked(scale: list[float], message: str) -> None:
    quantiser = Quantise(name="q", inputs=("x", "s"), outputs=("y",), format=IntFormat(8),
                         low=-128, high=127)
    x = np.zeros((1, 3), np.float32)
    with pytest.raises(NodeError, match=message):
        quantiser.infer(tensors(x, np.array(scale, np.float32)))


def test_clamp_must_fit_the_format() -> None:
    quantiser = Quantise(name="q", inputs=("x", "s"), outputs=("y",), format=IntFormat(4),
                         low=-9, high=7)
    with pytest.raises(NodeError, match="clamp -9 to 7 does not fit int4"):
        quantiser.infer(tensors(np.zeros((1, 3), np.float32), np.ones(1, np.float32)))
