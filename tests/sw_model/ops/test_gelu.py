"""GELU and SiLU, published and repaired: the published figures, and every code."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.functions import FUNCTIONS
from sw_model.node import NodeError, Tensor
from sw_model.ops import IntegerGelu, ShiftGelu, Swish, integer_gelu, shift_gelu, swish
from sw_model.specs import IntegerGeluSpec, ShiftGeluSpec, SwishSpec
from sw_model.tables import shift_exponentials

INT8, INT16 = IntFormat(8), IntFormat(16)
CODES = np.arange(-128, 128)
GELU, SILU = FUNCTIONS["gelu"], FUNCTIONS["silu"]


def published_exponential(x: int, unit: Fraction, doublings: int) -> int:
    """ShiftExp as its authors have it, in exact fractions."""
    start = math.floor(-1 / unit)
    p = max(x + (x >> 1) - (x >> 4), doublings * start)
    q = math.floor(Fraction(p, start))
    r = p - start * q
    return max(math.floor((Fraction(r, 2) - start) * Fraction(2) ** (doublings - q)), 0)


def published_gelu(row: list[int], scale: Fraction) -> list[int]:
    unit, most, result = Fraction(1702, 1000) * scale, max(row), []
    for x in row:
        e = published_exponential(x - most, unit, 23)
        total = min(e + published_exponential(-most, unit, 23), 2**31 - 1)
        result.append(x * ((e * ((2**31 - 1) // total)) // 2**24))
    return result


def test_exponentials_of_the_definition():
    """The worked values, for a scale of 1/16 and 15 halvings."""
    spec = ShiftGeluSpec(source=INT8, steps=16, doublings=15)
    worked = {0: 524288, -1: 507904, -5: 409600, -11: 262144, -16: 204800, -50: 25600, -100: 1088}
    for x, wanted in worked.items():
        assert shift_exponentials(spec, range(x, x + 1)) == (wanted,)
        assert published_exponential(x, Fraction(1, 16), 15) == wanted


@pytest.mark.parametrize("scale", [Fraction(4, 127), Fraction(8, 127), Fraction(1, 100)])
def test_shift_gelu_of_every_code_below_every_maximum(scale):
    """Rows of all codes up to each maximum: every pair of an element and a maximum."""
    spec = ShiftGeluSpec.of_scale(INT8, float(scale))
    for most in range(-128, 128, 1 if scale == Fraction(4, 127) else 17):
        row = np.arange(-128, most + 1)
        assert shift_gelu(row, spec).tolist() == published_gelu(row.tolist(), scale)


def test_shift_gelu_of_the_definition():
    row = [-64, -16, -8, 0, 8, 16, 64]
    found = shift_gelu(np.array(row), ShiftGeluSpec.of_scale(INT8, 4 / 127))
    assert found.tolist() == [-256, -592, -408, 0, 616, 1424, 7872]


@pytest.mark.parametrize(("scale", "bits", "most", "average"), [
    (4 / 127, 31, 0.248, 2.2e-2), (4 / 127, 40, 0.0404, 1.33e-2), (8 / 127, 31, 0.311, 8.2e-2),
    (0.1, 31, 6.26, 1.73), (0.2, 31, 12.6, 4.53)])
def test_errors_of_shift_gelu(scale, bits, most, average):
    x = CODES[1:]
    spec = ShiftGeluSpec.of_scale(INT8, scale, numerator_bits=bits)
    off = np.abs(shift_gelu(x, spec) * scale / 128 - GELU(x * scale))
    assert 0.98 * most < off.max() <= most
    assert off.mean() <= average


def test_edge_rows_of_shift_gelu():
    """All equal, one, zeros, no positive element: within the target, and 0 of 0."""
    spec = ShiftGeluSpec.of_scale(INT8, 1 / 64)
    for row in (CODES[:, None], np.repeat(CODES[:, None], 5, axis=1)):
        found = shift_gelu(row, spec)
        assert np.abs(found).max() <= spec.target.max
        assert (found[128] == 0).all()
        off = np.abs(found[:, 0] / 128 / 64 - GELU(CODES / 64))
        # Rows without a positive element take exponentials above 1.
        assert off[:128].max() <= 0.252
        assert off[128:].max() <= 0.216


@pytest.mark.parametrize(("scale", "most", "average"), [
    (4 / 127, 0.0204, 9.9e-3), (8 / 127, 0.0204, 5.3e-3)])
def test_errors_of_gelu_by_a_sigmoid(scale, most, average):
    """Only the slope's error is left of the repaired form; the sigmoid's own is 4.6e-5."""
    spec = SwishSpec.gelu(INT8, scale)
    found = swish(CODES, spec) * scale * 2.0**-15
    off = np.abs(found - GELU(CODES * scale))
    assert off.max() <= most
    assert off.mean() <= average
    there = CODES != 0
    real = 1 / (1 + np.exp(-1.702 * CODES * scale))
    assert np.abs(found / scale / np.where(there, CODES, 1) - real)[there].max() <= 4.6e-5


@pytest.mark.parametrize(("scale", "most"), [(4 / 127, 9.6e-5), (8 / 127, 2.5e-4)])
def test_errors_of_silu(scale, most):
    off = np.abs(swish(CODES, SwishSpec.silu(INT8, scale)) * scale * 2.0**-15
                 - SILU(CODES * scale))
    assert off.max() <= most


def test_silu_of_every_code_of_16_bits():
    """Fixed point, which has its own scale: 12 fraction bits."""
    form = FixedFormat(16, 12)
    x = np.arange(form.min, form.max + 1)
    found = swish(x, SwishSpec.silu(form, 2.0**-12)) * 2.0**-27
    assert np.abs(found - SILU(x * 2.0**-12)).max() <= 2.5e-4


def published_integer_gelu(x: int, scale: float, shift: int) -> tuple[int, float]:
    """I-BERT's code, step by step, and the scale of the result."""
    unit = scale / 1.4142
    end, top = math.floor(-1.769 / unit), math.floor(1 / -0.2888 / unit**2)
    sign = (x > 0) - (x < 0)
    erf = math.floor(sign * ((min(abs(x), -end) + end)**2 + top) / 2**shift)
    erf_scale = -0.2888 * unit**2 * 2**shift
    return x * (erf + math.floor(1 / erf_scale)), scale * erf_scale / 2


@pytest.mark.parametrize(("scale", "shift"), [(4 / 127, 0), (4 / 127, 14), (1 / 500, 3)])
def test_integer_gelu_of_every_code(scale, shift):
    spec = IntegerGeluSpec.of_scale(INT8, scale, shift)
    found = integer_gelu(CODES, spec)
    for x, one in zip(CODES.tolist(), found.tolist(), strict=True):
        wanted, unit = published_integer_gelu(x, scale, shift)
        assert one == -wanted
        assert spec.result_scale(scale, shift) == -unit
    assert spec.target.min <= found.min()
    assert found.max() <= spec.target.max


@pytest.mark.parametrize(("form", "scale", "shift", "most", "average"), [
    (INT8, 4 / 127, 0, 1.73e-2, 6.7e-3), (INT16, 6 / 32767, 14, 1.83e-2, 4.4e-3)])
def test_errors_of_integer_gelu(form, scale, shift, most, average):
    x = np.arange(form.min, form.max + 1)
    spec = IntegerGeluSpec.of_scale(form, scale, shift)
    off = np.abs(integer_gelu(x, spec) * spec.result_scale(scale, shift) - GELU(x * scale))
    assert off.max() <= most
    assert off.mean() <= average


def test_integer_gelu_needs_a_small_scale_for_its_shift():
    spec = IntegerGeluSpec.of_scale(INT8, 4 / 127, 14)
    off = integer_gelu(CODES, spec) * spec.result_scale(4 / 127, 14) - GELU(CODES * 4 / 127)
    assert 5.3 <= np.abs(off).max() <= 5.39


@pytest.mark.parametrize(("kind", "golden", "spec"), [
    (ShiftGelu, shift_gelu, ShiftGeluSpec.of_scale(INT8, 0.03)),
    (Swish, swish, SwishSpec.silu(INT8, 0.03)),
    (IntegerGelu, integer_gelu, IntegerGeluSpec.of_scale(INT8, 0.03))])
def test_nodes(kind, golden, spec, rng):
    node = kind(name="n", inputs=("x",), outputs=("y",), spec=spec)
    x, tensor = rng.integers(-128, 128, (4, 2, 5)).astype(np.int8), Tensor("x", (2, 5), INT8)
    assert node.infer([tensor]) == (((2, 5), spec.target),)
    np.testing.assert_array_equal(node.run([tensor], [x])[0], golden(x, spec))
    assert kind.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match="codes must be int8, not int9"):
        node.infer([Tensor("x", (2, 5), IntFormat(9))])


@pytest.mark.parametrize(("make", "message"), [
    (lambda: ShiftGeluSpec(source=IntFormat(9), steps=4), "source must be signed, of at most 8 b"),
    (lambda: ShiftGeluSpec(source=INT8, steps=0), "steps must be at least 1, not 0"),
    (lambda: ShiftGeluSpec(source=INT8, steps=4, doublings=25), "doublings must be 1 to 24, not"),
    (lambda: ShiftGeluSpec(source=INT8, steps=4, numerator_bits=41), "numerator_bits must be 7 t"),
    (lambda: ShiftGeluSpec(source=INT8, steps=256), "256 << 23 does not fit 31 bits"),
    (lambda: ShiftGeluSpec.of_scale(INT8, 0.0), "scale must be positive and finite, not 0"),
    (lambda: SwishSpec(source=INT8, multiplier=-1), "multiplier must not be negative, but -1 is"),
    (lambda: SwishSpec.silu(IntFormat(31), 1e-3), "source must have at most 30 bits, not int31"),
    (lambda: IntegerGeluSpec(source=INT8, end=4, top=1, one=-3), "top must not be positive, not 1"),
    (lambda: IntegerGeluSpec.of_scale(IntFormat(32), 1e-8), "products must have at most 62 bits"),
    (lambda: IntegerGeluSpec(source=IntFormat(8, signed=False), end=4, top=-1, one=-3),
     "source must be signed, of at most 32 bits, not uint8")])
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()
