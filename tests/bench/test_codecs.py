"""The table of decoders and encoders: what stands in it, and a few of its figures."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import codecs
from sw_model.formats.blocks.gguf import GGUF_FORMATS
from tests.support.checkout import ROOT


def test_what_is_measured() -> None:
    there = list(codecs.codecs())
    assert len({(codec.name, codec.kind) for codec in there}) == len(there)
    kinds = Counter(codec.kind for codec in there)
    assert tuple(kinds) == codecs.KINDS
    assert kinds["decoder"] >= 50
    assert kinds["encoder"] >= 20
    assert min(kinds["packer"], kinds["quantiser"]) >= 5
    assert set(GGUF_FORMATS) <= {codec.name for codec in there}


def test_wires_cost_nothing_and_signs_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [codec for codec in codecs.codecs() if codec.kind == "decoder"
            and codec.name in ("nvfp4", "sherry")]
    monkeypatch.setattr(codecs, "FAMILIES", {"ice40": "iCE40"})
    monkeypatch.setattr(codecs, "codecs", lambda: iter(some))
    result = codecs.measure()
    sherry, nvfp4 = result["rows"]
    assert nvfp4["ice40"] == {"luts": 0, "carry": 0, "area": 0}
    # Eight outputs of at most five inputs each, four of them of two alone.
    assert 4 <= sherry["ice40"]["luts"] <= 12
    head, _, *rows, _, _, _ = codecs.lines(result)
    assert head.split() == ["LUTs", "+", "carry", "cells", "elements", "ice40", "each"]
    assert [row.split()[:3] for row in rows] == [
        ["sherry", "4", str(sherry["ice40"]["luts"])], ["nvfp4", "16", "0"]]
    assert codecs.markdown(result)[2:] == [
        f"| decoder | `sherry` | 4 | {sherry['ice40']['luts']} |", "| decoder | `nvfp4` | 16 | 0 |"]


def test_the_page_has_a_row_for_each() -> None:
    lines = (ROOT / "docs/codecs.md").read_text(encoding="utf-8").splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|"))
            for line in lines if line.startswith("|")]
    assert rows[0] == codecs.HEAD
    assert [row[:3] for row in rows[2:]] == [
        (codec.kind, f"`{codec.name}`", f"{codec.elements}") for codec in codecs.codecs()]
    assert all(cell[0].isdigit() for row in rows[2:] for cell in row[3:])
