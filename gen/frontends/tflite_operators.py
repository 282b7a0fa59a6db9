"""What each TFLite operator becomes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Float32Format, Format, IntFormat, Rounding
from sw_model.ops import (
    Dequantise,
    MatMul,
    Quantise,
    Rescale,
    RescaleMode,
    Reshape,
    Softmax,
    Table,
    accumulator_range,
    logistic_table,
    rescale,
    softmax_parameters,
)
from sw_model.ops.fixed_point import quantise_multipliers, split_scales

from .limits import MAX_RANK
from .tflite_graph import ACTIVATIONS, Drawing, Refusal
from .tflite_reader import OperatorFile, TensorFile

__all__ = ["CONVERTERS"]

_INT8, _INT32, _INT64 = IntFormat(8), IntFormat(32), IntFormat(64)

#: The scale and zero point that TFLite fixes for outputs of LOGISTIC and SOFTMAX.
_UNIT_INTERVAL = (1 / 256, -128)


def _require_int8(operator: OperatorFile, *tensors: TensorFile) -> None:
    for tensor in tensors:
        if tensor.kind != "INT8":
            raise Refusal(f"{tensor} is {tensor.kind}, but must be INT8",
                          "quantise the whole model to int8")


def _rescale_constants(scales: NDArray[np.float64], mode: RescaleMode
                       ) -> tuple[NDArray[np.int64], NDArray[np.int64], Format]:
    """Multipliers and exponents as ``mode`` uses them, and the multipliers' format."""
    if mode is RescaleMode.FLOAT64_HALF_AWAY:
        return *split_scales(scales), _INT64
    return *quantise_multipliers(scales), _INT32


def _check_shift(drawing: Drawing, operator: OperatorFile, largest: int,
                 exponents: NDArray[np.int64]) -> None:
    """TFLite shifts left before it multiplies, in 32 bits."""
    shift = int(exponents.max()) + 31
    if shift > 30 or largest << max(shift, 0) >= 2**31:
        raise drawing.fault(operator, f"its scales multiply by up to 2**{shift}, which takes "
                            f"values of up to {largest} beyond 32 bits")


def fully_connected(drawing: Drawing, operator: OperatorFile) -> None:
    """FULLY_CONNECTED: MatMul to int32, then Rescale with the activation as its clamp."""
    x, y = drawing.ends(operator, 2, 3)
    model, options = drawing.model, operator.options
    if operator.inputs[1] == -1:
        raise drawing.fault(operator, "it has no weights")
    weights = model.tensor(operator.inputs[1])
    bias_number = operator.inputs[2] if len(operator.inputs) == 3 else -1
    bias = model.tensor(bias_number) if bias_number != -1 else None
    _require_int8(operator, x, weights, y)
    if options.get("weights_format", "DEFAULT") != "DEFAULT":
        raise Refusal(f"its weights are in format {options['weights_format']}",
                      "export with weights in the default format")
    matrix = _matrix(drawing, operator, weights)
    rows, cols = matrix.shape
    offsets = _bias(drawing, operator, bias, rows)
    shape = _vectors(drawing, operator, x, y, rows, cols)

    scale_in, zero_in = drawing.one_scale(operator, x)
    scale_out, zero_out = drawing.one_scale(operator, y)
    of_weights = drawing.quantised(operator, weights)
    scales = scale_in * of_weights.scales.astype(np.float64)
    if bias is not None:
        _check_bias_scale(drawing, operator, bias, scales, scale_out)
    low, high = accumulator_range(matrix, -128 - zero_in, 127 - zero_in, offsets)
    largest = max(abs(int(low.min())), abs(int(high.max())))
    if int(low.min()) < _INT32.min or int(high.max()) > _INT32.max:
        raise drawing.fault(operator, f"its sums reach {int(low.min())} to {int(high.max())}, "
                            "beyond the 32 bits of the accumulator")
    multipliers, exponents, format_ = _rescale_constants(scales / scale_out, drawing.rounding)
    if drawing.rounding is not RescaleMode.FLOAT64_HALF_AWAY:
        _check_shift(drawing, operator, largest, exponents)

    name = drawing.layer_name(operator, weights, y)
    source = drawing.activation(x)
    if shape != x.shape[1:]:
        source = drawing.between(f"{name}.flat", shape, _INT8, (scale_in,), zero_in)
        drawing.nodes.append(Reshape(name=f"{name}.flatten", inputs=(drawing.activation(x),),
                                     outputs=(source,), shape=shape))
    inputs = [source, drawing.shared(weights, f"{name}.weights", matrix, _INT8)]
    if bias is not None and offsets is not None:
        inputs.append(drawing.shared(bias, f"{name}.bias", offsets, _INT32))
    acc = drawing.between(f"{name}.acc", (*shape[:-1], rows), _INT32, tuple(scales.tolist()))
    drawing.nodes.append(MatMul(name=name, inputs=tuple(inputs), outputs=(acc,), format=_INT32,
                                zero_point=zero_in))
    least, most = _clamp(options.get("activation", "NONE"), scale_out, zero_out)
    drawing.nodes.append(Rescale(
        name=f"{name}.rescale", outputs=(drawing.activation(y, name),),
        inputs=(acc, drawing.constant(f"{name}.multiplier", multipliers, format_),
                drawing.constant(f"{name}.exponent", exponents, _INT32)),
        format=_INT8, mode=drawing.rounding, zero_point=zero_out, low=least, high=most))


def _matrix(drawing: Drawing, operator: OperatorFile, weights: TensorFile) -> NDArray[np.int8]:
    if weights.special:
        raise Refusal(f"{weights} {weights.special}", "export dense weights")
    if weights.data is None:
        raise Refusal(f"{weights}, its weights, is not a constant",
                      "only constant weights can become hardware")
    if len(weights.shape) != 2:
        raise drawing.fault(operator, f"{weights} has shape {list(weights.shape)}, but weights "
                            "must be a matrix")
    quantisation = drawing.quantised(operator, weights)
    if quantisation.zero_points.any():
        raise drawing.fault(operator, f"{weights} has a zero point other than 0, which int8 "
                            "weights must have")
    if quantisation.scales.size > 1 and quantisation.axis != 0:
        raise drawing.fault(operator, f"{weights} has scales along axis {quantisation.axis}, "
                            "but they must be one for each output, along axis 0")
    return weights.data.reshape(weights.shape)


def _bias(drawing: Drawing, operator: OperatorFile, bias: TensorFile | None, rows: int
          ) -> NDArray[np.int32] | None:
    if bias is None:
        return None
    if bias.kind != "INT32":
        raise Refusal(f"{bias}, its bias, is {bias.kind}, but must be INT32",
                      "quantise the whole model to int8")
    if bias.data is None:
        raise Refusal(f"{bias}, its bias, is not a constant",
                      "only a constant bias can become hardware")
    if bias.data.size != rows:
        raise drawing.fault(operator, f"{bias} has {bias.data.size} elements, but there are "
                            f"{rows} outputs")
    return bias.data


def _check_bias_scale(drawing: Drawing, operator: OperatorFile, bias: TensorFile,
                      scales: NDArray[np.float64], scale_out: float) -> None:
    """The bias must be on the accumulator's grid, as near as the interpreter wants it."""
    if bias.quantisation is None:
        return
    if bias.quantisation.zero_points.any():
        raise drawing.fault(operator, f"{bias} has a zero point other than 0")
    found = bias.quantisation.scales
    if scales.size == found.size == 1 and abs(scales[0] - found[0]) > 0.02 * scale_out:
        raise drawing.fault(operator, f"{bias} has scale {found[0]}, but input times weights "
                            f"have {scales[0]:.9g}")


def _vectors(drawing: Drawing, operator: OperatorFile, x: TensorFile, y: TensorFile, rows: int,
             cols: int) -> tuple[int, ...]:
    """Shape of one sample of the input as the product sees it: (..., cols)."""
    elements = math.prod(x.shape[1:])
    if operator.options.get("keep_num_dims", False):
        if x.shape[-1] != cols:
            raise drawing.fault(operator, f"{x} has vectors of {x.shape[-1]}, but the weights "
                                f"have {cols} columns")
        shape = x.shape[1:]
    elif elements == cols:
        shape = (cols,)
    elif elements % cols == 0:
        raise Refusal(f"it makes {elements // cols} samples of one: {list(x.shape)} has "
                      f"{elements} elements, the weights {cols} columns",
                      "set keep_num_dims, so that axis 0 stays the batch")
    else:
        raise drawing.fault(operator, f"{x} has {elements} elements for each sample, but the "
                            f"weights have {cols} columns")
    _check_shape(drawing, operator, y, (*shape[:-1], rows))
    return shape


def _check_shape(drawing: Drawing, operator: OperatorFile, y: TensorFile, shape: tuple[int, ...]
                 ) -> None:
    if y.shape[1:] != shape:
        raise drawing.fault(operator, f"{y} is declared as {list(y.shape)}, but it makes "
                            f"{[y.shape[0], *shape]}")


def _clamp(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """Smallest and largest code that the fused activation leaves, float32 as in TFLite."""
    bounds = {"NONE": (None, None), "RELU": (0.0, None), "RELU6": (0.0, 6.0),
              "RELU_N1_TO_1": (-1.0, 1.0)}
    if activation not in bounds:
        raise Refusal(f"its fused activation is {activation}",
                      f"supported are {', '.join(bounds)}")

    def code(bound: float | None, otherwise: int) -> int:
        if bound is None:
            return otherwise
        with np.errstate(over="ignore"):
            real = abs(float(np.float32(bound) / np.float32(scale)))
        whole = math.floor(min(real, 1000.0) + 0.5)
        return max(-128, min(127, zero_point + (whole if bound > 0 else -whole)))

    low, high = bounds[activation]
    return code(low, -128), code(high, 127)


def reshape(drawing: Drawing, operator: OperatorFile) -> None:
    """RESHAPE: to the shape in its second input, its options or its output's declaration."""
    x, y = drawing.ends(operator, 1, 2)
    if x.kind != y.kind:
        raise drawing.fault(operator, f"{x} is {x.kind}, but {y} is {y.kind}")
    wanted = _new_shape(drawing, operator)
    elements = math.prod(x.shape)
    if wanted.count(-1) == 1:
        rest = math.prod(axis for axis in wanted if axis != -1)
        if rest > 0 and elements % rest == 0:
            wanted = [elements // rest if axis == -1 else axis for axis in wanted]
    wanted = wanted or list(y.shape)
    if min(wanted) < 1 or math.prod(wanted) != elements:
        raise drawing.fault(operator, f"new shape {wanted} does not hold the {elements} elements "
                            f"of {x}")
    if wanted[0] != x.shape[0]:
        raise Refusal(f"it changes the batch axis: {list(x.shape)} becomes {wanted}",
                      "keep axis 0, which is the batch, as it is")
    _check_shape(drawing, operator, y, tuple(wanted[1:]))
    name = drawing.layer_name(operator, y)
    drawing.nodes.append(Reshape(name=name, inputs=(drawing.activation(x),),
                                 outputs=(drawing.activation(y, name),), shape=y.shape[1:]))


def _new_shape(drawing: Drawing, operator: OperatorFile) -> list[int]:
    if len(operator.inputs) == 2 and operator.inputs[1] != -1:
        tensor = drawing.model.tensor(operator.inputs[1])
        if tensor.kind != "INT32" or tensor.data is None:
            raise Refusal(f"its shape {tensor} is not a constant of INT32",
                          "export with fixed shapes")
        if len(tensor.shape) != 1 or tensor.data.size > MAX_RANK:
            raise drawing.fault(operator, f"its shape {tensor} is itself of shape "
                                f"{list(tensor.shape)}, not of 1 to {MAX_RANK} numbers")
        return [int(axis) for axis in tensor.data]
    return list(operator.options.get("new_shape", ()))


def quantize(drawing: Drawing, operator: OperatorFile) -> None:
    """QUANTIZE: Quantise from float32, a Table from one 8-bit code to another."""
    x, y = drawing.ends(operator, 1)
    if y.kind == "FLOAT32":
        raise drawing.fault(operator, f"{y} is FLOAT32, but QUANTIZE makes integers")
    _check_shape(drawing, operator, y, x.shape[1:])
    scale, zero_point = drawing.one_scale(operator, y)
    format_ = ACTIVATIONS[y.kind]
    if x.kind == "FLOAT32":
        name = drawing.layer_name(operator, y)
        drawing.nodes.append(Quantise(
            name=name, inputs=(drawing.activation(x), _scale(drawing, name, scale)),
            outputs=(drawing.activation(y, name),), format=format_, zero_point=zero_point,
            low=format_.min, high=format_.max, rounding=Rounding.HALF_AWAY))
        return
    scale_in, zero_in = drawing.one_scale(operator, x)
    # LiteRT's reference kernels round twice here, whatever they do in FULLY_CONNECTED.
    mode = (RescaleMode.TFLITE_SINGLE if drawing.rounding is RescaleMode.TFLITE_SINGLE
            else RescaleMode.TFLITE_DOUBLE)
    source = ACTIVATIONS[x.kind]
    codes = np.arange(source.min, source.max + 1, dtype=np.int64) - zero_in
    multipliers, exponents, _ = _rescale_constants(np.array([scale_in / scale]), mode)
    _check_shift(drawing, operator, int(np.abs(codes).max()), exponents)
    entries = rescale(codes[:, None], multipliers, exponents, mode)[:, 0] + zero_point
    _table(drawing, operator, x, y, np.clip(entries, format_.min, format_.max).astype(np.int64))


def dequantize(drawing: Drawing, operator: OperatorFile) -> None:
    """DEQUANTIZE: Dequantise."""
    x, y = drawing.ends(operator, 1)
    if x.kind == "FLOAT32" or y.kind != "FLOAT32":
        raise drawing.fault(operator, f"{x} is {x.kind} and {y} {y.kind}, but it makes FLOAT32 "
                            "of integers")
    _check_shape(drawing, operator, y, x.shape[1:])
    scale, zero_point = drawing.one_scale(operator, x)
    name = drawing.layer_name(operator, y)
    drawing.nodes.append(Dequantise(
        name=name, inputs=(drawing.activation(x), _scale(drawing, name, scale)),
        outputs=(drawing.activation(y, name),), zero_point=zero_point))


def _scale(drawing: Drawing, name: str, scale: float) -> str:
    return drawing.constant(f"{name}.scale", np.array([scale], np.float32), Float32Format())


def _table(drawing: Drawing, operator: OperatorFile, x: TensorFile, y: TensorFile,
           entries: NDArray[np.integer]) -> None:
    name = drawing.layer_name(operator, y)
    format_ = ACTIVATIONS[y.kind]
    drawing.nodes.append(Table(
        name=name, format=format_, outputs=(drawing.activation(y, name),),
        inputs=(drawing.activation(x),
                drawing.constant(f"{name}.entries", entries[None], format_))))


def _check_unit_interval(drawing: Drawing, operator: OperatorFile, x: TensorFile, y: TensorFile
                         ) -> None:
    _require_int8(operator, x, y)
    _check_shape(drawing, operator, y, x.shape[1:])
    found = drawing.one_scale(operator, y)
    if found != _UNIT_INTERVAL:
        raise drawing.fault(operator, f"{y} has scale {found[0]:.9g} and zero point {found[1]}, "
                            "but TFLite wants 1/256 and -128 here")


def logistic(drawing: Drawing, operator: OperatorFile) -> None:
    """LOGISTIC: a Table."""
    x, y = drawing.ends(operator, 1)
    _check_unit_interval(drawing, operator, x, y)
    _table(drawing, operator, x, y, logistic_table(*drawing.one_scale(operator, x)))


def softmax(drawing: Drawing, operator: OperatorFile) -> None:
    """SOFTMAX: Softmax, which runs on the host."""
    x, y = drawing.ends(operator, 1)
    _check_unit_interval(drawing, operator, x, y)
    if x.shape[-1] > Softmax.MAX_CHANNELS:
        raise Refusal(f"it has {x.shape[-1]} channels", f"at most {Softmax.MAX_CHANNELS} do not "
                      "overflow TFLite's sum")
    beta = operator.options.get("beta", 1.0)
    try:
        multiplier, shift, diff_min = softmax_parameters(drawing.one_scale(operator, x)[0], beta)
    except ValueError as error:
        raise drawing.fault(operator, str(error)) from error
    name = drawing.layer_name(operator, y)
    drawing.nodes.append(Softmax(
        name=name, inputs=(drawing.activation(x),), outputs=(drawing.activation(y, name),),
        multiplier=multiplier, shift=shift, diff_min=diff_min))


#: What draws each operator.
CONVERTERS: Mapping[str, Callable[[Drawing, OperatorFile], None]] = {
    "DEQUANTIZE": dequantize, "FULLY_CONNECTED": fully_connected, "LOGISTIC": logistic,
    "QUANTIZE": quantize, "RESHAPE": reshape, "SOFTMAX": softmax,
}
