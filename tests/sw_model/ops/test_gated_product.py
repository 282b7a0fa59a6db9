"""SwiGLU and other gated products against exact fractions and the real function."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.functions import FUNCTIONS
from sw_model.node import NodeError, Tensor
from sw_model.ops import GatedProduct, delta_table, gated_product
from sw_model.specs import DeltaTableSpec, GatedProductSpec
from sw_model.tables import delta_entries

INT8, Q4 = IntFormat(8), FixedFormat(8, 4)
PAIRS = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)), axis=-1).reshape(-1, 2)
UINT12 = IntFormat(12, signed=False)


def gate(activation: str, step_bits: int = 4, fraction: int = 12):
    entries = np.array(delta_entries(activation, step_bits, fraction))
    return DeltaTableSpec(source=Q4, step_bits=step_bits, fraction=fraction,
                          entries=len(entries)), entries


def bound(b, gated, b_scale, target_scale, error, bits=16):
    """The docstring's: rounding, the gate's error, the multiplier's."""
    return 0.5 + np.abs(b) * b_scale / target_scale * (error + 2.0**-bits * np.abs(gated))


@pytest.mark.parametrize(("activation", "target_scale"), [
    ("silu", 0.05), ("gelu", 0.05), ("silu", 0.004), (None, 0.05)])
def test_every_pair_of_codes(activation, target_scale):
    """In exact fractions, ties up."""
    delta, entries = gate(activation) if activation else (None, None)
    spec = GatedProductSpec.of_scales(delta, Q4, INT8, INT8, a_scale=2.0**-4, b_scale=0.01,
                                      target_scale=target_scale)
    a, b = PAIRS.T
    found = gated_product(a, b, spec, entries)
    gated = a if delta is None else delta_table(a, delta, entries)
    scale = Fraction(spec.multiplier, 2**spec.shift)
    for k in range(0, len(a), 97):
        exact = int(gated[k]) * int(b[k]) * scale
        assert found[k] == min(max((exact + Fraction(1, 2)).__floor__(), -128), 127)
    assert {found.min(), found.max()} == {-128, 127}


@pytest.mark.parametrize("activation", ["silu", "gelu", None])
@pytest.mark.parametrize("bits", [8, 16])
def test_error_of_every_pair_of_codes(activation, bits, rng):
    """Over many scales; 2**-13 is the rounding of the gate's entries."""
    a, b = PAIRS.T
    delta, entries = gate(activation) if activation else (None, None)
    gated = FUNCTIONS[activation](a / 16) if activation else a / 16
    for b_scale, target_scale in ((0.01, 0.05), (0.01, 0.01), (0.01, 0.004), (0.05, 0.001),
                                  (1.0, 0.01), *np.exp(rng.uniform(-7, 1, (12, 2)))):
        spec = GatedProductSpec.of_scales(delta, Q4, INT8, INT8, a_scale=2.0**-4, b_scale=b_scale,
                                          target_scale=target_scale, bits=bits)
        real = np.clip(gated * b * b_scale / target_scale, -128, 127)
        off = np.abs(gated_product(a, b, spec, entries) - real)
        error = 0 if activation is None else 2.0**-13
        assert (off <= bound(b, gated, b_scale, target_scale, error, bits)).all()
        if (b_scale, target_scale, bits) == (0.01, 0.05, 16):
            assert off.max() <= 0.504


def test_wide_operands(rng):
    source = FixedFormat(24, 16)
    entries = np.array(delta_entries("silu", 5, 16))
    delta = DeltaTableSpec(source=source, step_bits=5, fraction=16, entries=len(entries))
    spec = GatedProductSpec.of_scales(delta, source, IntFormat(16), IntFormat(16), b_scale=2.0**-12,
                                      target_scale=2.0**-10)
    a, b = rng.integers(-2**20, 2**20, 20_000), rng.integers(-2**15, 2**15, 20_000)
    gated = FUNCTIONS["silu"](a * 2.0**-16)
    off = np.abs(gated_product(a, b, spec, entries)
                 - np.clip(gated * b * 2.0**-2, -2**15, 2**15 - 1))
    # The error of 464 entries 1/32 apart, and the result's last bit, which is rounded down.
    assert (off <= bound(b, gated, 2.0**-12, 2.0**-10, 6.51e-5 + 2.0**-16)).all()


def node_of(spec):
    return GatedProduct(name="n", inputs=("a", "b", "t")[:2 + (spec.gate is not None)],
                        outputs=("y",), spec=spec)


def test_node(rng):
    delta, entries = gate("silu")
    spec = GatedProductSpec.of_scales(delta, Q4, INT8, INT8, b_scale=0.01, target_scale=0.05)
    node = node_of(spec)
    a, b = rng.integers(-128, 128, (2, 4, 3, 5)).astype(np.int8)
    tensors = [Tensor("a", (3, 5), Q4), Tensor("b", (3, 5), INT8),
               Tensor("t", entries.shape, UINT12, value=entries)]
    assert node.infer(tensors) == (((3, 5), INT8),)
    np.testing.assert_array_equal(node.run(tensors, [a, b, entries])[0],
                                  gated_product(a, b, spec, entries))
    assert GatedProduct.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="needs 3 inputs, not 2"):
        node.infer(tensors[:2])
    with pytest.raises(NodeError, match="'b' must be int8, not int9"):
        node.infer([tensors[0], Tensor("b", (3, 5), IntFormat(9)), tensors[2]])
    with pytest.raises(NodeError, match=r"shapes \[3, 5\] and \[3, 6\] differ"):
        node.infer([tensors[0], Tensor("b", (3, 6), INT8), tensors[2]])
    with pytest.raises(NodeError, match="entries must be a constant vector of 185 of an unsigned"):
        node.infer([*tensors[:2], Tensor("t", (185,), UINT12)])
    plain = node_of(GatedProductSpec(gate=None, a=Q4, b=INT8, target=INT8, multiplier=1, shift=7))
    assert plain.infer(tensors[:2]) == (((3, 5), INT8),)
    assert GatedProduct.from_json(plain.as_json()) == plain


@pytest.mark.parametrize(("fields", "message"), [
    ({"a": INT8}, "the gate must take int8, not fixed<8,4>"),
    ({"multiplier": 0}, "clamp 1 to 0 does not fit uint24"),
    ({"shift": 0}, "shift must be at least 1, not 0"),
    ({"b": IntFormat(48)}, "products must have at most 61 bits")])
def test_spec_refuses(fields, message):
    delta, _ = gate("silu")
    with pytest.raises(ValueError, match=message):
        GatedProductSpec(**{"gate": delta, "a": Q4, "b": INT8, "target": INT8, "multiplier": 9,
                            "shift": 9} | fields)


def test_entries_are_needed():
    delta, _ = gate("silu")
    spec = GatedProductSpec.of_scales(delta, Q4, INT8, INT8, b_scale=0.01, target_scale=0.05)
    with pytest.raises(ValueError, match="the entries of the gate's table must be given"):
        gated_product(np.array([1]), np.array([1]), spec)
