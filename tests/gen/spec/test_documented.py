"""Specs that the documentation shows are specs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gen.spec.designs import read_spec

ROOT = Path(__file__).parents[3]
BLOCKS = [pytest.param(text, id=f"{path.name}-{k}")
          for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
          for k, text in enumerate(re.findall(r"^```yaml\n(.*?)^```", path.read_text(),
                                              re.MULTILINE | re.DOTALL))]


@pytest.mark.parametrize("text", BLOCKS)
def test_is_read(text, tmp_path):
    """Beside the bundled models, whose layers it names."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    place = tmp_path / "docs"
    place.mkdir()
    (place / "digits.onnx").symlink_to(ROOT / "examples/digits/digits.onnx")
    spec = place / "shown.yaml"
    spec.write_text(text)
    assert read_spec(spec).requests
