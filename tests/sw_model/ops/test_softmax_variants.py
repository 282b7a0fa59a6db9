"""What holds for every softmax in base 2: errors against float64, edges, shift and order."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import (
    OnlineSoftmax,
    SinglePassSoftmax,
    TwoPassSoftmax,
    UnifiedSoftmax,
    online_softmax,
    single_pass_softmax,
    two_pass_softmax,
    unified_softmax,
)
from sw_model.specs import PowerTable, SinglePassSoftmaxSpec, TwoPassSoftmaxSpec
from tests.support.softmaxes import (
    UINT8,
    UINT16,
    edge_rows,
    online,
    real_softmax,
    some_rows,
    unified,
)

INT8 = IntFormat(8)
SHAPES = [(1, 10), (2, 40), (7, 40), (64, 40), (200, 3), (200, 40)]
#: Golden function, node, and the spec of a scale and a target.
VARIANTS = {
    "single pass": (single_pass_softmax, SinglePassSoftmax, lambda scale, target, **more:
                    SinglePassSoftmaxSpec.from_scale(INT8, scale, target=target, **more)),
    "online": (online_softmax, OnlineSoftmax, online),
    "unified": (unified_softmax, UnifiedSoftmax, unified),
    "two pass": (two_pass_softmax, TwoPassSoftmax, lambda scale, target, **more:
                 TwoPassSoftmaxSpec.from_scale(INT8, scale, target=target, **more)),
    "two pass, linear": (two_pass_softmax, TwoPassSoftmax, lambda scale, target, **more:
                         TwoPassSoftmaxSpec.from_scale(INT8, scale, target=target,
                                                       table=PowerTable.LINEAR, **more)),
}


@pytest.mark.parametrize("target", [UINT8, UINT16], ids=str)
def test_error_of_a_single_pass(target, rng):
    """The others' bounds are in test_softmax_bounds.py."""
    spec = SinglePassSoftmaxSpec.from_scale(INT8, 1 / 16, target=target)

    def error(rows):
        real = real_softmax(rows, 1 / 16)
        return float(np.abs(single_pass_softmax(rows, spec) / 2.0**target.width - real).max())

    worst = max(error(some_rows(rng, (1000, elements), deviation))
                for elements, deviation in SHAPES)
    rising = max(error(np.minimum(np.arange(1, 9)[:, None] * np.arange(elements) - 128, 127))
                 for elements in (2, 5, 16, 41, 56, 100, 200))
    if target is UINT8:
        assert max(worst, rising) <= 3.91e-3
    else:
        assert 2.5e-5 < worst <= 6.0e-5
        assert 4.6e-5 < rising <= 4.7e-5


@pytest.mark.parametrize("name", VARIANTS)
def test_edge_rows(name):
    """Within a unit and a hundredth of the real one; equal elements get equal shares."""
    softmax, _, make = VARIANTS[name]
    for scale in (1 / 64, 1 / 8):
        for row in edge_rows(37):
            got = softmax(row, make(scale, UINT16))
            error = np.abs(got / 2**16 - real_softmax(row, scale)).max()
            assert error <= (6e-3 if name == "two pass" else 4e-4), (row, error)
            if (row == row[0]).all():
                assert (got == got[0]).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_rows_are_independent(name, rng):
    softmax, _, make = VARIANTS[name]
    rows, spec = some_rows(rng, (3, 4, 9), 30), make(1 / 16, UINT16, tile=4)
    together = softmax(rows, spec)
    for place in np.ndindex(3, 4):
        np.testing.assert_array_equal(softmax(rows[place], spec), together[place])


@pytest.mark.parametrize("tile", [2, 3, 16])
def test_tiles_change_little(tile, rng):
    """Sums that a larger maximum shifts lose bits, at most a unit of a term for each tile."""
    rows = some_rows(rng, (500, 33), 30)
    for name in ("single pass", "online", "two pass"):
        softmax, _, make = VARIANTS[name]
        one, other = (softmax(rows, make(1 / 16, UINT16, tile=each)) for each in (1, tile))
        assert np.abs(one - other).max() <= (80 if name == "two pass" else 2)


@pytest.mark.parametrize("name", VARIANTS)
def test_nodes(name, rng):
    softmax, kind, make = VARIANTS[name]
    spec = make(1 / 16, UINT8)
    node = kind(name="s", inputs=("x",), outputs=("y",), spec=spec)
    assert node.synthesisable
    x, rows = Tensor("x", (3, 7), INT8), some_rows(rng, (4, 3, 7), 20).astype(np.int8)
    assert node.infer([x]) == (((3, 7), UINT8),)
    (result,) = node.run([x], [rows])
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, softmax(rows, spec))
    with pytest.raises(NodeError, match="input must be int8, not int9"):
        node.infer([Tensor("x", (7,), IntFormat(9))])
