"""The bench of arrays for sparse matrices: what stands in it, and its table."""

from __future__ import annotations

import pytest

from bench import sparsity
from hw.array.chain_layer import ChainLayer


def test_what_is_measured() -> None:
    """The same multipliers all over; 2:8 takes at most 1/3.6 of the dense cycles."""
    there = {name: layer for name, layer, _ in sparsity.layers()}
    assert len(there) == 1 + len(sparsity.KEPT) + 2 * len(sparsity.ON_CHAINS)
    assert all(keep * (4 // keep) == 4 for keep, _ in sparsity.KEPT)
    layer = there["2:8, int8 x int8"]
    assert 3.6 * layer.cycles(0) <= layer.cycles(1) == there["dense, int8 x int8"].cycles(0) + 1
    assert {layer.spec.chain.limit >= layer.spec.chain.length for layer in there.values()
            if isinstance(layer, ChainLayer)} == {False, True}


def test_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiplexers take cells beside the same DSP blocks, and save cycles."""
    monkeypatch.setattr(sparsity, "KEPT", ((2, 4),))
    monkeypatch.setattr(sparsity, "ON_CHAINS", ())
    result = sparsity.measure()
    dense, sparse = result["rows"]
    assert dense["dsps"] == sparse["dsps"] == 16
    # A multiplexer of four bytes for each multiplier, of two tables a bit.
    assert sparse["ecp5"] - dense["ecp5"] >= 16 * 8 * 2
    assert (dense["sparse"], dense["ratio"], sparse["sparse"]) == (None, 1, 134)
    head, *rows = sparsity.lines(result)
    assert head.split()[-3:] == ["pairs", "a", "cycle"]
    assert [row.split()[-1] for row in rows] == ["15.7", "30.6"]
