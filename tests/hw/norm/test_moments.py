# amaranth: UnusedElaboratable=no
"""Sums over rows against NumPy's, and TFLite's inverse root of every kind of sum."""

from __future__ import annotations

import numpy as np
from amaranth import signed, unsigned

from hw.arith.multiply import MULTIPLIERS
from hw.norm.inverse_root import InverseRoot
from hw.norm.moments import KINDS, RowMoments
from sw_model.formats import IntFormat, covering
from sw_model.ops.l2_norm import inverse_root
from tests.support.row_norms import emulate
from tests.support.rows import row_words
from tests.support.units import Interval, Unit, check_units


def moments(shape, low, high, lanes, rng, zero_point=0, multiplier="inferred"):
    """Rows of every length up to 9, and their sums, the first kind in the low bits."""
    rows = [rng.integers(low, high, size, endpoint=True) for size in (9, *range(1, 10))]
    rows += [np.full(9, low), np.full(9, high), np.full(1, low)]
    sums = {"count": len, "total": lambda x: (x - zero_point).sum(),
            "raised": lambda x: (x - low).sum(), "magnitudes": lambda x: np.abs(
                x - zero_point).sum(), "squares": lambda x: ((x - zero_point)**2).sum()}
    kinds = KINDS if zero_point == 0 else ("squares", "total")
    forms = {kind: covering(min(0, *(int(sums[kind](row)) for row in rows)),
                            max(int(sums[kind](row)) for row in rows)) for kind in kinds}
    words = []
    for row in rows:
        word = place = 0
        for kind, form in forms.items():
            word |= (int(sums[kind](row)) & (1 << form.width) - 1) << place
            place += form.width
        words.append(word)
    unit = RowMoments(shape, lanes, forms, zero_point, multiplier)
    return Unit(unit, {"i": row_words(rows, 5, lanes)}, {"o": words}, latency=unit.latency,
                after=-(-9 // lanes) - 1, interval=Interval(1))


def test_moments(rng):
    check_units([moments(signed(5), -16, 15, 1, rng), moments(signed(5), -16, 15, 3, rng),
                 moments(unsigned(5), 0, 31, 2, rng, multiplier="fabric"),
                 moments(signed(5), -16, 15, 4, rng, 7), moments(signed(5), -16, 15, 1, rng, -16)])


def test_inverse_root(rng, tmp_path):
    """Small sums, both sides of every power of two, and sums of every size."""
    powers = 2**np.arange(31)
    sums = np.concatenate([np.arange(300), powers, powers - 1, powers + 1, [2**31 - 1],
                           (2**rng.uniform(0, 31, 3000)).astype(np.int64)])
    multipliers, shifts = inverse_root(sums)
    words = [(int(a) | int(-b) << 31, -1) for a, b in zip(multipliers, shifts, strict=True)]
    units = [InverseRoot(IntFormat(31, signed=False), kind) for kind in MULTIPLIERS]
    assert [unit.interval for unit in units] == [49, 113]
    emulate([Unit(unit, {"i": [int(x) for x in sums]}, {"o": words}) for unit in units],
            tmp_path / "root")
