"""Reciprocals and reciprocal square roots: every mantissa, and the definitions written out."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import Reciprocal, Rsqrt
from sw_model.ops.reciprocal import normalised, reciprocal, rsqrt
from sw_model.specs import ReciprocalSpec, RsqrtSpec
from sw_model.tables import reciprocal_table, rsqrt_table


def unsigned(width):
    return IntFormat(width, signed=False)


#: Index and entry bits, and the most units of 2**-16 off after 0, 1 and 2 steps.
RECIPROCALS = [(3, 5, (4096, 256, 1.69)), (4, 6, (2161, 81.1, 1.04)), (5, 7, (1086.1, 19.1, 1.01)),
               (6, 8, (574.1, 6.1, 1.01)), (7, 9, (291.2, 2.2, 1.0)), (8, 10, (152.6, 1.17, 1.0))]
RSQRTS = [(2, 6, (4096, 376.1, 4.0)), (3, 7, (2048, 95.1, 1.21)), (4, 8, (1024, 24.1, 1.21)),
          (5, 9, (535.4, 7.5, 1.23)), (6, 10, (267.6, 2.5, 1.23))]


@pytest.mark.parametrize(("index_bits", "entry_bits", "most"), RECIPROCALS)
def test_error_of_every_mantissa(index_bits, entry_bits, most):
    """The rows of a published comparison."""
    m = np.arange(2**16, 2**17)
    for steps, limit in enumerate(most):
        spec = ReciprocalSpec(source=unsigned(17), index_bits=index_bits, entry_bits=entry_bits,
                              newton_steps=steps)
        r, e = reciprocal(m, spec)
        assert (e == 16).all()
        off = np.abs(r - 2.0**32 / m)
        assert limit * 0.98 < off.max() <= limit
        spec.mantissa.check("mantissa", r)
        assert r.max() <= 2**16
        assert len(reciprocal_table(spec)) == 2**index_bits


@pytest.mark.parametrize(("index_bits", "entry_bits", "most"), RSQRTS)
def test_error_of_every_mantissa_of_a_root(index_bits, entry_bits, most):
    """The rows of a published comparison."""
    m = np.arange(2**16, 2**18)
    for steps, limit in enumerate(most):
        spec = RsqrtSpec(source=unsigned(18), index_bits=index_bits, entry_bits=entry_bits,
                         newton_steps=steps)
        r, e = rsqrt(m, spec)
        assert (e == 8).all()
        off = np.abs(r - 2.0**16 / np.sqrt(m / 2.0**16))
        assert limit * 0.98 < off.max() <= limit
        spec.mantissa.check("mantissa", r)
        assert r.max() <= 2**16
        assert len(rsqrt_table(spec)) == 3 * 2**index_bits


def test_worked_values():
    found = [int(reciprocal(np.array([85196]), ReciprocalSpec(
        source=unsigned(17), newton_steps=steps))[0][0]) for steps in (0, 1, 2)]
    assert found == [50688, 50411, 50413]
    found = [int(rsqrt(np.array([5 << 15]), RsqrtSpec(
        source=unsigned(18), newton_steps=steps))[0][0]) for steps in (0, 1, 2)]
    assert found == [41216, 41446, 41448]
    r, e = rsqrt(np.array([10816]), RsqrtSpec(source=unsigned(32)))
    assert (r.tolist(), e.tolist()) == ([40330], [6])


def test_entries_are_the_nearest():
    for index_bits, entry_bits in ((1, 2), (3, 5), (5, 7), (7, 16), (10, 3)):
        spec = ReciprocalSpec(source=unsigned(8), index_bits=index_bits, entry_bits=entry_bits)
        for k, entry in enumerate(reciprocal_table(spec)):
            exact = 2**entry_bits / (1 + Fraction(2 * k + 1, 2 ** (index_bits + 1)))
            assert entry == math.floor(exact + Fraction(1, 2))
        spec = RsqrtSpec(source=unsigned(8), index_bits=index_bits, entry_bits=entry_bits)
        for k, entry in enumerate(rsqrt_table(spec)):
            square = Fraction(4**entry_bits) / (1 + Fraction(2 * k + 1, 2 ** (index_bits + 1)))
            assert (entry - Fraction(1, 2)) ** 2 <= square < (entry + Fraction(1, 2)) ** 2


def written_out(x, spec):
    """The definitions in Python's integers."""
    root, x = isinstance(spec, RsqrtSpec), max(x, 1)
    one, fraction = 2**spec.fraction, spec.fraction
    e = (x.bit_length() - 1) // (2 if root else 1)
    m = x * one // 4**e if root else x * one // 2**e
    table = (rsqrt_table if root else reciprocal_table)(spec)
    r = table[(m >> (fraction - spec.index_bits)) - 2**spec.index_bits]
    r <<= fraction - spec.entry_bits
    for _ in range(spec.newton_steps):
        if root:
            r = (r * (3 * one - ((m * ((r * r) >> fraction)) >> fraction))) >> (fraction + 1)
        else:
            r = (r * (2 * one - ((m * r) >> fraction))) >> fraction
    return r, e


@pytest.mark.parametrize("make", [ReciprocalSpec, RsqrtSpec])
@pytest.mark.parametrize(("width", "fraction"), [
    (1, 16), (2, 8), (9, 8), (8, 12), (16, 16), (31, 16), (32, 10), (63, 24)])
def test_definition_written_out(rng, make, width, fraction):
    spec = make(source=unsigned(width), fraction=fraction)
    top = spec.source.max
    codes = {0, 1, 2, 3, top, top - 1, top // 2, top // 2 + 1, *(top >> k for k in range(width))}
    x = np.array(sorted(code for code in codes if 0 <= code <= top))
    x = np.concatenate([x, rng.integers(0, top, 500, endpoint=True)])
    golden = reciprocal if make is ReciprocalSpec else rsqrt
    r, e = golden(x, spec)
    assert list(zip(r.tolist(), e.tolist(), strict=True)) == [
        written_out(int(each), spec) for each in x]
    spec.exponent.check("exponent", e)
    m, _ = normalised(x, spec)
    assert m.min() >= 1 << fraction
    assert m.max() < 1 << fraction + spec.STEP


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": IntFormat(8)}, r"^source must be unsigned, not int8$"),
    ({"fraction": 25}, r"^fraction must be at most 24, not 25$"),
    ({"index_bits": 0}, r"^index_bits must be at least 1, not 0$"),
    ({"entry_bits": 1}, r"^entry_bits must be at least 2, not 1$"),
    ({"entry_bits": 17}, r"^entry_bits must be at most the fraction's 16, not 17$"),
    ({"newton_steps": 3}, r"^newton_steps must be 0, 1 or 2, not 3$")], ids=str)
def test_specs_that_make_no_sense(changes, message):
    for make in (ReciprocalSpec, RsqrtSpec):
        with pytest.raises(ValueError, match=message):
            make(**{"source": unsigned(8), **changes})
    with pytest.raises(TypeError, match=r"^source must be an IntFormat, not"):
        ReciprocalSpec(source=FixedFormat(8, 4))


@pytest.mark.parametrize("make", [Reciprocal, Rsqrt])
def test_nodes(rng, make):
    node = make(name="r", inputs=("x",), outputs=("y",), index_bits=4, entry_bits=6,
                newton_steps=1, fraction=16)
    x = Tensor("x", (2, 3), unsigned(20))
    assert node.infer([x]) == (((2, 6), unsigned(17)),)
    assert node.infer([Tensor("x", (AtMost(5),), unsigned(20))])[0][0] == (AtMost(10),)
    values = rng.integers(0, 2**20, (4, 2, 3), dtype=np.uint32)
    (y,) = node.run([x], [values])
    golden = reciprocal if make is Reciprocal else rsqrt
    r, e = golden(values, node.spec(x.format))
    np.testing.assert_array_equal(y[..., 0::2], r)
    np.testing.assert_array_equal(y[..., 1::2], e)
    assert y.dtype == np.int32
    assert make.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"needs unsigned integers, not fixed<8,4>$"):
        node.infer([Tensor("x", (3,), FixedFormat(8, 4))])
    narrow = make(name="r", inputs=("x",), outputs=("y",), index_bits=2, entry_bits=2,
                  newton_steps=1, fraction=2)
    with pytest.raises(NodeError, match=r"exponents of uint63 do not fit mantissas of uint3$"):
        narrow.infer([Tensor("x", (3,), unsigned(63))])
