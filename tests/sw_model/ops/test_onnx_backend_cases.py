"""ONNX's own node cases through the golden operators: exactly, or within a part of the range."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest

from tests.support.onnx_golden import GOLDEN
from tests.support.onnx_nodes import FOLDER, node_case

#: Every case that runs, without ``test_``; what the operators of :data:`GOLDEN` can do.
CASES = """
    quantizelinear quantizelinear_axis quantizelinear_blocked_asymmetric
    quantizelinear_blocked_symmetric quantizelinear_e4m3fn quantizelinear_e5m2
    quantizelinear_float4e2m1 quantizelinear_int16 quantizelinear_int2 quantizelinear_int4
    quantizelinear_uint16 quantizelinear_uint2 quantizelinear_uint4 dequantizelinear
    dequantizelinear_axis dequantizelinear_blocked dequantizelinear_e4m3fn
    dequantizelinear_e4m3fn_zero_point dequantizelinear_e5m2 dequantizelinear_float4e2m1
    dequantizelinear_int16 dequantizelinear_int2 dequantizelinear_int4 dequantizelinear_uint16
    dequantizelinear_uint2 dequantizelinear_uint4 qlinearmatmul_2D_uint8_float32
    qlinearmatmul_3D_uint8_float32 matmulinteger matmul_1d_1d matmul_1d_3d matmul_2d matmul_3d
    matmul_4d matmul_4d_1d matmul_bcast gemm_all_attributes gemm_alpha gemm_beta
    gemm_default_matrix_bias gemm_default_no_bias gemm_default_scalar_bias
    gemm_default_single_elem_vector_bias gemm_default_vector_bias gemm_default_zero_bias
    gemm_transposeA gemm_transposeB averagepool_1d_default averagepool_2d_ceil
    averagepool_2d_ceil_last_window_starts_on_pad averagepool_2d_default averagepool_2d_pads
    averagepool_2d_pads_count_include_pad averagepool_2d_precomputed_pads
    averagepool_2d_precomputed_pads_count_include_pad averagepool_2d_precomputed_same_upper
    averagepool_2d_precomputed_strides averagepool_2d_same_lower averagepool_2d_same_upper
    averagepool_2d_strides averagepool_3d_default maxpool_1d_default maxpool_2d_ceil
    maxpool_2d_ceil_output_size_reduce_by_one maxpool_2d_default maxpool_2d_pads
    maxpool_2d_precomputed_pads maxpool_2d_precomputed_same_upper maxpool_2d_precomputed_strides
    maxpool_2d_same_lower maxpool_2d_same_upper maxpool_2d_strides maxpool_2d_uint8
    maxpool_3d_default maxpool_with_argmax_2d_precomputed_pads
    maxpool_with_argmax_2d_precomputed_strides globalaveragepool globalaveragepool_precomputed
    globalmaxpool globalmaxpool_precomputed batchnorm_epsilon batchnorm_example
    layer_normalization_2d_axis0 layer_normalization_2d_axis1
    layer_normalization_2d_axis_negative_1 layer_normalization_2d_axis_negative_2
    layer_normalization_3d_axis0_epsilon layer_normalization_3d_axis1_epsilon
    layer_normalization_3d_axis2_epsilon layer_normalization_3d_axis_negative_1_epsilon
    layer_normalization_3d_axis_negative_2_epsilon layer_normalization_3d_axis_negative_3_epsilon
    layer_normalization_4d_axis0 layer_normalization_4d_axis1 layer_normalization_4d_axis2
    layer_normalization_4d_axis3 layer_normalization_4d_axis_negative_1
    layer_normalization_4d_axis_negative_2 layer_normalization_4d_axis_negative_3
    layer_normalization_4d_axis_negative_4 layer_normalization_default_axis
    rms_normalization_2d_axis0 rms_normalization_2d_axis1 rms_normalization_2d_axis_negative_1
    rms_normalization_2d_axis_negative_2 rms_normalization_3d_axis0_epsilon
    rms_normalization_3d_axis1_epsilon rms_normalization_3d_axis2_epsilon
    rms_normalization_3d_axis_negative_1_epsilon rms_normalization_3d_axis_negative_2_epsilon
    rms_normalization_3d_axis_negative_3_epsilon rms_normalization_4d_axis0
    rms_normalization_4d_axis1 rms_normalization_4d_axis2 rms_normalization_4d_axis3
    rms_normalization_4d_axis_negative_1 rms_normalization_4d_axis_negative_2
    rms_normalization_4d_axis_negative_3 rms_normalization_4d_axis_negative_4
    rms_normalization_default_axis softmax_axis_0 softmax_axis_1 softmax_axis_2
    softmax_default_axis softmax_example softmax_negative_axis gelu_default_1 gelu_default_2
    gelu_tanh_1 gelu_tanh_2 hardsigmoid hardsigmoid_default hardsigmoid_example hardswish
    leakyrelu leakyrelu_default leakyrelu_example relu sigmoid sigmoid_example swish tanh
    tanh_example clip clip_default_inbounds clip_default_int8_inbounds clip_default_int8_max
    clip_default_int8_min clip_default_max clip_default_min clip_example clip_inbounds
    clip_min_greater_than_max clip_outbounds clip_splitbounds
""".split()

#: Cases of those operators that do not run, and why, by what is in their names.
LEFT_OUT = {
    "dilations": "windows have no dilation",
    "qlinearmatmul_2D_int8_float32": "what is expected wraps instead of saturating",
    "qlinearmatmul_3D_int8_float32": "what is expected wraps instead of saturating",
    "softmax_large_number": "logits from 0 to 10,003 in one scale of 16 bits",
}

#: What is in the names of cases that do not count.
UNCOUNTED = ("_expanded", "float16", "FLOAT16", "double", "DOUBLE", "training_mode")

#: Largest error as a part of the output's range, by bits of the unit.
TOLERANCES = {16: 2.0**-10, 8: 2.0**-6}


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    case = node_case(f"test_{name}")
    result, bits = GOLDEN[case.operator](case)
    expected = case.outputs[0].astype(np.float64)
    assert result.shape == expected.shape
    if bits is None:
        np.testing.assert_array_equal(result.astype(np.float64), expected)
        return
    span = np.ptp(expected) or np.abs(expected).max()
    assert np.abs(result - expected).max() <= TOLERANCES[bits] * span


def test_how_many():
    assert len(CASES) == len(set(CASES)) == 155


def test_every_listed_case_of_these_operators_runs(data_dir):
    """None of those that count is missing, but for what is left out for a reason."""
    listed = json.loads((data_dir / "vectors" / "onnx_backend_cases.json").read_text("utf-8"))
    names = {name.removeprefix("test_") for cases in listed.values() for name in cases
             if not any(part in name for part in UNCOUNTED)}
    assert set(CASES) <= names
    supported = {name for name in names if node_case(f"test_{name}").operator in GOLDEN}
    assert {name for name in supported - set(CASES)
            if not any(part in name for part in LEFT_OUT)} == set()


@pytest.mark.parametrize("name", [name for name in LEFT_OUT if name.startswith("qlinear")])
def test_what_wraps_saturates_in_onnxruntime(name):
    case = node_case(f"test_{name}")
    session = onnxruntime.InferenceSession(str(FOLDER / f"test_{name}" / "model.onnx"))
    (expected,) = session.run(None, {
        given.name: value for given, value in zip(session.get_inputs(), case.inputs, strict=True)})
    result, _ = GOLDEN[case.operator](case)
    np.testing.assert_array_equal(result, expected)
    assert (case.outputs[0] != expected).any()
