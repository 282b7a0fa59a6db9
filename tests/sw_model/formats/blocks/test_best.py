"""The best of several offers, block by block."""

from __future__ import annotations

import numpy as np

from sw_model.formats.blocks.best import Best


def test_least_error_of_each_block_and_the_first_of_equals():
    best = Best()
    assert best.fields == {}
    for number, error in enumerate(([3, 1, 2, 0], [2, 1, 3, 0], [1, 0, 2, 0]), start=1):
        best.offer(np.array(error, np.float64), flat=np.full(4, number),
                   deep=np.full((4, 2, 3), number))
    assert best.fields["flat"].tolist() == [3, 3, 1, 1]
    assert best.fields["deep"].shape == (4, 2, 3)
    assert (best.fields["deep"] == best.fields["flat"][:, None, None]).all()


def test_offers_are_not_changed():
    one, two = np.zeros(2), np.ones(2)
    best = Best()
    best.offer(np.array([1.0, 1.0]), x=one)
    best.offer(np.array([0.0, 2.0]), x=two)
    assert (one.tolist(), two.tolist()) == ([0, 0], [1, 1])
    assert best.fields["x"].tolist() == [1, 0]
