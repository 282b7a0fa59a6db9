"""I-ViT's softmax: the paper's formulas in rationals, worked values, errors, lost probability."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import IntFormat, Rounding
from sw_model.node import NodeError, Tensor
from sw_model.ops import Shiftmax, shift_exponential, shiftmax
from sw_model.specs import ShiftmaxSpec
from tests.support.softmaxes import edge_rows, real_softmax, some_rows

INT8, INT16 = IntFormat(8), IntFormat(16)


def published_exponential(x: int, scale: Fraction, n: int) -> int:
    """ShiftExp as it is written, negative numbers and all."""
    p = x + (x >> 1) - (x >> 4)
    x0 = math.floor(-1 / scale)
    p = max(p, n * x0)
    q = math.floor(Fraction(p, x0))
    r = p - x0 * q
    return max(math.floor((Fraction(r, 2) - x0) * Fraction(2) ** (n - q)), 0)


@pytest.mark.parametrize("doublings", [3, 15, 23])
@pytest.mark.parametrize("scale", [1 / 16, 1 / 32, 0.02, 0.03, 0.14, 1.0, 3.0])
def test_exponentials_are_the_paper_s(scale, doublings):
    spec = ShiftmaxSpec(source=INT16, steps=ShiftmaxSpec.steps_of(scale), doublings=doublings,
                        numerator_bits=40)
    x = -np.arange(0, 2000)
    assert shift_exponential(x, spec).tolist() == [
        published_exponential(int(each), Fraction(scale), doublings) for each in x]


def test_worked_exponentials():
    spec = ShiftmaxSpec.published(INT8, 1 / 16)
    assert shift_exponential(np.array([0, -1, -5, -11, -16, -50, -100]), spec).tolist() == [
        524288, 507904, 409600, 262144, 204800, 25600, 1088]


@pytest.mark.parametrize(("scale", "most"), [
    (1 / 16, 6.5e-2), (1 / 32, 5.0e-2), (1 / 128, 4.61e-2)])
def test_error_of_exponentials(scale, most):
    spec = ShiftmaxSpec.published(INT16, scale)
    x = -np.arange(0, round(8 / scale) + 1)
    error = np.abs(shift_exponential(x, spec) / spec.largest - np.exp(scale * x)).max()
    assert 0.98 * most <= error <= most


def test_worked_rows():
    assert shiftmax(np.array([10, 20, 30, 40]), ShiftmaxSpec.published(INT8, 1 / 16)).tolist() \
        == [10, 19, 35, 62]
    assert shiftmax(np.array([-128, 0, 64, 127]), ShiftmaxSpec.published(INT8, 1 / 32)).tolist() \
        == [0, 2, 15, 109]


#: Most elements by scale, and the bound of their errors besides the result's rounding.
BOUNDS = {1 / 16: (64, 3.26e-2), 1 / 32: (197, 2.53e-2)}

#: Of rows of normal elements: scale, width; errors and mean sums of both forms.
MEASURED = [(1 / 16, 8, 3.3e-2, 0.882, 2.9e-2, 0.974), (1 / 16, 16, 2.5e-2, 0.999, 2.5e-2, 1.0),
            (1 / 32, 8, 1.7e-2, 0.497, 1.3e-2, 0.866), (1 / 32, 16, 9.5e-3, 0.993, 9.0e-3, 1.0)]


@pytest.mark.parametrize(("scale", "width", "e0", "s0", "e1", "s1"), MEASURED)
def test_errors_and_lost_probability(scale, width, e0, s0, e1, s1, rng):
    elements, bound = BOUNDS[scale]
    rows = some_rows(rng, (2000, elements), 40)
    for make, most, mass, units in ((ShiftmaxSpec.published, e0, s0, 1),
                                    (ShiftmaxSpec.repaired, e1, s1, 0.5)):
        got = shiftmax(rows, make(INT8, scale, width=width)) / 2.0 ** (width - 1)
        error = np.abs(got - real_softmax(rows, scale)).max()
        assert 0.7 * most <= error <= most <= bound + units * 2.0 ** (1 - width), error
        assert abs(got.sum(axis=-1).mean() - mass) < 4e-3, got.sum(axis=-1).mean()


@pytest.mark.parametrize(("scale", "told"), [(1 / 16, 121), (1 / 32, 256)])
def test_bound(scale, told):
    """Its parts, by every difference of two int8 codes; and rows of two codes keep it."""
    elements, bound = BOUNDS[scale]
    spec = ShiftmaxSpec.published(INT8, scale)
    real, found = (np.exp(-scale * np.arange(256)),
                   shift_exponential(-np.arange(256), spec) / spec.largest)
    relative = (found / real)[:told]
    beyond = np.abs(found - real)[told:].max(initial=0)
    assert beyond <= 4.0e-5
    parts = [math.log(relative.max() / relative.min()) / 4, elements * beyond,
             spec.steps * 2.0**-16]
    assert 0.99 * bound < sum(parts) <= bound
    for make, units in ((ShiftmaxSpec.published, 1), (ShiftmaxSpec.repaired, 0.5)):
        for width, below in itertools.product((8, 16), range(256)):
            spec = make(INT8, scale, width=width)
            for count in (1, 2, 5, 20, elements - 1):
                row = np.append(127, np.full(count, 127 - below))
                off = np.abs(shiftmax(row, spec) * 2.0 ** (1 - width) - real_softmax(row, scale))
                # Where the largest code stands for 1 it is a unit.
                assert off.max() <= bound + units * 2.0 ** (1 - width)


def test_naive_sums_overflow_nothing():
    """The sum saturates where the paper's does, and a row of one element keeps its place."""
    spec = ShiftmaxSpec.published(INT8, 1 / 64)
    assert shiftmax(np.zeros((1, 70_000)), spec).max() == 0
    for make in (ShiftmaxSpec.published, ShiftmaxSpec.repaired):
        assert shiftmax(np.array([[5]]), make(INT8, 1 / 16)).tolist() == [[127]]
    for row in edge_rows(65_536 // 64):
        got = shiftmax(row, spec)
        assert got.min() >= 0
        assert got.max() <= 127


def test_order_and_shift_do_not_matter(rng):
    rows = some_rows(rng, (50, 30), 20)
    for make in (ShiftmaxSpec.published, ShiftmaxSpec.repaired):
        spec = make(INT8, 0.04)
        order = rng.permutation(30)
        want = shiftmax(rows, spec)
        np.testing.assert_array_equal(shiftmax(rows[:, order], spec), want[:, order])
        np.testing.assert_array_equal(shiftmax(rows - rows.min() - 128, spec), want)


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": IntFormat(8, signed=False)}, "source must be signed, not uint8"),
    ({"steps": 0}, "steps must be at least 1, not 0"),
    ({"width": 1}, "width must be at least 2, not 1"),
    ({"width": 32}, "width must be at most numerator_bits, 31, not 32"),
    ({"numerator_bits": 19}, "numerator_bits must be 20 to 62, .* not 19"),
    ({"rounding": Rounding.HALF_EVEN}, "rounding must be Rounding.FLOOR or Rounding.HALF_UP")])
def test_specs_refuse(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ShiftmaxSpec(**{"source": INT8, "steps": 16} | changes)
    with pytest.raises(ValueError, match=r"^scale must be finite and above 0, not 0$"):
        ShiftmaxSpec.published(INT8, 0)


def test_node(rng):
    rows = some_rows(rng, (4, 3, 7), 20).astype(np.int8)
    spec = ShiftmaxSpec.published(INT8, 1 / 16, width=10)
    node = Shiftmax(name="s", inputs=("x",), outputs=("y",), spec=spec)
    x = Tensor("x", (3, 7), INT8)
    assert node.infer([x]) == (((3, 7), IntFormat(10)),)
    (result,) = node.run([x], [rows])
    np.testing.assert_array_equal(result, shiftmax(rows, spec))
    with pytest.raises(NodeError, match="input must be int8, not int9"):
        node.infer([Tensor("x", (7,), IntFormat(9))])
    for shape in ((), (3, 0)):
        with pytest.raises(NodeError, match="input must have elements in its last axis"):
            node.infer([Tensor("x", shape, INT8)])
