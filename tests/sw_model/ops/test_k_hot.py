"""Factors of few bits against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, KHotFormat, Overflow, Rounding
from sw_model.node import NodeError, Tensor
from sw_model.ops import KHotRescale, k_hot_rescale
from sw_model.specs import KHotSpec
from tests.support.exact import into, rounded

FIXED8 = FixedFormat(8, 4)


def spec_of(hot=2, **changes):
    return KHotSpec(**{"source": FIXED8, "factor": KHotFormat(8, 5, hot), "target": FIXED8,
                       **changes})


@pytest.mark.parametrize("hot", [1, 2, 3])
@pytest.mark.parametrize(("rounding", "overflow"), [
    (Rounding.HALF_EVEN, Overflow.SATURATE), (Rounding.HALF_UP, Overflow.WRAP),
    (Rounding.FLOOR, Overflow.SATURATE)])
def test_every_code_by_every_factor(hot, rounding, overflow):
    spec = spec_of(hot, rounding=rounding, overflow=overflow)
    factors = np.flatnonzero(spec.factor.legal())
    every = np.arange(-128, 128)
    for factor, real in zip(factors, spec.factor.decode(factors), strict=True):
        wanted = []
        for code in every.tolist():
            whole = rounded(code * Fraction(float(real)), rounding)
            wanted.append(into(whole, -128, 127, overflow))
        assert k_hot_rescale(every, np.array([factor]), spec).tolist() == wanted


def test_projections():
    """QFX's examples of the nearest factor of one, two and three bits."""
    for real, nearest in ((1.37, (1.0, 1.25, 1.375)), (-0.71, (-0.5, -0.75, -0.6875)),
                          (2.9, (2, 3, 3)), (0.47, (0.5, 0.5, 0.5))):
        for hot, wanted in enumerate(nearest, 1):
            form = KHotFormat(8, 5, hot)
            (found,) = form.decode(form.encode([real]))
            assert found == wanted
    assert spec_of().places_of(0) == (False, ())
    assert spec_of(4).places_of(0b1_1010011) == (True, (0, 1, 4, 6))
    assert spec_of(3).largest == 0b1110000


def test_products_fit(rng):
    """The format of products holds the largest, and no narrower one would."""
    for hot in (1, 3, 7):
        spec = spec_of(hot, source=IntFormat(8))
        largest = 128 * spec.largest
        assert spec.product.max >= largest > spec.product.max // 2


def test_node():
    spec = spec_of(target=FixedFormat(6, 2))
    node = KHotRescale(name="k", inputs=("x", "f"), outputs=("y",), spec=spec)
    factor = Tensor("f", (2,), spec.factor, value=spec.factor.encode([1.25, -0.75]))
    tensors = [Tensor("x", (2,), FIXED8), factor]
    assert node.infer(tensors) == (((2,), FixedFormat(6, 2)),)
    (result,) = node.run(tensors, [np.array([[16, 16], [127, -128]]), factor.value])
    assert result.dtype == np.int8
    assert (result / 4).tolist() == [[1.25, -0.75], [7.75, 6.0]]
    for wrong, message in (
            ([Tensor("x", (2,), IntFormat(8)), factor], r"'x' must be fixed<8,4>, not int8"),
            ([Tensor("x", (3,), FIXED8), factor], r"'f' must be a constant of 1 or 3 elements"),
            ([tensors[0], Tensor("f", (2,), IntFormat(8), value=np.array([1, 2]))],
             r"'f' must be khot<8,5,2>, not int8")):
        with pytest.raises(NodeError, match=message):
            node.infer(wrong)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match=r"^factor must be a KHotFormat, not IntFormat"):
        spec_of(factor=IntFormat(8))
    with pytest.raises(TypeError, match=r"^source must be an IntFormat or FixedFormat, not"):
        spec_of(source=KHotFormat(8, 5, 2))
    with pytest.raises(ValueError, match=r"^overflow must be saturate or wrap"):
        spec_of(overflow=Overflow.SPECIAL)
    with pytest.raises(ValueError, match="factor"):
        spec_of().places_of(0b111)
