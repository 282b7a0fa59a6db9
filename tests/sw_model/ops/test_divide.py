"""Exact quotients and roots against Python's integers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Divide, Isqrt
from sw_model.ops.divide import divide, isqrt
from sw_model.specs import DivideSpec, IsqrtSpec


def unsigned(width):
    return IntFormat(width, signed=False)


def test_every_pair_of_six_and_four_bits():
    spec = DivideSpec(unsigned(6), unsigned(4))
    n, d = (each.ravel() for each in np.meshgrid(np.arange(64), np.arange(16)))
    quotient, remainder = divide(n, d, spec)
    for a, b, q, r in zip(n.tolist(), d.tolist(), quotient.tolist(), remainder.tolist(),
                          strict=True):
        assert (q, r) == (divmod(a, b) if b else (63, a % 16))


def test_widest_numbers(rng):
    spec = DivideSpec(unsigned(63), unsigned(63))
    top = 2**63 - 1
    n = np.concatenate([[0, 1, top, top, top], rng.integers(0, top, 1000, endpoint=True)])
    d = np.concatenate([[top, top, top, 1, 0], rng.integers(1, top, 500, endpoint=True),
                        rng.integers(1, 1000, 500)])
    quotient, remainder = divide(n, d, spec)
    assert quotient[4] == top
    assert remainder[4] == top
    assert [*zip(quotient.tolist(), remainder.tolist(), strict=True)][5:] == [
        divmod(a, b) for a, b in zip(n[5:].tolist(), d[5:].tolist(), strict=True)]


def test_every_root_of_16_bits():
    assert isqrt(np.arange(2**16)).tolist() == [math.isqrt(x) for x in range(2**16)]


def test_roots_next_to_squares(rng):
    """The largest of all, and the neighbours of squares, where reals round the wrong way."""
    roots = np.concatenate([rng.integers(0, 3037000499, 5000), [3037000499, 2**31, 2**31 - 1]])
    x = np.unique(np.concatenate([roots**2 - 1, roots**2, roots**2 + 1, [2**63 - 1]]))
    x = x[x >= 0]
    assert isqrt(x).tolist() == [math.isqrt(each) for each in x.tolist()]


def test_formats():
    for width in (1, 2, 3, 16, 33, 63):
        spec = IsqrtSpec(unsigned(width))
        assert spec.target.max >= math.isqrt(spec.source.max) > spec.target.max // 2
        assert spec.steps == spec.target.width
    assert DivideSpec(unsigned(13), unsigned(5)).steps == 13


@pytest.mark.parametrize(("make", "message"), [
    (lambda: IsqrtSpec(IntFormat(8)), r"^source must be unsigned, not int8$"),
    (lambda: DivideSpec(IntFormat(8), unsigned(8)), r"^numerator must be unsigned, not int8$"),
    (lambda: DivideSpec(unsigned(8), IntFormat(8)), r"^denominator must be unsigned, not int8$")])
def test_signed_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_nodes():
    node = Isqrt(name="s", inputs=("x",), outputs=("y",))
    x = Tensor("x", (3,), unsigned(9))
    assert node.infer([x]) == (((3,), unsigned(5)),)
    (y,) = node.run([x], [np.array([[0, 511, 16]], np.uint16)])
    assert (y.tolist(), y.dtype) == ([[0, 22, 4]], np.int8)
    with pytest.raises(NodeError, match=r"needs unsigned integers, not fixed<8,4>$"):
        node.infer([Tensor("x", (3,), FixedFormat(8, 4))])
    node = Divide(name="d", inputs=("x",), outputs=("y",))
    x = Tensor("x", (2, 2), unsigned(8))
    assert node.infer([x]) == (((2, 2), unsigned(8)),)
    (y,) = node.run([x], [np.array([[[200, 7], [9, 0]]], np.uint8)])
    assert (y.tolist(), y.dtype) == ([[[28, 4], [255, 9]]], np.uint8)
    with pytest.raises(NodeError, match=r"needs pairs, not 3 elements$"):
        node.infer([Tensor("x", (3,), unsigned(8))])
    with pytest.raises(NodeError, match=r"numerator must be unsigned, not int8$"):
        node.infer([Tensor("x", (2,), IntFormat(8))])
