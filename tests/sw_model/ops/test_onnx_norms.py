"""Norms, batch normalisation, GELU and SiLU on the node cases of the onnx package.

Inputs are quantised to int16 per tensor; results are within 2**-10 of the outputs' range.
"""

from __future__ import annotations

import numpy as np

from sw_model.formats import FixedFormat, IntFormat
from sw_model.ops import (
    batch_normalisation,
    delta_table,
    integer_gelu,
    layer_norm,
    rms_norm,
    swish,
)
from sw_model.specs import (
    DeltaTableSpec,
    IntegerGeluSpec,
    LayerNormSpec,
    NormSpec,
    RmsNormSpec,
    SwishSpec,
)
from sw_model.tables import delta_entries
from tests.support.onnx_cases import (
    OnnxCase,
    fixed16,
    near,
    onnx_case,
    onnx_names,
    quantised,
)

INT16, Q14 = IntFormat(16), FixedFormat(24, 14)
#: What counts of a listed group that other operators share.
ACTIVATIONS = ("test_gelu_default_1", "test_gelu_default_2", "test_gelu_tanh_1",
               "test_gelu_tanh_2", "test_swish")


def normalised(case: OnnxCase):
    """By the golden norm: rows are all axes from ``axis`` on."""
    x, gain, *bias = case.inputs
    axis = case.attributes.get("axis", -1)
    rows, scale = quantised(x)
    rows = rows.reshape(*x.shape[:axis % x.ndim], -1)
    golden, kind = {"LayerNormalization": (layer_norm, LayerNormSpec),
                    "RMSNormalization": (rms_norm, RmsNormSpec)}[case.operator]
    spec = kind(source=INT16, target=Q14, longest=rows.shape[-1], gain_fraction=12,
                bias=IntFormat(18) if bias else None,
                epsilon=NormSpec.folded(case.attributes.get("epsilon", 1e-5), scale))
    gains = np.rint(gain.reshape(-1) * 2.0**12).astype(np.int64)
    biases = [np.rint(each.reshape(-1) * 2.0**14).astype(np.int64) for each in bias]
    return (golden(rows, spec, gains, *biases) * 2.0**-14).reshape(x.shape)


def test_layer_and_rms_normalization(data_dir):
    names = onnx_names(data_dir / "vectors/onnx_backend_cases.json", "LayerNorm", "RMSNorm")
    assert len(names) == 38
    for name in names:
        case = onnx_case(name)
        near(normalised(case), case.outputs[0])


def test_batch_normalization(data_dir):
    names = onnx_names(data_dir / "vectors/onnx_backend_cases.json", "BatchNorm")
    assert names == ["test_batchnorm_epsilon", "test_batchnorm_example"]
    for name in names:
        case = onnx_case(name)
        codes, scale = quantised(np.moveaxis(case.inputs[0], 1, -1))
        found = batch_normalisation((codes * scale).astype(np.float32), *case.inputs[1:],
                                    case.attributes.get("epsilon", 1e-5))
        near(np.moveaxis(found, -1, 1), case.outputs[0])


def test_gelu_and_swish(data_dir):
    """GELU by table and, within its own error, by parabola and sigmoid; Swish by both."""
    listed = onnx_names(data_dir / "vectors/onnx_backend_cases.json",
                        "Gelu/Swish/HardSwish/Sigmoid/Relu/LeakyRelu")
    assert set(ACTIVATIONS) <= set(listed)
    for name in ACTIVATIONS:
        case = onnx_case(name)
        codes, scale = quantised(case.inputs[0], power=True)
        form, kind = fixed16(scale), "gelu" if case.operator == "Gelu" else "silu"
        entries = delta_entries(kind, 5, 16)
        spec = DeltaTableSpec(source=form, step_bits=5, fraction=16, entries=len(entries))
        near(delta_table(codes, spec, np.array(entries)) * 2.0**-16, case.outputs[0])
        if kind == "silu":
            near(swish(codes, SwishSpec.silu(INT16, scale)) * scale * 2.0**-15, case.outputs[0])
            continue
        for found, most in (
                (swish(codes, SwishSpec.gelu(INT16, scale)) * scale * 2.0**-15, 0.0208),
                (integer_gelu(codes, parabola := IntegerGeluSpec.of_scale(INT16, scale))
                 * parabola.result_scale(scale), 0.019)):
            assert np.abs(found - case.outputs[0]).max() <= most
