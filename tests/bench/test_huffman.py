"""The bench of entropy-coded bfloat16: a small tensor, and the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import huffman


@pytest.mark.parametrize("longest", huffman.LONGEST)
def test_within_a_percent_of_entropy(longest: int, data_dir: Path) -> None:
    """Weights drawn, and those of stories260K."""
    (data_dir / "models" / huffman.STORIES).stat()  # skips where it is absent
    rows = [huffman.sizes(name, patterns, longest) for name, patterns in huffman.weights()]
    assert [row["weights"] for row in rows] == ["N(0, 0.02)", "stories260K"]
    for row in rows:
        assert 1 < row["over_bound"] <= 1.01


def test_small_tensor(rng: np.random.Generator, need, monkeypatch: pytest.MonkeyPatch) -> None:
    need("verilator")
    patterns = rng.normal(0, 0.02, 4096).astype(np.float32).view(np.uint32).astype(np.int64) >> 16
    row = huffman.sizes("drawn", patterns, 12)
    assert row["payload"] == row["codes"] + row["rests"] + 8 * 4096
    assert row["total"] == row["payload"] + row["tables"] + row["headers"]
    assert 1 < row["over_bound"] < row["total_over_bound"]
    monkeypatch.setattr(huffman, "STALLS", ((0.0, 0.0), (0.0, 0.5)))
    free, stalled = huffman.speeds("drawn", patterns, 2)
    assert free["steady"] == 1
    assert 0.4 < stalled["steady"] < 0.6
    table = huffman.lines({"sizes": [row], "speeds": [free, stalled], "areas": []})
    assert [len(line.split()) for line in table if line.startswith("drawn")] == [9, 7, 7]
