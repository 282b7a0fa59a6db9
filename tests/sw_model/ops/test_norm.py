"""RMSNorm, LayerNorm and L1 norm against the real functions, their errors, and their edges."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import L1Norm, LayerNorm, RmsNorm, l1_norm, layer_norm, rms_norm
from sw_model.specs import L1NormSpec, LayerNormSpec, NormSpec, RmsNormSpec

INT8, INT16, Q12 = IntFormat(8), IntFormat(16), FixedFormat(24, 12)
ONE = np.array([1 << 14])
KINDS = {"rms": (rms_norm, RmsNormSpec), "layer": (layer_norm, LayerNormSpec),
         "l1": (l1_norm, L1NormSpec)}


def real_norm(kind: str, x, epsilon: float = 0.0):
    """In float64, epsilon in the units of the codes; 0 for rows that have no deviation."""
    x = np.asarray(x, np.float64)
    centred = x if kind == "rms" else x - x.mean(axis=-1, keepdims=True)
    spread = np.abs(centred).mean(axis=-1, keepdims=True) + epsilon if kind == "l1" else \
        np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
    return centred / np.where(spread == 0, 1, spread)


def error(kind: str, x, **fields) -> np.ndarray:
    function, spec = KINDS[kind]
    made = spec(target=Q12, longest=x.shape[-1], **fields)
    epsilon = made.epsilon * 2.0**-made.guard
    return np.abs(function(x, made, ONE) * 2.0**-12 - real_norm(kind, x, epsilon))


def normal(rng, rows, length, deviation, mean=0.0, width=8):
    real = rng.normal(mean, deviation, (rows, length))
    return np.clip(np.rint(real), -(1 << width - 1), (1 << width - 1) - 1).astype(np.int64)


def test_worked_example_of_the_definition():
    spec = RmsNormSpec(source=INT8, target=FixedFormat(16, 12), longest=4)
    assert spec.shift == 14
    assert rms_norm(np.array([3, -4, 12, 0]), spec, ONE).tolist() == [1890, -2521, 7562, 0]


def test_rms_norm_errors(rng):
    """The figure of the docstring; the definition has 2.5e-4, 4.6e-4 and 2.6e-4."""
    assert error("rms", normal(rng, 300, 2048, 30), source=INT8).max() <= 2.8e-4
    assert error("rms", normal(rng, 300, 4096, 30), source=INT8).max() <= 2.8e-4
    assert error("rms", normal(rng, 300, 2048, 3000, width=16), source=INT16).max() <= 2.8e-4


@pytest.mark.parametrize("kind", ["layer", "l1"])
def test_errors_with_any_mean(kind, rng):
    most = 0.0
    for length in (192, 1024):
        for deviation, mean in ((1, 0), (1, 120), (20, 60), (40, -50)):
            x = normal(rng, 200, length, deviation, mean)
            most = max(most, error(kind, x, source=INT8).max())
        for deviation, mean in ((1, 32000), (500, 0), (8000, -9000)):
            x = normal(rng, 200, length, deviation, mean, width=16)
            most = max(most, error(kind, x, source=INT16).max())
    assert most <= {"layer": 2.8e-4, "l1": 2.9e-4}[kind]


def last_bit(kind: str, x, guard: int) -> np.ndarray:
    """How much of the result the last bit of the mean of a row is, at most."""
    length = x.shape[-1]
    if kind == "rms":
        return 2.0**-guard / np.maximum((x**2).mean(axis=-1, keepdims=True), 1e-9)
    magnitudes = np.abs(length * x - x.sum(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True)
    return (kind == "l1") / np.maximum(2.0**guard * magnitudes / length - 1, 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_relative_error(kind, rng):
    """Half a unit, 4e-5 of the result, and the last bit of a mean that is rounded down."""
    function, spec = KINDS[kind]
    for width, guard in ((2, 16), (8, 8), (16, 8)):
        for length in (1, 2, 3, 7, 64, 200):
            made = spec(source=IntFormat(width), target=FixedFormat(40, 12), longest=length,
                        guard=guard, gain=IntFormat(20), gain_fraction=18)
            half = 1 << width - 1
            x = rng.integers(-half, half, (400, length))
            x //= rng.integers(1, half + 1, (400, 1))
            real = real_norm(kind, x)
            off = np.abs(function(x, made, ONE << 4) * 2.0**-12 - real)
            assert (off <= 2.0**-13 + (4e-5 + last_bit(kind, x, guard)) * np.abs(real)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_of_two_codes(kind):
    """All pairs of int8 codes, exhaustively: results are 1 and -1 but for the root mean square."""
    x = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)), axis=-1).reshape(-1, 2)
    off = error(kind, x, source=INT8, guard=16)
    assert off.max() <= {"rms": 1.7e-4, "layer": 5e-5, "l1": 5e-5}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_edge_rows(kind):
    function, spec = KINDS[kind]
    made = spec(source=INT8, target=FixedFormat(16, 8), longest=4096, bias=IntFormat(8))
    for length in (1, 2, 5, 4096):
        for value in (-128, -1, 0, 1, 127):
            result = function(np.full(length, value), made, ONE, np.array([7]))
            wanted = 256 * np.sign(value) + 7 if kind == "rms" else 7
            np.testing.assert_array_equal(result, np.full(length, wanted))
    for place in (0, -1):
        for value in (-128, 127):
            row = np.full(4096, -value // 2)
            row[place] = value
            real = real_norm(kind, row)
            result = function(row, made, ONE, np.array([0]))
            # The reciprocal's error, on an outlier of 64 deviations (4,096 / 2 magnitudes).
            assert np.abs(result - np.clip(real * 256, -32768, 32767)).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_sums_beyond_31_bits(kind, rng):
    """Rows of which the squares need 42 bits and those of the scaled distances 62."""
    x = rng.choice([-32768, 32767], (3, 4096))
    assert (x**2).sum(axis=-1).min() > 2**41
    assert error(kind, x, source=INT16).max() <= 1.7e-4


def test_gain_and_bias_of_each_channel(rng):
    x, gain, bias = rng.integers(-128, 128, (50, 9)), rng.integers(-2**15, 2**15, 9), \
        rng.integers(-2**15, 2**15, 9)
    for kind, (function, spec) in KINDS.items():
        made = spec(source=INT8, target=Q12, longest=9, bias=INT16)
        real = real_norm(kind, x) * gain * 2.0**-14 + bias * 2.0**-12
        assert np.abs(function(x, made, gain, bias) * 2.0**-12 - real).max() <= 3e-4


def test_saturates_at_both_ends():
    made = RmsNormSpec(source=INT8, target=INT8, longest=9, gain=INT16, gain_fraction=8)
    x = np.array([127, -128, 1, 0, 0, 0, 0, 0, 0])
    assert rms_norm(x, made, np.array([2**15 - 1])).tolist() == [127, -128, 2, *[0] * 6]


def test_epsilon(rng):
    """That of a model, folded into codes: rows of small numbers shrink."""
    scale = 2.0**-7
    epsilon = NormSpec.folded(1e-5, scale)
    assert epsilon == 42
    x = rng.integers(-1, 2, (200, 64))
    for kind in ("rms", "layer"):
        assert error(kind, x, source=INT8, epsilon=epsilon).max() <= 3e-2
    assert NormSpec.folded(1e-5, scale, power=1) == 0
    assert error("l1", x, source=INT8, epsilon=40).max() <= 5e-4
    spec = LayerNormSpec(source=INT8, target=Q12, longest=8, epsilon=100)
    assert layer_norm(np.full(8, 5), spec, ONE).tolist() == [0] * 8


def test_unsigned_and_fixed_sources(rng):
    x = rng.integers(0, 256, (100, 33))
    for source in (IntFormat(8, signed=False), FixedFormat(8, 5, signed=False)):
        for kind in KINDS:
            assert error(kind, x, source=source).max() <= 3e-4


def node_of(kind, spec):
    return kind(name="n", inputs=("x", "g", "b")[:2 + (spec.bias is not None)], outputs=("y",),
                spec=spec)


@pytest.mark.parametrize(("kind", "name"), [(RmsNorm, "rms"), (LayerNorm, "layer"), (L1Norm, "l1")])
def test_nodes(kind, name, rng):
    function, spec = KINDS[name]
    made = spec(source=INT8, target=Q12, longest=6, bias=INT16)
    node = node_of(kind, made)
    x, gain, bias = rng.integers(-128, 128, (4, 2, 5)).astype(np.int8), \
        rng.integers(1, 99, 5).astype(np.int16), rng.integers(-99, 99, 5).astype(np.int16)
    tensors = [Tensor("x", (2, 5), INT8), Tensor("g", (5,), INT16, value=gain),
               Tensor("b", (5,), INT16, value=bias)]
    assert node.infer(tensors) == (((2, 5), Q12),)
    np.testing.assert_array_equal(node.run(tensors, [x, gain, bias])[0],
                                  function(x, made, gain, bias))
    assert kind.from_json(node.as_json()) == node
    assert kind.synthesisable
    tensors[0] = Tensor("x", (2, AtMost(5)), INT8)
    assert node.infer(tensors) == (((2, AtMost(5)), Q12),)
    np.testing.assert_array_equal(node.run(tensors, [x[..., :3], gain, bias])[0],
                                  function(x[..., :3], made, gain[:3], bias[:3]))
    tensors[0] = Tensor("x", (2, 5), INT8)
    with pytest.raises(NodeError, match="needs 3 inputs, not 2"):
        node.infer(tensors[:2])
    with pytest.raises(NodeError, match=r"rows must have 1 to 6 elements, not shape \[7\]"):
        node.infer([Tensor("x", (7,), INT8), *tensors[1:]])
    with pytest.raises(NodeError, match="codes must be int8, not int16"):
        node.infer([Tensor("x", (5,), INT16), *tensors[1:]])
    with pytest.raises(NodeError, match="'g' must be a constant int16 for each channel or for all"):
        node.infer([tensors[0], Tensor("g", (4,), INT16, value=gain[:4]), tensors[2]])


@pytest.mark.parametrize(("fields", "message"), [
    ({"longest": 0}, "longest must be at least 1, not 0"),
    ({"guard": 7}, "guard must be even, not 7"),
    ({"epsilon": -1}, "epsilon must be at least 0, not -1"),
    ({"target": FixedFormat(40, 30)}, "gain_fraction must be at least 19 for a target of "),
    ({"source": INT16, "longest": 2**13}, "rows of 8192 int16 with gains of int16 and guard 8 need "
                                          "more than 62 bits")])
def test_spec_refuses(fields, message):
    with pytest.raises(ValueError, match=message):
        LayerNormSpec(**{"source": INT8, "target": Q12, "longest": 9} | fields)
