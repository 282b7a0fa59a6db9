"""Blocks with a scale: the node hands numbers to the formats, which have oracles of their own."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from sw_model.formats import E8M0Format, FixedFormat, IntFormat, TernaryFormat, parse_format
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import BlockQuantise, block_quantise
from sw_model.specs import BlockQuantiseSpec

INT12, FIXED = IntFormat(12), FixedFormat(16, 8)


def test_mx_of_fixed_point_equals_ml_dtypes(rng):
    """Elements over their block's power of two, rounded by ml_dtypes."""
    spec = BlockQuantiseSpec(FIXED, "mx<e4m3fn>")
    x = rng.integers(-2**15, 2**15, (40, 3, 64)) >> rng.integers(0, 15, (40, 3, 1))
    codes, scales = block_quantise(x, spec)
    assert (codes.shape, scales.shape) == ((40, 3, 64), (40, 3, 2))
    blocks = x.reshape(40, 3, 2, 32) / 256
    peak = np.abs(blocks).max(axis=-1)
    exponent = np.floor(np.log2(peak, where=peak > 0, out=np.full(peak.shape, -127.0 + 8))) - 8
    np.testing.assert_array_equal(scales, exponent + 127)
    scaled = (blocks * 2.0 ** -exponent[..., None]).clip(-448, 448)
    wanted = scaled.astype(ml_dtypes.float8_e4m3fn).astype(np.float64)
    found = parse_format("e4m3fn").decode(codes).reshape(blocks.shape)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("form", "scale"), [
    ("mx<e2m1,4>", None), ("mxint8<4>", None), ("bfp<5,4>", None), ("nvfp4", 0.0123),
    ("nvint4<ue5m3>", None)])
def test_node(form, scale, rng):
    if scale is not None:
        scale = float(np.float32(scale))
    spec = BlockQuantiseSpec(INT12, form, scale)
    node = BlockQuantise(name="q", inputs=("x",), outputs=("y", "s"), spec=spec)
    x = Tensor("x", (2, 3 * spec.size), INT12)
    made = node.infer([x])
    assert made == (((2, 3 * spec.size), spec.element), ((2, 3), spec.scale))
    values = rng.integers(-2048, 2048, (6, *x.shape)).astype(INT12.dtype)
    results = node.run([x], [values])
    for found, (shape, form_) in zip(results, made, strict=True):
        assert (found.shape, found.dtype) == ((6, *shape), form_.dtype)
        form_.check("y", found)
    given = () if scale is None else (np.float32(scale),)
    fields = spec.block.encode(values.astype(np.float64), *given)
    np.testing.assert_array_equal(results[0].ravel(), fields["codes"].ravel())
    np.testing.assert_array_equal(results[1], fields["scales"])
    assert node.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="input must be int12, not int8"):
        node.infer([Tensor("x", x.shape, IntFormat(8))])
    for shape in ((2, spec.size + 1), (), (AtMost(spec.size),)):
        with pytest.raises(NodeError, match=f"needs an axis of blocks of {spec.size}"):
            node.infer([Tensor("x", shape, INT12)])


def test_spec():
    spec = BlockQuantiseSpec(INT12, "mx<e4m3>")
    assert (spec.form, spec.size, spec.scale) == ("mx<e4m3fn>", 32, E8M0Format())
    for arguments, message in (
            ((TernaryFormat(), "mxint8"), "source must be integers or fixed point, not ternary"),
            ((IntFormat(54), "mxint8"), r"at most 53 bits, the lowest from 2\*\*-200"),
            ((FixedFormat(8, 201), "mxint8"), r"at most 53 bits, the lowest from 2\*\*-200"),
            ((INT12, "q8_0"), "form must be an MX, BFP or NV format, not q8_0"),
            ((INT12, "nvfp4"), "nvfp4 needs a tensor_scale"),
            ((INT12, "nvfp4", 0.1), "tensor_scale must be a number of float32, not 0.1"),
            ((INT12, "mxint8", 0.5), "mxint8 has no tensor_scale")):
        with pytest.raises(ValueError, match=message):
            BlockQuantiseSpec(*arguments)
