"""The golden operators on ONNX's node cases: one function for each operator.

Each gives what came out, and of how many bits the unit is: 16, 8, or None where the result must
be exact. Reals are quantised to int16 or int8 for the whole tensor first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import FixedFormat, Format, IntFormat, Rounding, parse_format
from sw_model.ops import (
    RescaleMode,
    average_pool,
    batch_normalisation,
    delta_table,
    dequantise,
    hard_sigmoid,
    hard_swish,
    layer_norm,
    matmul,
    max_pool,
    mean,
    online_softmax,
    quantise,
    requantise,
    rescale,
    rms_norm,
    sigmoid,
)
from sw_model.ops.fixed_point import split_scales
from sw_model.specs import (
    DeltaTableSpec,
    ExtendedExponentialSpec,
    HardSigmoidSpec,
    HardSwishSpec,
    LayerNormSpec,
    MeanSpec,
    NormSpec,
    OnlineSoftmaxSpec,
    PoolSpec,
    RequantiseSpec,
    RmsNormSpec,
    SigmoidSpec,
    WindowAxis,
)
from sw_model.tables import delta_entries

from .onnx_nodes import NodeCase

__all__ = ["GOLDEN", "Result"]

INT8, INT16 = IntFormat(8), IntFormat(16)
UINT8, UINT16 = IntFormat(8, signed=False), IntFormat(16, signed=False)

#: What came out, and bits of the unit.
Result = tuple[NDArray[Any], int | None]
Array = NDArray[Any]


def codes_of(x: Array, format_: IntFormat = INT16) -> tuple[Array, float]:
    """Codes of the whole tensor, zero point 0, and their scale."""
    scale = float(np.float32(np.abs(x).max(initial=0) / format_.max or 1))
    return np.clip(np.rint(x / scale), format_.min, format_.max).astype(np.int64), scale


def scale_for(y: Array, format_: IntFormat = INT16) -> float:
    """A scale that holds ``y``."""
    return codes_of(y, format_)[1]


def spread(case: NodeCase, parameter: Array) -> Array:
    """Scales or zero points of a tensor, an axis or blocks, as large as the input."""
    x = case.inputs[0]
    assert x is not None
    if parameter.size == 1:
        return parameter.reshape(())
    axis = case.get("axis", 1) % x.ndim
    if block := case.get("block_size"):
        return np.repeat(parameter, block, axis=axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    return parameter.reshape(shape)


def format_named(dtype: np.dtype[Any]) -> Format:
    """Of the codes of an array."""
    names = {"float8_e4m3fn": "e4m3fn", "float8_e5m2": "e5m2", "float4_e2m1fn": "e2m1"}
    return parse_format(names.get(dtype.name, dtype.name))


def quantize_linear(case: NodeCase) -> Result:
    x, scale = np.asarray(case.input(0)), spread(case, case.input(1))
    format_ = format_named(case.outputs[0].dtype)
    if not isinstance(format_, IntFormat):
        every = format_.decode(np.arange(format_.min, format_.max + 1))
        most = every[np.isfinite(every)].max()
        return format_.decode(format_.encode(np.clip(x / scale, -most, most))), None
    zero = case.input(2)
    points = 0 if zero is None else spread(case, zero.astype(np.int64))
    return quantise(x, scale, zero_point=points, low=format_.min, high=format_.max,
                    rounding=Rounding.HALF_EVEN, inside=False), None


def dequantize_linear(case: NodeCase) -> Result:
    x, scale, format_ = case.input(0), spread(case, case.input(1)), format_named(
        case.inputs[0].dtype)  # type: ignore[union-attr]
    if not isinstance(format_, IntFormat):
        real = format_.decode(format_.encode(x.astype(np.float64)))
        return real.astype(np.float32) * scale, None
    zero = case.input(2)
    points = 0 if zero is None else spread(case, zero.astype(np.int64))
    return dequantise(x.astype(np.int64), scale, points), None


def products(a: Array, b: Array) -> Array:
    """``a @ b`` with NumPy's broadcasting, matrix by matrix."""
    left = a[None] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
    right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
    result = np.empty((*batch, left.shape[-2], right.shape[-1]), np.int64)
    for place in np.ndindex(*batch):
        result[place] = matmul(left[place], right[place].T)
    if b.ndim == 1:
        result = result[..., 0]
    return result[..., 0, :] if a.ndim == 1 and b.ndim > 1 else \
        result[..., 0] if a.ndim == 1 else result


def mat_mul(case: NodeCase) -> Result:
    (a, scale_a), (b, scale_b) = map(codes_of, case.inputs)  # type: ignore[arg-type]
    return products(a, b) * (scale_a * scale_b), 16


def gemm(case: NodeCase) -> Result:
    (a, scale_a), (b, scale_b) = map(codes_of, case.inputs[:2])  # type: ignore[arg-type]
    a, b = a.T if case.get("transA") else a, b.T if case.get("transB") else b
    scale = scale_a * scale_b * case.get("alpha", 1.0)
    bias = np.rint(case.input(2, np.float32(0)) * case.get("beta", 1.0) / scale).astype(np.int64)
    rows = np.broadcast_to(bias, (len(a), b.shape[1]))
    return np.stack([matmul(x, b.T, row) for x, row in zip(a, rows, strict=True)]) * scale, 16


def mat_mul_integer(case: NodeCase) -> Result:
    a, b = (case.input(k).astype(np.int64) - case.input(k + 2, np.int64(0)).astype(np.int64)
            for k in (0, 1))
    return products(a, b), None


def q_linear_mat_mul(case: NodeCase) -> Result:
    a, scale_a, zero_a, b, scale_b, zero_b, scale, zero = map(np.asarray, case.inputs)
    acc = products(a.astype(np.int64) - zero_a.astype(np.int64),
                   b.astype(np.int64) - zero_b.astype(np.int64))
    factor = (scale_a * scale_b / scale).astype(np.float64)
    scaled = rescale(acc, *split_scales(factor), RescaleMode.FLOAT32_HALF_EVEN)
    format_ = format_named(case.outputs[0].dtype)
    return np.clip(scaled + zero.astype(np.int64), format_.min, format_.max), None


def windows(case: NodeCase, sizes: Sequence[int]) -> list[WindowAxis]:
    """Of the spatial axes."""
    kernel = case.get("kernel_shape", sizes)
    strides, automatic = case.get("strides", [1] * len(sizes)), case.get("auto_pad", "NOTSET")
    pads = case.get("pads", [0] * 2 * len(sizes))
    axes = []
    for k, (size, width, stride) in enumerate(zip(sizes, kernel, strides, strict=True)):
        before, after = pads[k], pads[k + len(sizes)]
        if automatic.startswith("SAME"):
            same = WindowAxis.same(size, width, stride)
            before, after = same.before, same.after
            if automatic == "SAME_LOWER":
                before, after = after, before
        elif case.get("ceil_mode"):
            missing = -(size + before + after - width) % stride
            # A window that begins behind the image is left out.
            last = size + before + after + missing - width
            after += missing if missing and last < size + before else 0
        axes.append(WindowAxis(size, width, stride, before, after))
    return axes


def pooled(case: NodeCase, golden: Callable[[Array, PoolSpec], Array], *, whole: bool = False,
           ) -> tuple[Array, float, IntFormat]:
    """Codes of windows, their scale, their format."""
    x = np.asarray(case.input(0))
    format_ = UINT8 if x.dtype == np.uint8 else INT16
    codes, scale = (x.astype(np.int64), 1.0) if format_ is UINT8 else codes_of(x)
    axes = [WindowAxis(size, size) for size in x.shape[2:]] if whole else windows(
        case, x.shape[2:])
    spec = PoolSpec.of(format_, *axes, count_padding=bool(case.get("count_include_pad")))
    return np.moveaxis(golden(np.moveaxis(codes, 1, -1), spec), -1, 1), scale, format_


def average(case: NodeCase) -> Result:
    codes, scale, _ = pooled(case, average_pool)
    return codes * scale, 16


def maximum(case: NodeCase, *, whole: bool = False) -> Result:
    """Exact: the largest code is the code of the largest."""
    codes, scale, format_ = pooled(case, max_pool, whole=whole)
    y = case.outputs[0]
    wanted = np.clip(np.rint(y / scale), format_.min, format_.max)
    np.testing.assert_array_equal(codes, wanted)
    return np.where(codes == wanted, y, np.nan), None


def global_average(case: NodeCase) -> Result:
    x, y = np.asarray(case.input(0)), case.outputs[0]
    codes, scale = codes_of(x)
    axes, scale_out = tuple(range(2, x.ndim)), scale_for(y)
    spec = MeanSpec.of(INT16, INT16, math.prod(x.shape[2:]), scale_in=scale, scale_out=scale_out)
    return mean(codes, spec, axes).reshape(y.shape) * scale_out, 16


def batch_norm(case: NodeCase) -> Result:
    x, *parameters = case.inputs
    codes, scale = codes_of(np.asarray(x))
    real = np.moveaxis(dequantise(codes, np.float32(scale), 0), 1, -1)
    y = batch_normalisation(real, *parameters, epsilon=case.get("epsilon", 1e-5))
    return np.moveaxis(y, -1, 1), 16


def relu(case: NodeCase) -> Result:
    codes, scale = codes_of(np.asarray(case.input(0)))
    spec = RequantiseSpec.between(INT16, INT16, scale_in=scale, scale_out=scale,
                                  activation="relu")
    return requantise(codes, spec) * scale, 16


def leaky_relu(case: NodeCase) -> Result:
    codes, scale = codes_of(np.asarray(case.input(0)))
    spec = RequantiseSpec.leaky_relu(INT16, INT16, alpha=case.get("alpha", 0.01), scale_in=scale,
                                     scale_out=scale)
    return requantise(codes, spec) * scale, 16


def clip(case: NodeCase) -> Result:
    """Integers exactly; a least value above the greatest gives the greatest, as in ONNX."""
    x, ends = np.asarray(case.input(0)), (case.input(1), case.input(2))
    whole = x.dtype == np.int8
    format_ = INT8 if whole else INT16
    codes, scale = (x.astype(np.int64), 1.0) if whole else codes_of(x)
    low, high = (default if end is None else int(np.clip(
        np.rint(end / scale), format_.min, format_.max))
        for end, default in zip(ends, (format_.min, format_.max), strict=True))
    same = RequantiseSpec.between(format_, format_, scale_in=1.0, scale_out=1.0)
    spec = RequantiseSpec(source=format_, target=format_, zero_in=0, zero_out=0,
                          factor=same.factor, low=min(low, high), high=high)
    return requantise(codes, spec) * (1 if whole else scale), None if whole else 16


def hard_sigmoid_of(case: NodeCase) -> Result:
    codes, scale = codes_of(np.asarray(case.input(0)))
    spec = HardSigmoidSpec.of(INT16, INT16, scale_in=scale, scale_out=1 / INT16.max,
                              alpha=case.get("alpha", 0.2), beta=case.get("beta", 0.5))
    return hard_sigmoid(codes, spec) / INT16.max, 16


def hard_swish_of(case: NodeCase) -> Result:
    codes, scale = codes_of(np.asarray(case.input(0)), INT8)
    scale_out = scale_for(case.outputs[0], INT8)
    spec = HardSwishSpec.of(scale_in=scale, scale_out=scale_out)
    return hard_swish(codes, spec) * scale_out, 8


def sigmoid_of(case: NodeCase) -> Result:
    codes, scale = codes_of(np.asarray(case.input(0)))
    spec = SigmoidSpec.of(scale, tanh=case.operator == "Tanh")
    return sigmoid(codes, spec) * 2.0**-15, 16


def delta_activation(case: NodeCase) -> Result:
    """GELU and SiLU: both forms of GELU are within the tolerance of the exact one."""
    x = np.asarray(case.input(0))
    fraction = 15 - max(1, math.ceil(math.log2(np.abs(x).max() + 1e-9)))
    entries = delta_entries({"Gelu": "gelu", "Swish": "silu"}[case.operator], 5, 16)
    spec = DeltaTableSpec(source=FixedFormat(16, fraction), step_bits=5, fraction=16,
                          entries=len(entries))
    codes = np.rint(x * 2.0**fraction).astype(np.int64)
    assert spec.target_fraction is not None
    return delta_table(codes, spec, np.array(entries)) * 2.0**-spec.target_fraction, 16


def softmax(case: NodeCase) -> Result:
    axis = case.get("axis", -1)
    codes, scale = codes_of(np.moveaxis(np.asarray(case.input(0)), axis, -1))
    power = ExtendedExponentialSpec.from_scale(INT16, scale)
    spec = OnlineSoftmaxSpec(power=power, target=UINT16)
    return np.moveaxis(online_softmax(codes, spec), -1, axis) * 2.0**-16, 16


def norm(case: NodeCase) -> Result:
    """Over all axes from one on; the first output only."""
    x = np.asarray(case.input(0))
    axis = case.get("axis", -1) % x.ndim
    rows = x.reshape(*x.shape[:axis], -1)
    codes, scale = codes_of(rows)
    gain = np.broadcast_to(case.input(1), x.shape[axis:]).reshape(-1)
    bias = np.broadcast_to(case.input(2, np.float32(0)), x.shape[axis:]).reshape(-1)
    fraction, gain_fraction = 11, 12
    settings = {
        "source": INT16, "target": FixedFormat(16, fraction), "longest": rows.shape[-1],
        "guard": 0, "epsilon": NormSpec.folded(case.get("epsilon", 1e-5), scale, guard=0),
        "gain_fraction": gain_fraction, "bias": INT16}
    gains = np.rint(gain * 2.0**gain_fraction).astype(np.int64)
    biases = np.rint(bias * 2.0**fraction).astype(np.int64)
    if case.operator == "RMSNormalization":
        y = rms_norm(codes, RmsNormSpec(**settings), gains, biases)
    else:
        y = layer_norm(codes, LayerNormSpec(**settings), gains, biases)
    return y.reshape(x.shape) * 2.0**-fraction, 16


#: By operator.
GOLDEN: dict[str, Callable[[NodeCase], Result]] = {
    "AveragePool": average,
    "BatchNormalization": batch_norm,
    "Clip": clip,
    "DequantizeLinear": dequantize_linear,
    "Gelu": delta_activation,
    "Gemm": gemm,
    "GlobalAveragePool": global_average,
    "GlobalMaxPool": lambda case: maximum(case, whole=True),
    "HardSigmoid": hard_sigmoid_of,
    "HardSwish": hard_swish_of,
    "LayerNormalization": norm,
    "LeakyRelu": leaky_relu,
    "MatMul": mat_mul,
    "MatMulInteger": mat_mul_integer,
    "MaxPool": maximum,
    "QLinearMatMul": q_linear_mat_mul,
    "QuantizeLinear": quantize_linear,
    "RMSNormalization": norm,
    "Relu": relu,
    "Sigmoid": sigmoid_of,
    "Softmax": softmax,
    "Swish": delta_activation,
    "Tanh": sigmoid_of,
}
