"""What TFLite operators cannot be, each with its whole message."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gen.cli import main
from gen.frontends.tflite import load
from sw_model.faults import Unsupported
from tests.support.tflite_faults import Dense, floats, integers, longs
from tests.support.tflite_models import ModelBuilder

READABLE = "DEQUANTIZE, FULLY_CONNECTED, LOGISTIC, QUANTIZE, RESHAPE, SOFTMAX"


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda m: m.set("x", quantization=None), "operator 0 (FULLY_CONNECTED): tensor 0 'x' is INT8, "
     "but has no scale"),
    (lambda m: m.set("y", scale=floats(1, 1, 1), zeroPoint=longs(0), quantizedDimension=1),
     "operator 0 (FULLY_CONNECTED): tensor 3 'y' has 3 scales, but an activation must have one"),
    (lambda m: m.set("w", zeroPoint=longs(1)), "operator 0 (FULLY_CONNECTED): tensor 1 'w' has "
     "a zero point other than 0, which int8 weights must have"),
    (lambda m: m.set("w", scale=floats(1, 1, 1, 1), zeroPoint=longs(0), quantizedDimension=1),
     "operator 0 (FULLY_CONNECTED): tensor 1 'w' has scales along axis 1, but they must be one for "
     "each output, along axis 0"),
    (lambda m: m.set("w", shape=integers(12)), "operator 0 (FULLY_CONNECTED): tensor 1 'w' has "
     "shape [12], but weights must be a matrix"),
    (lambda m: m.set("w", shape=integers(4, 3)), "operator 0 (FULLY_CONNECTED): tensor 2 'b' has 3 "
     "elements, but there are 4 outputs"),
    (lambda m: m.set("x", shape=integers(1, 5)), "operator 0 (FULLY_CONNECTED): tensor 0 'x' has 5 "
     "elements for each sample, but the weights have 4 columns"),
    (lambda m: (m.set("x", shape=integers(1, 2, 2)), m.set("y", shape=integers(1, 2, 3)),
                setattr(m.operator.builtinOptions, "keepNumDims", True)),
     "operator 0 (FULLY_CONNECTED): tensor 0 'x' has vectors of 2, but the weights have 4 columns"),
    (lambda m: m.set("y", shape=integers(1, 4)), "operator 0 (FULLY_CONNECTED): tensor 3 'y' is "
     "declared as [1, 4], but it makes [1, 3]"),
    (lambda m: m.set("b", zeroPoint=longs(1)), "operator 0 (FULLY_CONNECTED): tensor 2 'b' has "
     "a zero point other than 0"),
    (lambda m: m.set("b", scale=floats(0.5)), "operator 0 (FULLY_CONNECTED): tensor 2 'b' has "
     "scale 0.5, but input times weights have 0.125"),
    (lambda m: setattr(m.operator, "inputs", integers(0, 1, 2, 2)), "operator 0 (FULLY_CONNECTED): "
     "4 inputs and 1 outputs, but it must have 2 or 3 and 1"),
    (lambda m: setattr(m.operator, "inputs", integers(-1, 1, 2)), "operator 0 (FULLY_CONNECTED): "
     "its first input is left out"),
    (lambda m: setattr(m.operator, "inputs", integers(0, -1, 2)), "operator 0 (FULLY_CONNECTED): "
     "it has no weights"),
    (lambda m: m.set("y", scale=floats(1e-12)), "operator 0 (FULLY_CONNECTED): its scales multiply "
     "by up to 2**37, which takes values of up to 4899 beyond 32 bits"),
    (lambda m: m.set("y", scale=floats(2.0**-26)), "operator 0 (FULLY_CONNECTED): its scales "
     "multiply by up to 2**24, which takes values of up to 4899 beyond 32 bits"),
    (lambda m: setattr(m.build.model.buffers[3], "data",
                       np.array([2**31 - 1, 0, 0], "<i4").view(np.uint8)),
     "operator 0 (FULLY_CONNECTED): its sums reach -4902 to 2147484403, beyond the 32 bits of the "
     "accumulator"),
])
def test_fully_connected_faults(spoil, message, tmp_path):
    model = Dense()
    spoil(model)
    assert model.fault(tmp_path) == message


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda m: m.set("w", type=3), "tensor 1 'w' is UINT8, but must be INT8 (quantise the whole "
     "model to int8)"),
    (lambda m: m.set("x", type=7), "tensor 0 'x' is INT16 (quantise the model to int8)"),
    (lambda m: m.set("x", type=0), "tensor 0 'x' is FLOAT32, but must be INT8 (quantise the whole "
     "model to int8)"),
    (lambda m: m.set("b", type=4, shape=integers(3)) or setattr(
        m.build.model.buffers[3], "data", np.zeros(24, np.uint8)),
     "tensor 2 'b', its bias, is INT64, but must be INT32 (quantise the whole model to int8)"),
    (lambda m: m.set("y", isVariable=True), "tensor 3 'y' is a variable (export without it)"),
    (lambda m: m.set("x", shapeSignature=integers(-1, -1)), "tensor 0 'x' has lengths that are "
     "known at run time, [-1, -1] (export with fixed shapes)"),
    (lambda m: m.set("x", shape=integers(4)), "tensor 0 'x' has shape [4], no batch axis and "
     "others (give every activation a batch axis 0)"),
    (lambda m: m.set("y", shape=integers(3, 1)), "it changes the batch axis: [1, 4] becomes [3, 1] "
     "(keep axis 0, which is the batch, as it is)"),
    (lambda m: (m.set("x", shape=integers(1, 5, 4))), "it makes 5 samples of one: [1, 5, 4] has 20 "
     "elements, the weights 4 columns (set keep_num_dims, so that axis 0 stays the batch)"),
    (lambda m: setattr(m.operator.builtinOptions, "fusedActivationFunction", 4), "its fused "
     "activation is TANH (supported are NONE, RELU, RELU6, RELU_N1_TO_1)"),
    (lambda m: setattr(m.operator.builtinOptions, "fusedActivationFunction", 99), "its fused "
     "activation is activation 99 (supported are NONE, RELU, RELU6, RELU_N1_TO_1)"),
    (lambda m: setattr(m.operator.builtinOptions, "weightsFormat", 1), "its weights are in format "
     "SHUFFLED4x16INT8 (export with weights in the default format)"),
])
def test_fully_connected_refusals(spoil, message, tmp_path):
    model = Dense()
    spoil(model)
    found = model.fault(tmp_path)
    assert f"operator 0 (FULLY_CONNECTED): {message}" in found
    assert f"(readable are {READABLE})" in found


def two_inputs(kind: str, spoil) -> Dense:
    """A layer whose weights or bias are the model's second input."""
    model = Dense()
    spoil(model)
    original = model.build.build
    model.build.build = lambda inputs, outputs: original([*inputs, getattr(model, kind)], outputs)
    return model


@pytest.mark.parametrize(("kind", "buffer", "message"), [
    ("w", 2, "tensor 1 'w', its weights, is not a constant (only constant weights can become "
     "hardware)"),
    ("b", 3, "tensor 2 'b', its bias, is not a constant (only a constant bias can become "
     "hardware)"),
])
def test_weights_that_are_computed_are_refused(kind, buffer, message, tmp_path):
    model = two_inputs(kind, lambda m: setattr(m.build.model.buffers[buffer], "data", None))
    assert f"operator 0 (FULLY_CONNECTED): {message}" in model.fault(tmp_path)


def test_constant_inputs_are_refused(tmp_path):
    model = Dense()
    constant = model.build.tensor("c", (1, 4), scale=1, values=np.zeros(4))
    model.operator.inputs = integers(constant, model.w, model.b)
    assert ("operator 0 (FULLY_CONNECTED): its input is a constant (fold constants before the "
            "export)") in model.fault(tmp_path)


def unary_fault(folder: Path, kind: str, source: str = "INT8", target: str = "INT8",
                shapes=((1, 4), (1, 4)), scales=(1.0, 1.0), zeros=(0, 0), options=None) -> str:
    model = Dense()
    build = model.build = ModelBuilder()
    model.x, model.y = (build.tensor(name, shape, which, scale=scale, zero_point=zero)
                        for name, shape, which, scale, zero in zip(
                            "xy", shapes, (source, target), scales, zeros, strict=True))
    build.operator(kind, [model.x], [model.y], options)
    return model.fault(folder)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"kind": "QUANTIZE", "target": "FLOAT32"}, "operator 0 (QUANTIZE): tensor 1 'y' is FLOAT32, "
     "but QUANTIZE makes integers"),
    ({"kind": "QUANTIZE", "shapes": ((1, 4), (1, 5))}, "operator 0 (QUANTIZE): tensor 1 'y' is "
     "declared as [1, 5], but it makes [1, 4]"),
    ({"kind": "QUANTIZE", "scales": (1.0, 1e-9)}, "operator 0 (QUANTIZE): its scales multiply by "
     "up to 2**30, which takes values of up to 128 beyond 32 bits"),
    ({"kind": "DEQUANTIZE"}, "operator 0 (DEQUANTIZE): tensor 0 'x' is INT8 and tensor 1 'y' INT8, "
     "but it makes FLOAT32 of integers"),
    ({"kind": "LOGISTIC", "scales": (1.0, 0.5)}, "operator 0 (LOGISTIC): tensor 1 'y' has scale "
     "0.5 and zero point 0, but TFLite wants 1/256 and -128 here"),
    ({"kind": "SOFTMAX", "scales": (1.0, 1 / 256)}, "operator 0 (SOFTMAX): tensor 1 'y' has scale "
     "0.00390625 and zero point 0, but TFLite wants 1/256 and -128 here"),
    ({"kind": "SOFTMAX", "scales": (1e-9, 1 / 256), "zeros": (0, -128)}, "operator 0 (SOFTMAX): "
     "beta * scale must be finite and above 2**-26, not 9.999999717180685e-10"),
    ({"kind": "RESHAPE", "target": "UINT8"}, "operator 0 (RESHAPE): tensor 0 'x' is INT8, but "
     "tensor 1 'y' is UINT8"),
    ({"kind": "RESHAPE", "shapes": ((1, 4), (1, 5))}, "operator 0 (RESHAPE): new shape [1, 5] does "
     "not hold the 4 elements of tensor 0 'x'"),
])
def test_faults_of_other_operators(arguments, message, tmp_path):
    assert unary_fault(tmp_path, **arguments) == message


def reshape_fault(folder: Path, source, target, option, tensor=None, kind="INT32") -> str:
    model = Dense()
    build = model.build = ModelBuilder()
    model.x, model.y = (build.tensor(name, shape, scale=1)
                        for name, shape in zip("xy", (source, target), strict=True))
    shape = None if tensor is None else build.tensor("s", np.shape(tensor), kind, values=tensor)
    build.reshape(model.x, model.y, option, shape)
    return model.fault(folder)


@pytest.mark.parametrize(("arguments", "message"), [
    (((1, 4), (1, 2, 2), (1, 2, 3)), "operator 0 (RESHAPE): new shape [1, 2, 3] does not hold the "
     "4 elements of tensor 0 'x'"),
    (((1, 4), (1, 2, 2), (1, -1, -1)), "operator 0 (RESHAPE): new shape [1, -1, -1] does not hold "
     "the 4 elements of tensor 0 'x'"),
    (((1, 4), (1, 2, 2), (1, 3, -1)), "operator 0 (RESHAPE): new shape [1, 3, -1] does not hold "
     "the 4 elements of tensor 0 'x'"),
    (((1, 4), (1, 2, 2), (0, -1)), "operator 0 (RESHAPE): new shape [0, -1] does not hold the 4 "
     "elements of tensor 0 'x'"),
    (((1, 4), (1, 4), (1, 2, 2)), "operator 0 (RESHAPE): tensor 1 'y' is declared as [1, 4], but "
     "it makes [1, 2, 2]"),
    (((1, 4), (1, 4), None, [[1, 4]]), "operator 0 (RESHAPE): its shape tensor 2 's' is itself of "
     "shape [1, 2], not of 1 to 8 numbers"),
])
def test_reshape_faults(arguments, message, tmp_path):
    assert reshape_fault(tmp_path, *arguments) == message


@pytest.mark.parametrize(("arguments", "message"), [
    (((2, 4), (4, 2), (4, 2)), "it changes the batch axis: [2, 4] becomes [4, 2]"),
    (((1, 4), (4, 1), (-1, 1)), "it changes the batch axis: [1, 4] becomes [4, 1]"),
    (((1, 4), (1, 4), (4, 1)), "it changes the batch axis: [1, 4] becomes [4, 1]"),
    (((1, 4), (1, 4), None, [1, 4], "INT64"), "its shape tensor 2 's' is not a constant of INT32"),
    (((1, 4), (4,), (4,)), "tensor 1 'y' has shape [4], no batch axis and others"),
])
def test_reshape_refusals(arguments, message, tmp_path):
    assert f"operator 0 (RESHAPE): {message}" in reshape_fault(tmp_path, *arguments)


def test_softmax_of_too_many_channels(tmp_path):
    found = unary_fault(tmp_path, kind="SOFTMAX", shapes=((1, 5000), (1, 5000)),
                        scales=(1.0, 1 / 256), zeros=(0, -128))
    assert ("operator 0 (SOFTMAX): it has 5000 channels (at most 4095 do not overflow TFLite's "
            "sum)") in found


def test_all_unsupported_operators_are_listed_at_once(tmp_path, capsys):
    """Grouped by kind and reason, with those that could be read left out."""
    model = Dense()
    build, last = model.build, model.y
    for number, kind in enumerate(["CONV_2D", "TANH", *["ADD"] * 9, "CUSTOM", "TANH"]):
        result = build.tensor(f"t{number}", (1, 3), scale=1)
        build.operator(kind, [last], [result])
        last = result
    build.model.operatorCodes[12].customCode = "My\nOp"
    odd = build.tensor("odd", (1, 3), scale=1)
    build.operator("TANH", [last], [odd])
    build.model.operatorCodes[-1].builtinCode = 4242
    second = build.tensor("z", (1, 3), "INT16", scale=1)
    original = build.build
    build.build = lambda _, outputs: original([model.x, second], [odd])
    found = model.fault(tmp_path)
    no = "no such operator can be read (replace it, or end the model before it)"
    assert found == (
        f" (readable are {READABLE}): 6 unsupported: operator 1 (CONV_2D): {no}; "
        f"operators 2, 13 (TANH): {no}; operators 3, 4, 5, 6, 7, 8 and 3 more (ADD): {no}; "
        f"operator 12 (custom operator 'My\\nOp'): {no}; "
        f"operator 14 (builtin operator 4242): {no}; "
        "model input: tensor 18 'z' is INT16 (quantise the model to int8)")
    with pytest.raises(Unsupported) as caught:
        load(tmp_path / "m.tflite")
    assert len(caught.value.obstacles) == 6
    assert caught.value.obstacles[0].node == "operator 1 (CONV_2D)"
    # For machines every position, where the text names some.
    assert main(["inspect", str(tmp_path / "m.tflite"), "--json"]) == 2
    listed = json.loads(capsys.readouterr().out)["unsupported"]
    assert [each["operators"] for each in listed] == [
        [1], [2, 13], list(range(3, 12)), [12], [14], []]
