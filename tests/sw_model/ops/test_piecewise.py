"""Piecewise polynomials against the definition written out."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, TernaryFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Piecewise
from sw_model.ops.piecewise import piecewise
from sw_model.specs import PiecewiseSpec


def written_out(x, spec):
    offset = min(max(x, spec.low), spec.high) - spec.low
    i, t = divmod(offset, 2**spec.offset_bits)
    row = [column[i] for column in spec.coefficients]
    total = row[0]
    if spec.degree == 1:
        total += row[1] * t // 2**spec.offset_bits
    if spec.degree == 2:
        total += (row[1] + row[2] * t // 2**spec.offset_bits) * t // 2**spec.offset_bits
    result = total // 2**spec.guard
    return min(max(result, spec.target.min), spec.target.max) if spec.saturates else result


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize(("low", "high", "offset_bits"), [
    (-128, 127, 5), (-128, 127, 0), (-128, 127, 8), (-100, 90, 4), (3, 3, 0), (3, 4, 2)])
def test_every_code(rng, degree, low, high, offset_bits):
    segments = (high - low >> offset_bits) + 1
    spec = PiecewiseSpec(
        source=IntFormat(8), target=FixedFormat(8, 3), low=low, high=high,
        offset_bits=offset_bits, guard=degree,
        coefficients=tuple(tuple(rng.integers(-250, 250, segments).tolist())
                           for _ in range(degree + 1)))
    x = np.arange(-128, 128)
    found = piecewise(x, spec)
    assert found.tolist() == [written_out(int(each), spec) for each in x]
    spec.target.check("result", found)


def test_slope_holds_every_product(rng):
    for _ in range(200):
        k = int(rng.integers(0, 6))
        rows = tuple(tuple(rng.integers(-100, 100, 4).tolist()) for _ in range(3))
        spec = PiecewiseSpec(source=IntFormat(k + 2), target=IntFormat(8), low=-2**(k + 1),
                             high=2**(k + 1) - 1, offset_bits=k, guard=0, coefficients=rows)
        slopes = [c1 + (c2 * t >> k) for c1, c2 in zip(*rows[1:], strict=True)
                  for t in range(2**k)]
        assert spec.slope.min <= min(slopes)
        assert max(slopes) <= spec.slope.max


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": TernaryFormat()}, r"^source must be an integer or fixed point, not ternary$"),
    ({"target": TernaryFormat()}, r"^target must be an integer or fixed point, not ternary$"),
    ({"low": -9}, r"^clamp -9 to 7 does not fit int4"),
    ({"offset_bits": -1}, r"^offset_bits must be at least 0, not -1$"),
    ({"guard": -1}, r"^guard must be at least 0, not -1$"),
    ({"coefficients": ()}, r"^coefficients must be those of degree 0, 1 or 2, not 0 rows$"),
    ({"coefficients": ((1, 2), (1,))}, r"^coefficients must have 2 entries for each power, one "
                                       r"for each segment, not 1$"),
    ({"coefficients": ((1, 2), (1, 2**60))}, r"^products must have at most 62 bits")], ids=str)
def test_specs_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        PiecewiseSpec(**{"source": IntFormat(4), "target": IntFormat(4), "low": -8, "high": 7,
                         "offset_bits": 3, "guard": 0, "coefficients": ((1, 2),), **changes})


def test_node():
    rows = np.array([[-20, 0], [8, 16]])
    tensors = [Tensor("x", (4,), IntFormat(4)),
               Tensor("c", rows.shape, IntFormat(6), value=rows)]
    node = Piecewise(name="p", inputs=("x", "c"), outputs=("y",), format=IntFormat(6), low=-8,
                     high=7, offset_bits=3, guard=1, saturates=True)
    assert node.infer(tensors) == (((4,), IntFormat(6)),)
    (y,) = node.run(tensors, [np.array([[-8, -5, 0, 7]], np.int8), rows])
    assert (y.tolist(), y.dtype) == ([[-10, -9, 0, 7]], np.int8)
    assert Piecewise.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"coefficients must be a constant of shape \(degree \+ 1"):
        node.infer([tensors[0], Tensor("c", (2, 2), IntFormat(6))])
    with pytest.raises(NodeError, match=r"coefficients must have 2 entries for each power"):
        node.infer([tensors[0], Tensor("c", (1, 1), IntFormat(6), value=np.array([[1]]))])
