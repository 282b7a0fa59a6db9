"""Random networks: imported, compiled and emulated outputs are equal, element by element."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace

import pytest

from tests.support.random_networks import check_networks, draw_networks

#: Networks in one compiled top.
TOGETHER = 34


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.full)])
def test_networks(need, tmp_path, count):
    need("verilator")
    drawn = draw_networks(count)
    assert len({replace(one, seed=0) for one in drawn}) == count
    layers = Counter(len(one.steps) for one in drawn)
    assert all(layers[number] >= count // 10 for number in (1, 2, 3)), layers
    for start in range(0, count, TOGETHER):
        check_networks(drawn[start:start + TOGETHER], folder := tmp_path / str(start))
        shutil.rmtree(folder)
